// Table 7: smooth reading with and without early stop.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "eval/report/lines.h"
#include "eval/report/page.h"

namespace smooth {

// Two lines of the same model, window, chunk and haystack, one reading to the end, one stopping when it knows the answer.
struct StopPair {
  const Line *without, *with;
};

// Each line that reads to the end with the line that is like it but for stopping: where there are several, that of its own folder, of its name,
// of a name that begins like its own. What cannot be told apart even so is refused naming both lines.
std::vector<StopPair> stop_pairs(const std::vector<Line>& lines);

// Accuracy at each length, in multiples of the training length where it is known, and its mean; the difference with its paired interval; the
// paper's; and the time that stopping takes of the whole reading's.
Table table7(const StopPair& pair);

// All pairs. Throws where there is none.
std::vector<Block> table7_blocks(const std::vector<Line>& lines);

}  // namespace smooth
