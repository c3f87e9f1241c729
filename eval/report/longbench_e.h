// LongBench-E: the same categories at three lengths.
#pragma once

#include <vector>

#include "eval/cell.h"
#include "eval/report/table.h"

namespace smooth {

// For each model a line a bucket: the means of the six categories, their mean and the plain mean of the thirteen tasks, as `./smooth score --e`
// has them. What a category or an average lacks a task for is left open.
Table longbench_e_table(const std::vector<Cell>& cells);

// A line for each task, three columns for each model.
Table longbench_e_tasks_table(const std::vector<Cell>& cells);

}  // namespace smooth
