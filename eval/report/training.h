// The pictures of a report's training runs.
#pragma once

#include <vector>

#include "eval/report/lines.h"
#include "eval/report/page.h"
#include "eval/report/runs.h"

namespace smooth {

// Losses, gradient norms, learning rates, speed and accuracies over the steps; but for the accuracies in the colours of the lines of the same names.
Gallery training_figures(const std::vector<TrainingFolder>& trainings, const std::vector<Line>& lines);

// Mean of what came before, weighted by exp(-age / span), from the first value on:
//   s_i = sum_j w^(i-j) x_j / sum_j w^(i-j),  w = exp(-1 / span)
std::vector<double> smoothed(const std::vector<double>& values, double span);

// How many steps the smoothing of a run of so many steps reaches back.
double smoothing_span(size_t steps);

}  // namespace smooth
