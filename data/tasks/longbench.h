// LongBench's records as tasks, told to a reader as the rows of the training set are.
#pragma once

#include <string>

#include "data/sources/longbench.h"
#include "data/task.h"

namespace smooth {

// `dataset` is one of data/scores/longbench.h. The instruction is that of the row of Table 5 that is laid out alike, where there is one. Task's
// length is left 0, since it is counted in tokens.
Task longbench_task(const std::string& dataset, const LongBenchRecord& record);

}  // namespace smooth
