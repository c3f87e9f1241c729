// Table 4: smooth reading by window and chunk. What it found, and what it took beside the formula's T_SR = (1 + g beta / c) l p_r.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eval/report/lines.h"
#include "eval/report/page.h"

namespace smooth {

// The cells of smooth reading that have a window and a chunk, all of one length, haystack and way of stopping: the rows and columns of one table.
struct WindowsAndChunks {
  std::string dataset;
  int64_t length = 0;
  bool early_stop = false;
  std::vector<Cell> cells;          // by window, then by chunk
  std::vector<int64_t> windows, chunks;

  const Cell* at(int64_t window, int64_t chunk) const;
  std::string title() const;        // "sentences, 2k tokens, no early stop"
};

// In the order of dataset, length and stopping; those of one window and one chunk are no table and left out. Throws for two cells that
// have the same place in it, naming both.
std::vector<WindowsAndChunks> windows_and_chunks(const std::vector<Line>& lines);

// By how much ours are smaller than the paper's, which are 512 to 4096: 1 where ours are among these, else such that the smallest window is 512.
double table4_scale(const WindowsAndChunks& grid);

Table table4(const WindowsAndChunks& grid);

// Seconds: prefill and decode apart, and the formula's from p_r and d_r of the window's other cells (never of the cell itself).
Table table4b(const WindowsAndChunks& grid);

// Whether chunks as large as the window or larger collapse, by the cells' intervals alone; empty where there are none of both kinds.
std::string collapse_sentence(const WindowsAndChunks& grid);

// How far the formula is off; empty where no window has two cells.
std::string formula_sentence(const WindowsAndChunks& grid);

// All of it, with pictures. Throws where the lines have no such cells.
std::vector<Block> table4_blocks(const std::vector<Line>& lines);

}  // namespace smooth
