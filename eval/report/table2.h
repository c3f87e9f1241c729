// Tables 2 and 6: LongBench by categories, with the paper's numbers beside ours; and task by task.
#pragma once

#include <array>
#include <utility>
#include <vector>

#include "eval/cell.h"
#include "eval/report/table.h"

namespace smooth {

// The categories of data/scores/longbench.h in the paper's order, and as its tables call them.
inline constexpr std::array<std::pair<const char*, const char*>, 6> kCategories = {{{"single-doc QA", "SQA"}, {"multi-doc QA", "MQA"}, {"summarization", "Summ"},
                                                                                    {"few-shot", "FewShot"}, {"synthetic", "Synth"}, {"code", "Code"}}};

// A line for each model in a mode: the means of the six categories, their mean (the official leaderboard's average) and the plain mean of the
// sixteen tasks. Beside code's stands how it was compared. What a category or an average lacks a task for is left open.
Table table2(const std::vector<Cell>& cells);

// A line for each task, a column for each model, with its interval.
Table longbench_tasks_table(const std::vector<Cell>& cells);

}  // namespace smooth
