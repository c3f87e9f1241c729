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

}  // namespace smooth
