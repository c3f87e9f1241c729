#include "eval/report/fig5.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "eval/report/paper.h"
#include "eval/report/plot.h"

namespace smooth {
namespace {

std::string off_by(double predicted, double measured) { return format_difference(100 * (predicted / measured - 1), 1) + " %"; }

Picture picture_of(const WindowsAndChunks& half, const std::string& name) {
  const ChunkCosts costs = chunk_costs(half);
  Plot plot{.title = "Time against chunk size, chunk : window = 1 : 2",
            .x = {.title = "chunk, tokens; window", .scaling = Scaling::kLog2, .at = {}},
            .y = {.title = "time per reading", .low = 0, .label = format_duration},
            .series = {},
            .legend = true};
  plot.x.label = [](double x) { return format_length(std::llround(x)) + "\n" + format_length(std::llround(2 * x)); };
  Series measured{.label = "measured", .style = 0},
      formula{.label = "formula, p_r and d_r the same for all", .marks = false, .dashed = true, .grey = true},
      by_window{.label = "formula, p_r and d_r by window", .style = 1, .marks = false, .dashed = true};
  for (const Cell& cell : half.cells) {
    const auto x = static_cast<double>(*cell.chunk);
    plot.x.at.push_back(x);
    measured.points.push_back({.x = x, .y = read_seconds(cell)});
    formula.points.push_back({.x = x, .y = costs.seconds(cell)});
    if (costs.by_window) by_window.points.push_back({.x = x, .y = costs.seconds_by_window(cell)});
  }
  plot.series = {measured, formula};
  if (costs.by_window) plot.series.push_back(by_window);
  return {name, draw(plot), "Prefill and decode of one reading against the chunk's size, its window twice as large, " + half.title() + "."};
}

}  // namespace

std::vector<WindowsAndChunks> half_window_chunks(const std::vector<Line>& lines) {
  std::vector<WindowsAndChunks> halves;
  for (WindowsAndChunks& grid : windows_and_chunks(lines)) {
    if (grid.early_stop) continue;  // less than l is read then
    std::erase_if(grid.cells, [](const Cell& cell) {
      return *cell.window != 2 * *cell.chunk || cell.n == 0 || !(cell.prefill_seconds > 0 && cell.decode_seconds > 0);
    });
    if (grid.cells.size() > 1) halves.push_back(std::move(grid));
  }
  return halves;
}

double ChunkCosts::seconds(const Cell& cell) const { return predicted_seconds(same, cell); }

double ChunkCosts::seconds_by_window(const Cell& cell) const {
  const auto window = static_cast<double>(*cell.window);
  return predicted_seconds({prefill(window), decode(window)}, cell);
}

ChunkCosts chunk_costs(const WindowsAndChunks& half) {
  std::vector<const Cell*> cells;
  std::vector<Measured> prefill, decode;
  for (const Cell& cell : half.cells) {
    cells.push_back(&cell);
    const Rates own = rates_of({&cell});
    prefill.push_back({static_cast<double>(*cell.window), own.prefill});
    decode.push_back({static_cast<double>(*cell.window), own.decode});
  }
  ChunkCosts costs{rates_of(cells), {}, {}, cells.size() >= 3};
  if (costs.by_window) {
    costs.prefill = straight_line(prefill);
    costs.decode = straight_line(decode);
  }
  return costs;
}

Table fig5_table(const WindowsAndChunks& half) {
  const ChunkCosts costs = chunk_costs(half);
  Table table{fmt::format("Time of one reading where the window is twice the chunk, {}. Formula: T = (1 + gβ/c) l p_r with p_r = {} and d_r = {} for "
                          "all cells; by window: both rates as "
                          "straight lines over the window. Fitted to all {} cells by least squares. In italics the paper's best.",
                          half.title(), format_duration(costs.same.prefill), format_duration(costs.same.decode), half.cells.size()),
              {"chunk", "window", "prefill", "decode", "both", "formula", "off by", "by window", "off by", "g"},
              2,
              {},
              "fig5"};
  for (const Cell& cell : half.cells) {
    const auto n = static_cast<double>(cell.n);
    const double seconds = read_seconds(cell), formula = costs.seconds(cell);
    std::vector<TableCell> row = {format_length(*cell.chunk),
                                  format_length(*cell.window),
                                  format_duration(cell.prefill_seconds / n),
                                  format_duration(cell.decode_seconds / n),
                                  format_duration(seconds),
                                  format_duration(formula),
                                  off_by(formula, seconds)};
    row.push_back(costs.by_window ? format_duration(costs.seconds_by_window(cell)) : "–");
    row.push_back(costs.by_window ? off_by(costs.seconds_by_window(cell), seconds) : "–");
    row.push_back(fmt::format("{:.1f}", written_per_chunk(cell)));
    table.add(std::move(row));
  }
  std::vector<TableCell> paper(table.head.size(), TableCell(""));
  paper[0] = "paper's best: " + format_length(kPaperFig5Chunk);
  paper[1] = format_length(2 * kPaperFig5Chunk);
  table.add(std::move(paper), RowKind::kPaper);
  return table;
}

std::string fastest_sentence(const WindowsAndChunks& half) {
  const auto best = std::ranges::min_element(half.cells, {}, read_seconds);
  const bool first = best == half.cells.begin(), last = best + 1 == half.cells.end();
  const char* shape = first ? "the smallest that was measured: time rises with the chunk, there is no U"
                      : last ? "the largest that was measured: a minimum beyond it is not ruled out"
                             : "with slower ones on both sides: a U, as the paper's";
  return fmt::format("The fastest chunk is {} with a window of {} ({}), {} a reading, {}. The paper's is {} with {}.", *best->chunk, *best->window,
                     half.title(), format_duration(read_seconds(*best)), shape, kPaperFig5Chunk, 2 * kPaperFig5Chunk);
}

std::vector<Block> fig5_blocks(const std::vector<Line>& lines) {
  const std::vector<WindowsAndChunks> halves = half_window_chunks(lines);
  if (halves.empty())
    throw std::runtime_error(
        "fig5: the runs hold no two cells of smooth reading to the end whose window is twice their chunk (`window`, `chunk` in results.json)");
  std::vector<Block> blocks;
  for (size_t i = 0; i < halves.size(); ++i) {
    const std::string more = i == 0 ? "" : fmt::format("-{}", i + 1);
    blocks.push_back(Prose{fastest_sentence(halves[i]), i == 0});
    Table table = fig5_table(halves[i]);
    table.name += more;
    blocks.push_back(std::move(table));
    blocks.push_back(Gallery{{picture_of(halves[i], "fig5" + more)}});
  }
  return blocks;
}

}  // namespace smooth
