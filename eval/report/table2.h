// Tables 2 and 6: LongBench by categories, with the paper's numbers beside ours; and task by task.
#pragma once

#include <vector>

#include "eval/cell.h"
#include "eval/report/table.h"

namespace smooth {

// A line for each model in a mode: the means of the six categories, their mean (the official leaderboard's average) and the plain mean of the
// sixteen tasks. What a category or an average lacks a task for is left open.
Table table2(const std::vector<Cell>& cells);

// A line for each task, a column for each model, with its interval.
Table longbench_tasks_table(const std::vector<Cell>& cells);

}  // namespace smooth
