#include "data/teachers/chat_form.h"

#include "data/summary.h"

namespace smooth {

std::string form_problem(const std::string& text, const Turn& turn) {
  const Summary summary = parse_summary(text);
  const bool goes_on = text.find(kContinue) != std::string::npos;
  const std::string rest = without_marker(text);
  if (rest == text) return "it does not end in " + kContinue + " or " + kStop;
  if (rest.find(kContinue) != std::string::npos || rest.find(kStop) != std::string::npos) {
    return kContinue + " or " + kStop + " stands in it more than once; write one of them, once, at the very end";
  }
  if (turn.last && goes_on) return "the text has ended, so it must end in `Answer:` and " + kStop;
  if (!turn.may_stop && !goes_on) return "more text follows and all of it is to be read, so it must end in " + kContinue + ", without an answer";
  if (summary.target.empty()) return "`Target:` is missing or empty";
  if (summary.clues.empty()) return "`Clues:` is missing or empty; write `none yet` where there are none";
  if (summary.reason.empty()) return "`Reason:` is missing or empty";
  if (summary.stop && summary.answer.empty()) return "`Answer:` is missing or empty, and " + kStop + " needs it";
  if (!summary.stop && !summary.answer.empty()) return "it holds an `Answer:` and yet goes on";
  if (!summary.well_formed) return "its lines are not `Target:`, `Clues:`, `Reason:` and, before " + kStop + ", `Answer:`, each once and in this order";
  return "";
}

}  // namespace smooth
