#include "data/tasks/ruler.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "configs/run.h"
#include "data/niah_wording.h"
#include "data/sources/records.h"
#include "data/tokenizers/json_members.h"

namespace smooth {
namespace fs = std::filesystem;

namespace {

// NVIDIA/RULER scripts/data/template.py: what stands before and behind a task.
constexpr std::array<std::pair<const char*, const char*>, 11> kTemplates = {
    {{"", ""},
     {"[INST] ", " [/INST]"},
     {"A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite answers to the "
      "user's questions. USER: ",
      " ASSISTANT:"},
     {"You are a helpful assistant. USER: ", " ASSISTANT: "},
     {"<BOS_TOKEN><|START_OF_TURN_TOKEN|><|USER_TOKEN|>", "<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>"},
     {"[gMASK]sop<|user|> \n ", "<|assistant|> \n "},
     {"User: hi\n\nAssistant: Hi. I am your assistant and I will provide expert full response in full details. Please feel free to ask any "
      "question and I will always answer it\n\nUser: ",
      "\n\nAssistant:"},
     {"<|user|>\n", "<|end|>\n<|assistant|>\n"},
     {"<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"},
     {"<|startoftext|><|bom|><|system|> <|eom|><|bom|><|user|> ", "<|eom|><|bom|><|assistant|>"},
     {"<SPECIAL_10>System\n\n<SPECIAL_11>User\n", "\n<SPECIAL_11>Assistant\n"}}};

// niah.py's rewriting of the whole template where one value is asked for.
std::string in_singular(std::string text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kChanges = {{{"Some", "A"}, {"are all", "is"}, {"are", "is"}, {"answers", "answer"}}};
  for (const auto& [several, one] : kChanges) {
    for (size_t at = 0; (at = text.find(several, at)) != std::string::npos; at += one.size()) text.replace(at, several.size(), one);
  }
  return text;
}

// Without what --remove_newline_tab changes.
std::string without_blanks(std::string_view text) {
  std::string bare;
  for (const char c : text) {
    if (c != ' ' && c != '\n' && c != '\t') bare += c;
  }
  return bare;
}

// A prompt, taken apart.
struct Parts {
  NiahWording wording;
  std::string_view before, context, query, after;
};

// What was found around the task, shortened for a message.
constexpr size_t kShown = 120;
std::string shown(std::string_view text) {
  return text.size() <= kShown ? std::string(text) : std::string(text.substr(0, kShown)) + " ...";
}

bool is_separator(char c) { return c == '\n' || c == ' '; }

[[noreturn]] void refuse(const std::string& expected, std::string_view got) {
  throw BadRecord(fmt::format("input: expected {}, got: {}", expected, shown(got)));
}

std::pair<NiahWording, size_t> find_instruction(std::string_view input) {
  std::string known;
  for (const char* type : {"numbers", "words", "uuids"}) {
    for (const bool single : {true, false}) {
      const NiahWording wording(type, single);
      if (const size_t at = input.find(wording.instruction()); at != std::string_view::npos) return {wording, at};
    }
  }
  refuse("the first line of RULER's needle tasks, \"" + NiahWording("numbers", true).instruction() + "\" (or of words, uuids, or several)", input);
}

Parts take_apart(std::string_view input) {
  const auto [wording, begin] = find_instruction(input);
  Parts parts{wording, input.substr(0, begin), {}, {}, {}};
  const std::string_view rest = input.substr(begin + wording.instruction().size());
  const std::string head = wording.question_head(), tail = NiahWording::question_tail();
  if (rest.empty() || !is_separator(rest[0])) refuse("a newline behind the first line, before the context", rest);
  const size_t asks = rest.rfind(head);
  if (asks == std::string_view::npos || asks < 2 || !is_separator(rest[asks - 1])) {
    refuse("the question \"" + head + "...\" behind the context, on a line of its own", rest.substr(rest.size() - std::min(rest.size(), kShown)));
  }
  parts.context = rest.substr(1, asks - 2);
  const std::string_view asked = rest.substr(asks + head.size());
  const size_t ends = asked.find(tail);
  if (ends == std::string_view::npos || ends == 0) refuse("keys and \"" + tail + "\" behind \"" + head + "\"", asked);
  parts.query = asked.substr(0, ends);
  parts.after = asked.substr(ends + tail.size());
  return parts;
}

void check_around(const Parts& parts) {
  const auto bare = [&](const char* text) { return without_blanks(parts.wording.single() ? in_singular(text) : text); };
  const std::string before = without_blanks(parts.before), after = without_blanks(parts.after),
                    prefix = without_blanks(parts.wording.answer_prefix(std::string(parts.query)));
  for (const auto& [opens, closes] : kTemplates) {
    if (before == bare(opens) && (after == bare(closes) || after == bare(closes) + prefix)) return;
  }
  refuse("nothing around the task (--model_template_type base) or one of RULER's other templates",
         std::string(parts.before) + "..." + std::string(parts.after));
}

// The needle that holds an answer.
Evidence find_needle(const Parts& parts, const std::string& value) {
  const std::string opening = "One of the special magic " + parts.wording.type() + " for ", middle = " is: ", closing = middle + value + ".";
  for (size_t at = parts.context.find(closing); at != std::string_view::npos; at = parts.context.find(closing, at + 1)) {
    const size_t begin = parts.context.rfind(opening, at);
    if (begin == std::string_view::npos) continue;
    const std::string key(parts.context.substr(begin + opening.size(), at - begin - opening.size()));
    if (key.find(middle) != std::string::npos || parts.query.find(key) == std::string_view::npos) continue;
    return {static_cast<int64_t>(begin), static_cast<int64_t>(at + closing.size()), parts.wording.needle_subject(key), value};
  }
  throw BadRecord("outputs: " + value + " stands in no needle of the context whose key is asked for (" + std::string(parts.query) + ")");
}

Task task_of(const Record& record) {
  const Parts parts = take_apart(text_field(record, "input"));
  check_around(parts);
  const std::string query(parts.query);
  Task task{.row = "niah", .instruction = parts.wording.instruction(), .context = std::string(parts.context),
            .question = parts.wording.question(query), .answers = texts_field(record, "outputs"), .subject = parts.wording.subject(query),
            .metric = "string-match"};
  if (task.answers.empty()) throw BadRecord("outputs: is empty; a task has at least one");
  if ((task.answers.size() == 1) != parts.wording.single()) {
    throw BadRecord(fmt::format("outputs: has {}, but input asks for {}", task.answers.size(), parts.wording.single() ? "one value" : "several"));
  }
  for (const std::string& answer : task.answers) task.evidence.push_back(find_needle(parts, answer));
  for (auto begin = task.evidence.begin(); begin != task.evidence.end();) {  // values of one key, as they stand in the text
    const auto end = std::find_if(begin, task.evidence.end(), [&](const Evidence& other) { return other.subject != begin->subject; });
    std::sort(begin, end, [](const Evidence& a, const Evidence& b) { return a.begin < b.begin; });
    begin = end;
  }
  return task;
}

// Whoever calls knows the file and the line.
Record record_of(const std::string& line) {
  if (const size_t bad = find_bad_byte(line); bad != std::string::npos) throw BadRecord(fmt::format("byte {} is no UTF-8", bad + 1));
  Record record = parse_json(line, "not a JSON object");
  if (!record.is_object()) throw BadRecord("expected a JSON object, got " + shown(line));
  return record;
}

template <class Read>
auto at_line(const fs::path& file, int64_t number, const Read& read) {
  try {
    return read();
  } catch (const std::exception& error) {
    throw std::runtime_error(fmt::format("{}:{}: {}", file.string(), number, error.what()));
  }
}

}  // namespace

RulerFile::RulerFile(const fs::path& file) : file_(file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw std::runtime_error(file.string() + ": cannot be opened; expected a validation.jsonl as RULER writes it");
  std::string line, sums;
  for (int64_t number = 1, begin = 0; std::getline(stream, line); ++number) {
    const auto bytes = std::ssize(line);
    if (!line.empty()) {
      at_line(file, number, [&] { return task_of(record_of(line)); });
      lines_.push_back({number, begin, bytes});
      sums += smooth::checksum(line);
    }
    begin += bytes + 1;
  }
  if (stream.bad()) throw std::runtime_error(file.string() + ": cannot be read to its end");
  if (lines_.empty()) throw std::runtime_error(file.string() + ": holds no task");
  checksum_ = smooth::checksum(sums);
}

std::string RulerFile::name() const {
  const std::string stem = file_.stem().string(), folder = fs::absolute(file_).parent_path().filename().string();
  return stem == "validation" || stem == "test" ? folder : stem;
}

Task RulerFile::task(int64_t index) const {
  const Line& line = lines_.at(index);
  std::ifstream stream(file_, std::ios::binary);
  std::string text(line.bytes, '\0');
  if (!stream.seekg(line.begin).read(text.data(), line.bytes)) {
    throw std::runtime_error(fmt::format("{}:{}: cannot be read again", file_.string(), line.number));
  }
  Task task = at_line(file_, line.number, [&] { return task_of(record_of(text)); });
  task.id = fmt::format("{}-{}", name(), index);
  return task;
}

}  // namespace smooth
