// Differences between lines that read the same tasks, by the paired bootstrap of their predictions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "eval/paired.h"
#include "eval/report/lines.h"
#include "eval/report/page.h"

namespace smooth {

// Cells on one dataset at one length, by lines; those that read the same tasks form a group, and their means are drawn alike.
struct DrawnColumn {
  struct Entry {
    size_t group = 0;
    DrawnMean mean;
  };
  std::map<const Line*, Entry> lines;
  std::vector<std::string> refused;  // why some cannot be paired, in words

  bool pairs(const Line* a, const Line* b) const { return lines.contains(a) && lines.contains(b) && lines.at(a).group == lines.at(b).group; }
};

struct LineCell {
  const Line* line;
  const Cell* cell;
};
DrawnColumn draw_column(const std::vector<LineCell>& cells);

TableCell difference_cell(const Difference& d);  // "+12.0" with "[3.0, 21.0]" and "p = 0.012" below

// A table for needles (a column a length, and the mean of all lengths that both lines have) and one for LongBench (a column a category, and
// their mean): every two lines of one dataset, smooth before unsmooth before one-step. Two that did not read the same tasks are named below
// and left out.
std::vector<Block> difference_blocks(const std::vector<Line>& needles, const std::vector<Line>& longbench);

}  // namespace smooth
