// Tables 2 and 6: LongBench by categories, with the paper's numbers beside ours; and task by task.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "eval/report/lines.h"
#include "eval/report/paper.h"
#include "eval/report/table.h"

namespace smooth {

// The categories of data/scores/longbench.h in the paper's order, and as its tables call them.
inline constexpr std::array<std::pair<const char*, const char*>, 6> kCategories = {{{"single-doc QA", "SQA"}, {"multi-doc QA", "MQA"}, {"summarization", "Summ"},
                                                                                    {"few-shot", "FewShot"}, {"synthetic", "Synth"}, {"code", "Code"}}};

// A row for each line: the means of the six categories, their mean (the official leaderboard's average) and the plain mean of the
// sixteen tasks, with the tasks' intervals combined. What a category or an average lacks a task for is left open. Under it the paper's line of
// the same kind and the difference.
Table table2(const std::vector<Line>& lines, PaperLongBench paper = PaperLongBench::kTable2);

// A row for each task, a column for each line, with its interval.
Table longbench_tasks_table(const std::vector<Line>& lines);

// In a sentence: which line has the best average and what the paper's lines of the same kinds differ by; empty where no average is whole.
std::string longbench_sentence(const std::vector<Line>& lines, PaperLongBench paper);

}  // namespace smooth
