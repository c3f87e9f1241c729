// The picture of what training did to accuracy.
#pragma once

#include <optional>
#include <vector>

#include "eval/report/page.h"
#include "eval/report/runs.h"

namespace smooth {

// Accuracy of the watched checkpoints against their steps, a curve for each run, model line and length; nothing where no run was watched.
std::optional<Picture> accuracy_over_steps(const std::vector<TrainingFolder>& trainings);

}  // namespace smooth
