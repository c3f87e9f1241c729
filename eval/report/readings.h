// The readings that a report lays open.
#pragma once

#include <string>
#include <vector>

#include "eval/report/annotate.h"
#include "eval/report/lines.h"
#include "eval/report/page.h"
#include "eval/report/runs.h"

namespace smooth {

// A line of LongBench's predictions, as far as choosing needs it.
struct GradedTask {
  std::string id;
  int64_t line = 0;   // from 1
  double score = 0, chunks = 1;  // chunks: of its context, about
};
std::vector<GradedTask> graded_tasks(const Line& line, const Cell& cell);

// Of a category the reading that scored most and, if it scored less, the one that scored least: of the smoothest line that has one of the category's
// tasks with its traces; among equals the one whose context has about four chunks.
struct GradedChoice {
  Trace trace;
  std::string metric;
  double score = 0;
};
std::vector<GradedChoice> choose_graded(const std::vector<Line>& longbench, const std::string& category);

// A right and a wrong reading of needles, and of each category of LongBench one of the best and one of the worst.
std::vector<Block> reading_blocks(const std::vector<EvaluationFolder>& evaluations, const std::vector<Line>& longbench);

}  // namespace smooth
