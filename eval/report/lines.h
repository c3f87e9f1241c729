// The lines of a report: the cells of one model in one mode, ordered by length, under a name of its
// own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eval/cell.h"
#include "eval/report/table.h"

namespace smooth {

struct Line {
  std::string label;            // short, and different for each line of a report
  std::string folder;           // the evaluation that it comes from
  int64_t training_length = 0;  // 0: not known
  std::vector<Cell> cells;      // by length, at least one

  const Cell& kind() const { return cells.front(); }  // what all its cells have in common
  double multiple(const Cell& cell) const;            // length / training_length; needs both
};

// The lines of one evaluation in the order of their first cells. Cells without a length are
// refused, and so are two of the same line and length: a table has one place for them.
std::vector<Line> lines_of(const std::vector<Cell>& cells, int64_t training_length,
                           const std::string& folder = "");

// Names the lines by their model, with mode, stopping, chunk, window, dataset and folder in
// brackets as far as it takes to tell them apart: "swa-SR (no early stop)".
void label_lines(std::vector<Line>& lines);

// Whether the lines can stand under multiples of the training length; otherwise they stand under
// lengths.
bool have_multiples(const std::vector<Line>& lines);

// Where a cell stands in a table or a picture: at its multiple, or at its length.
double place_of(const Line& line, const Cell& cell, bool multiples);

// A line's cell at a multiple of the training length, or nullptr.
const Cell* cell_at(const Line& line, double multiple);

double seconds_per_task(const Cell& cell);           // cells with n = 0 have none: 0
double seconds_per_context_token(const Cell& cell);  // 0 where no context was counted

std::string format_multiple(double multiple);     // 0.25 -> "1/4×", 2 -> "2×"
std::string format_length(int64_t tokens);        // 512 -> "512", 32768 -> "32k"
std::string format_score(double score);           // one decimal
std::string format_interval(const Cell& cell);    // "[93.0, 99.4]"; of readings that failed also "2 failed"
std::string format_duration(double seconds);      // 0.00021 -> "210 µs"
std::string mode_label(const std::string& mode);  // "sr" -> "SR"

}  // namespace smooth
