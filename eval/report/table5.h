// Table 5: what training sets hold, beside the paper's.
#pragma once

#include <string>
#include <vector>

#include "data/stats.h"
#include "eval/report/page.h"
#include "eval/report/runs.h"

namespace smooth {

// A row for each of the paper's in its order, then those that it lacks; `form` (sr, os, ur) is the one whose tokens are counted.
Table table5(const std::string& set, const std::vector<RowStats>& counted, const std::string& form);

// A table for each set and form, every sample laid out and counted. Throws where there is no set.
std::vector<Block> table5_blocks(const std::vector<DataFolder>& sets);

}  // namespace smooth
