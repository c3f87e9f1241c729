// Accuracy by where the needle stands and by context length, as tiles: dark blue is 0 %, yellow 100 % (cividis, which reads alike with every
// kind of colour vision, and in grey), the number in each tile that has room for it. The tiles look the same on light and on dark paper.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "eval/report/page.h"
#include "eval/report/runs.h"

namespace smooth {

struct HeatMap {
  struct Tile {
    int64_t n = 0;  // tasks; without any it stays empty
    double score = 0;  // their mean, per cent
  };
  std::string title;  // what a screen reader says
  std::string x_title, y_title;
  std::vector<std::string> columns, rows;
  std::vector<std::vector<Tile>> tiles;  // [rows][columns]
};

// One <svg>, for a page or a file as drawings of eval/report/plot.h are. Throws std::invalid_argument where there is no tile, or not one for
// each row and column.
std::string draw(const HeatMap& map);

// A picture of each model line of which predictions tell how deep their one asked needle stood: ten depths by context lengths. Needles at a
// fixed distance from the end are in Figure 6. Throws naming file and line of predictions that it cannot read.
Gallery heat_maps(const std::vector<EvaluationFolder>& evaluations);

// The section of a report; nothing where there is no picture.
void add_heat_maps(const std::vector<EvaluationFolder>& evaluations, std::vector<Block>& blocks);

}  // namespace smooth
