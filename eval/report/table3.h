// Table 3 in miniature, what it cost (Fig. 4), and the two sentences that say what one sees.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "eval/report/lines.h"
#include "eval/report/table.h"

namespace smooth {

// Lines are models in modes, columns multiples of the training length (lengths, where it is not
// known); under each line the paper's line of the same kind at the same multiples of its 32k, and
// window / length for windowed one-step reading.
Table table3(const std::vector<Line>& lines);

// The same, one cell a line, with every number: for spreadsheets and plots of one's own.
Table table3_tidy(const std::vector<Line>& lines);

// The two multiples between which cost is compared: 4x and 32x where any line has both, otherwise
// the shortest from 1x on and the longest that any line has. Nothing if no line has two.
std::optional<std::pair<double, double>> compared_multiples(const std::vector<Line>& lines);

// Time per context token and memory at both multiples, and their ratios.
Table cost_table(const std::vector<Line>& lines, const std::pair<double, double>& multiples);

// What one sees, in sentences made of the numbers alone; empty when there is nothing to compare.
std::string accuracy_sentence(const std::vector<Line>& lines);
std::string cost_sentence(const std::vector<Line>& lines);

}  // namespace smooth
