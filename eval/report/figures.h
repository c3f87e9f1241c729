// The pictures of a report's evaluations.
#pragma once

#include <vector>

#include "eval/report/lines.h"
#include "eval/report/page.h"
#include "eval/report/plot.h"

namespace smooth {

// Accuracy against length, and the paper's lines of the same kinds in the same colours.
Gallery accuracy_figures(const std::vector<Line>& lines);

Axis percent_axis();  // of accuracies, 0 to 100

// Seconds per task and per context token, hidden memory and peak memory against length: Fig. 4 in
// miniature.
Gallery cost_figures(const std::vector<Line>& lines);

}  // namespace smooth
