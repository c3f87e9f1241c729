// The contextual summary of the paper: Target, Clues, Reason, and whether to go on.
#pragma once

#include <string>
#include <vector>

namespace smooth {

inline const std::string kContinue = "<CONTINUE>";
inline const std::string kStop = "<STOP>";
inline const std::string kAnswerLabel = "Answer:";

struct Summary {
  std::string target;
  std::vector<std::string> clues;
  std::string reason;
  bool stop = false;    // <STOP>: `answer` is the final answer
  std::string answer;
  bool well_formed = true;  // all four parts, each once, in order, with their marker at the end and nowhere else
};

// Target: ...\nClues: ...\nReason: ...\n<CONTINUE>      or      ...\nAnswer: ...\n<STOP>
std::string format(const Summary& summary);

// Reads what a model wrote: parts may be missing, doubled, out of order or cut off; never throws. What it cannot find
// is empty and `well_formed` is false. An answer without <STOP> is not final: stop stays false.
Summary parse_summary(const std::string& text);

// `text` without the marker at its end and the blanks before it; all of it where it ends in none.
std::string without_marker(const std::string& text);

}  // namespace smooth
