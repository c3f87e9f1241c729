#include "data/tasks/longbench.h"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "data/scores/longbench.h"
#include "data/tasks/tasks.h"
#include "data/tasks/units.h"

namespace smooth {
namespace {

// What a task is told as; training has no row for these.
struct Told {
  std::string instruction;
  bool early_stop;  // may be answered before all is read
};

const std::map<std::string, Told>& told() {
  static const std::map<std::string, Told> told = {
      {"qasper",
       {"A scientific article follows. Answer the question about it in a few words or, if need be, one short sentence. Where it can be answered by yes or no, "
        "say so alone; where the article does not answer it, say: unanswerable", true}},
      {"multifieldqa_en", {"A text follows. Answer the question about it in a few words or, if need be, one short sentence.", true}},
      {"multi_news", {"Several news articles about one event follow. Summarise them in about one page.", false}},
      {"repobench-p", {"Files of a repository follow, and then the beginning of one more. Write its next line, and nothing else.", false}},
  };
  return told;
}

// The row of Table 5 whose instruction a task shares.
const std::map<std::string, std::string>& rows() {
  static const std::map<std::string, std::string> rows = {
      {"narrativeqa", "narrativeqa"}, {"hotpotqa", "hotpotqa"}, {"2wikimqa", "hotpotqa"}, {"musique", "hotpotqa"}, {"gov_report", "govreport"},
      {"qmsum", "qmsum"}, {"trec", "trec"}, {"triviaqa", "triviaqa"}, {"samsum", "samsum"}, {"passage_count", "passage-count"},
      {"passage_retrieval_en", "passage-retrieval"}, {"lcc", "lcc"},
  };
  return rows;
}

Told told_as(const std::string& dataset) {
  if (const auto own = told().find(dataset); own != told().end()) return own->second;
  const std::string& row = rows().at(dataset);
  const auto found = std::find_if(task_rows().begin(), task_rows().end(), [&](const TaskRow& known) { return known.row == row; });
  return {found->instruction, found->early_stop};
}

}  // namespace

Task longbench_task(const std::string& dataset, const LongBenchRecord& record) {
  const LongBenchTask* known = find_longbench_task(dataset);
  if (known == nullptr) throw std::logic_error(dataset + " is no task of LongBench");
  const Told as = told_as(dataset);
  Task task{.id = record.id, .row = dataset, .instruction = as.instruction, .context = record.context, .question = record.input,
            .answers = record.answers, .classes = record.classes, .metric = known->metric, .early_stop = as.early_stop};
  task.borders = unit_borders(dataset, task.context);
  task.words = record.length;
  return task;
}

}  // namespace smooth
