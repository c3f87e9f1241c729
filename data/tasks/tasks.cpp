#include "data/tasks/tasks.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "data/chunker.h"
#include "data/tasks/draw.h"
#include "data/tasks/units.h"

namespace smooth {

// Means: Table 5; twice as long where reading stops early, as NIAH-A's and NIAH-B's there are. QMSum has few meetings, and keeps all.
const std::vector<TaskRow>& task_rows() {
  static const std::vector<TaskRow> rows = {
      {"hotpotqa", "qa_f1", true, 8200,
       "Several passages follow. Answer the question from them. Give only the answer, in as few words as possible."},
      {"narrativeqa", "qa_f1", true, 19600,
       "A story or a film script follows. Answer the question about it in a few words or, if need be, one short sentence."},
      {"govreport", "rouge-l", false, 12411, "A report by a government agency follows. Summarise it in about one page."},
      {"qmsum", "rouge-l", false, 0, "The transcript of a meeting follows. Answer the request about it in one or more sentences."},
      {"trec", "classification", false, 7759,
       "Questions with the type of their answers follow. Say which type the last question's answer has, as the examples do, and nothing else."},
      {"triviaqa", "qa_f1", false, 13942,
       "Passages with questions and answers follow. Answer the last question from its passage as the examples do. Give only the answer."},
      {"samsum", "rouge-l", false, 12100, "Dialogues with summaries follow. Summarise the last dialogue in a few short sentences as the examples do."},
      {"passage-count", "count", false, 15777,
       "Numbered paragraphs follow; some may be there more than once. How many different paragraphs are there, repetitions not counted? "
       "Give only the number."},
      {"passage-retrieval", "retrieval", true, 15765,
       "Thirty numbered paragraphs follow, and the summary of one of them. Say which one it is, as in: Paragraph 1"},
      {"lcc", "code_sim", false, 3331, "The beginning of a source file follows. Write its next line, and nothing else."},
  };
  return rows;
}

Tasks::Tasks(TaskRow row, const SourceConfig& config) : row_(std::move(row)), config_(config) {
  if (config_.mean_tokens > 0) row_.mean_tokens = config_.mean_tokens;
}

Task Tasks::task(uint64_t seed, int64_t index) const {
  if (index < 0 || index >= size()) {
    throw std::runtime_error(fmt::format("{}: task {} was asked for, {} can be made of {}; lower `samples`", row_.row, index + 1, size(), config_.path));
  }
  const int64_t item = shuffled(seed, index, size());
  Random random(seed, row_.row + "/" + std::to_string(index));
  Task task{.id = fmt::format("{}-{}", row_.row, item), .row = row_.row, .instruction = row_.instruction, .metric = row_.metric, .early_stop = row_.early_stop};
  lay_out(item, random, task);
  task.length = estimated_tokens(task.context);
  task.borders = unit_borders(row_.row, task.context);
  return task;
}

int64_t Tasks::draw_length(Random& random) const {
  const int64_t mean = row_.mean_tokens;
  return std::min(random.randint(mean / 2, mean + mean / 2), config_.max_tokens);
}

void Tasks::count(const RawSet& set) {
  counts_.rows = set.good_rows();
  counts_.bad = set.bad_rows().count();
  counts_.first_bad = set.bad_rows().first();
}

bool has_room(int64_t length, int64_t next, int64_t wish) { return length + next / 2 <= wish; }

std::unique_ptr<const Tasks> load_tasks(const std::string& row, const SourceConfig& config) {
  std::string names;
  for (const TaskRow& known : task_rows()) {
    names += (names.empty() ? "" : ", ") + known.row;
    if (known.row != row) continue;
    if (row == "hotpotqa") return load_passages(known, config);
    if (row == "trec" || row == "triviaqa" || row == "samsum") return load_shots(known, config);
    if (row == "passage-count" || row == "passage-retrieval") return load_paragraphs(known, config);
    return load_documents(known, config);
  }
  throw std::runtime_error("row \"" + row + "\" is made of no raw set; those that are: " + names);
}

}  // namespace smooth
