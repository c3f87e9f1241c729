// The report of runs: tables, plots, one annotated reading and how to run it all again, in one page
// of HTML that needs nothing else, beside it the same as Markdown and the cells as CSV.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "eval/cell.h"

namespace smooth {

// Folders of training runs, evaluations and data sets, or folders that hold such folders. Writes
// `out` (an .html) and beside it NAME.md with its pictures NAME-*.svg, table3.csv and, of LongBench, table2.csv and longbench-e.csv. Throws
// naming file, line and field of what it cannot read, and when there is nothing to report.
void write_report(const std::vector<std::string>& folders, const std::string& out);

// An evaluation for the console: Table 3, whose columns are multiples of `training_length`, or lengths where it is 0; LongBench as Table 2,
// LongBench-E by length. Last, what is to be said of readings that failed.
std::string results_table(const std::vector<Cell>& cells, int64_t training_length);

}  // namespace smooth
