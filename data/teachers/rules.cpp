#include "data/teachers/rules.h"

#include <algorithm>

namespace smooth {
namespace {

const std::string kUnknown = "unknown";

// "brave-otter is: 4821, 7733": all values of one subject that `known` picks, in the order of the text.
template <class Known>
std::string statement(const std::vector<Evidence>& evidence, const std::string& subject, Known known) {
  std::string values;
  for (const Evidence& item : evidence) {
    if (item.subject == subject && known(item)) values += (values.empty() ? "" : ", ") + item.value;
  }
  return subject + " is: " + (values.empty() ? kUnknown : values);
}

std::vector<std::string> subjects_of(const std::vector<Evidence>& evidence) {
  std::vector<std::string> subjects;
  for (const Evidence& item : evidence) {
    if (std::find(subjects.begin(), subjects.end(), item.subject) == subjects.end()) subjects.push_back(item.subject);
  }
  return subjects;
}

}  // namespace

// "The special magic number for brave-otter is: 4821."
std::string RuleTeacher::answer() const {
  std::string text;
  for (const std::string& subject : subjects_of(task_.evidence)) {
    text += (text.empty() ? "" : "; ") + statement(task_.evidence, subject, [](const Evidence&) { return true; });
  }
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text + ".";
}

std::string RuleTeacher::write(const Turn& turn) {
  if (turn.one_step) return answer();
  // A needle is known once it has been read to its end, even if a chunk's border cut it.
  const auto known = [&](const Evidence& item) { return item.end <= turn.end; };
  const auto fresh = [&](const Evidence& item) { return known(item) && item.end > turn.begin; };
  const std::vector<Evidence>& evidence = task_.evidence;
  const auto count = std::count_if(evidence.begin(), evidence.end(), known);
  Summary summary;
  summary.target = task_.subject;
  for (const std::string& subject : subjects_of(evidence)) summary.clues.push_back(statement(evidence, subject, known));
  // The last clue ends as the needle's own sentence and the answer do: a value is followed by a full stop wherever it is read.
  if (!summary.clues.empty()) summary.clues.back() += ".";
  summary.reason = std::any_of(evidence.begin(), evidence.end(), fresh) ? "found in this text" : count > 0 ? "found before" : "not in this text";
  const bool complete = count == static_cast<int64_t>(evidence.size());
  summary.stop = turn.last || (task_.early_stop && turn.may_stop && complete);
  if (summary.stop) summary.answer = answer();
  return format(summary);
}

// "2 different paragraphs so far; 1. The old mill; 2. A river." and "Paragraph 3 is the same as 1, Paragraph 4 is new".
std::string CountTeacher::write(const Turn& turn) {
  std::vector<std::string> different, fresh;
  for (const Evidence& paragraph : task_.evidence) {
    if (!turn.one_step && paragraph.end > turn.end) break;  // they follow each other
    const auto same = std::find(different.begin(), different.end(), paragraph.subject);
    const std::string what = same == different.end() ? "new" : "the same as " + std::to_string(same - different.begin() + 1);
    if (same == different.end()) different.push_back(paragraph.subject);
    if (paragraph.end > turn.begin) fresh.push_back("Paragraph " + paragraph.value + " is " + what);
  }
  if (turn.one_step) return std::to_string(different.size());

  Summary summary;
  summary.target = task_.subject;
  summary.clues.push_back(std::to_string(different.size()) + " different paragraphs so far");
  for (const std::string& words : different) summary.clues.push_back(std::to_string(summary.clues.size()) + ". " + words);
  summary.clues.back() += ".";
  for (const std::string& line : fresh) summary.reason += (summary.reason.empty() ? "" : ", ") + line;
  if (fresh.empty()) summary.reason = "no paragraph begins in this text";
  const bool complete = !task_.evidence.empty() && turn.end >= task_.evidence.back().end;
  summary.stop = turn.last || (task_.early_stop && turn.may_stop && complete);
  if (summary.stop) summary.answer = std::to_string(different.size());
  return format(summary);
}

// "the mentor of Mara Venn is called Olin Marsh; the home of Olin Marsh is still unknown."
std::string ClueTeacher::write(const Turn& turn) {
  if (turn.one_step) return task_.answers.at(0);
  Summary summary;
  summary.target = task_.subject;
  bool fresh = false, complete = true;
  for (auto item = task_.evidence.begin(); item != task_.evidence.end() && complete; ++item) {
    complete = item->end <= turn.end;
    fresh = fresh || (complete && item->end > turn.begin);
    summary.clues.push_back(item->subject + " " + (complete ? item->value : kUnknown));
  }
  if (!summary.clues.empty()) summary.clues.back() += ".";
  const bool before = complete || summary.clues.size() > 1;
  summary.reason = fresh ? "found in this text" : before ? "found before" : "not in this text";
  summary.stop = turn.last || (task_.early_stop && turn.may_stop && complete);
  if (summary.stop) summary.answer = task_.answers.at(0);
  return format(summary);
}

std::unique_ptr<Author> rule_teacher(const Task& task) {
  if (task.metric == "string-match") return std::make_unique<RuleTeacher>(task);
  if (task.metric == "count") return std::make_unique<CountTeacher>(task);
  return std::make_unique<ClueTeacher>(task);
}

}  // namespace smooth
