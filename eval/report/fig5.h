// Fig. 5: time against chunk size where the window is twice the chunk.
#pragma once

#include <string>
#include <vector>

#include "eval/report/fit.h"
#include "eval/report/lines.h"
#include "eval/report/page.h"
#include "eval/report/table4.h"

namespace smooth {

// Of Table 4's cells those with window = 2 chunk and clocks, by chunk; tables of fewer than two are left out.
std::vector<WindowsAndChunks> half_window_chunks(const std::vector<Line>& lines);

// p_r and d_r as the formula has them, the same for all cells; and, from three cells on, each as a straight line over the window, since a token
// in a larger window has more keys to look at. Both by least squares over all cells of the picture.
struct ChunkCosts {
  Rates same;
  StraightLine prefill, decode;  // seconds per token against the window
  bool by_window = false;

  double seconds(const Cell& cell) const;            // the formula
  double seconds_by_window(const Cell& cell) const;  // the formula with the window's own rates
};
ChunkCosts chunk_costs(const WindowsAndChunks& half);

Table fig5_table(const WindowsAndChunks& half);

// The fastest chunk, and whether time has a minimum inside: a U as the paper's.
std::string fastest_sentence(const WindowsAndChunks& half);

// Throws where the lines have no such cells.
std::vector<Block> fig5_blocks(const std::vector<Line>& lines);

}  // namespace smooth
