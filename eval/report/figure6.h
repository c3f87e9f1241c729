// Figure 6: needles at fixed distances from the end of the context, whatever its length.
#pragma once

#include <optional>
#include <vector>

#include "eval/report/page.h"
#include "eval/report/runs.h"

namespace smooth {

// Accuracy against context length, a line for each model line and distance; nothing where no cell has a distance.
std::optional<Picture> figure6(const std::vector<EvaluationFolder>& evaluations);

// The section of a report: the paper's statement, the picture and its numbers; nothing where there is no picture.
void add_figure6(const std::vector<EvaluationFolder>& evaluations, std::vector<Block>& blocks);

}  // namespace smooth
