// `report --as TABLE`: what a report leads with when it is of one of the paper's tables or figures.
#pragma once

#include <string>
#include <vector>

#include "eval/report/lines.h"
#include "eval/report/page.h"
#include "eval/report/runs.h"

namespace smooth {

struct Reproduction {
  std::string title = "Smooth Reading: report";
  std::vector<Block> lead = {};
  bool longbench_first = false, larger_paper = false;  // larger: LongBench's lines stand beside the paper's 7B
};

// "" for the general report; "table3", "fig5", ... Throws for another name, listing the valid ones, and when the runs hold nothing of what it needs.
Reproduction reproduction_of(const std::string& as, const Runs& runs, const std::vector<Line>& needles, const std::vector<Line>& longbench);

}  // namespace smooth
