#include "eval/report/table4.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <tuple>

#include "eval/report/figures.h"
#include "eval/report/fit.h"
#include "eval/report/paper.h"
#include "eval/report/plot.h"

namespace smooth {
namespace {

constexpr const char* kNone = "–";

bool has_clocks(const Cell& cell) {
  return cell.n > 0 && cell.prefill_seconds > 0 && cell.decode_seconds > 0 && cell.prefill_tokens > 0 && cell.decode_tokens > 0 &&
         cell.context_tokens > 0;
}

std::optional<PaperTable4> paper_of(const WindowsAndChunks& grid, int64_t window, int64_t chunk) {
  const double scale = table4_scale(grid);
  return paper_table4(std::llround(scale * static_cast<double>(window)), std::llround(scale * static_cast<double>(chunk)));
}

// p_r and d_r from the cells of the same window and other chunks.
std::optional<Rates> rates_of_others(const WindowsAndChunks& grid, const Cell& cell) {
  std::vector<const Cell*> others;
  for (const Cell& other : grid.cells) {
    if (other.window == cell.window && other.chunk != cell.chunk && has_clocks(other)) others.push_back(&other);
  }
  return others.empty() || !has_clocks(cell) ? std::nullopt : std::optional(rates_of(others));
}

// What is read until it is known is not l: the formula is of readings to the end.
std::optional<double> predicted(const WindowsAndChunks& grid, const Cell& cell) {
  const auto rates = rates_of_others(grid, cell);
  return rates && !grid.early_stop ? std::optional(predicted_seconds(*rates, cell)) : std::nullopt;
}

std::string percent_off(double predicted, double measured) { return format_difference(100 * (predicted / measured - 1), 1) + " %"; }

std::vector<TableCell> row_of(const std::string& name, const WindowsAndChunks& grid, const std::function<TableCell(int64_t chunk)>& cell) {
  std::vector<TableCell> row = {name};
  for (const int64_t chunk : grid.chunks) row.push_back(cell(chunk));
  return row;
}

// The paper's accuracy, over its chunks that are as large as their window or larger, or of at most half of it.
double paper_mean(bool large) {
  double sum = 0, count = 0;
  for (const int64_t window : kTable4Sizes) {
    for (const int64_t chunk : kTable4Sizes) {
      if (large ? chunk < window : 2 * chunk > window) continue;
      sum += paper_table4(window, chunk)->accuracy;
      ++count;
    }
  }
  return sum / count;
}

std::string paper_caption(const WindowsAndChunks& grid) {
  const double scale = table4_scale(grid);
  if (scale == 1) return "In italics the paper's cells of the same window and chunk.";
  return fmt::format(
      "In italics the paper's cells of the same ratio of window to chunk: ours × {:g}, so that the smallest window stands beside its 512.", scale);
}

// Curves over the chunks, one for each window.
Plot plot_over_chunks(const WindowsAndChunks& grid, const std::string& title, Axis y) {
  Plot plot{.title = title,
            .x = {.title = "chunk, tokens", .scaling = Scaling::kLog2, .label = [](double x) { return format_length(std::llround(x)); }},
            .y = std::move(y),
            .series = {}};
  if (grid.chunks.size() > 1) {
    for (const int64_t chunk : grid.chunks) plot.x.at.push_back(static_cast<double>(chunk));
  }
  return plot;
}

std::string window_name(int64_t window) { return fmt::format("window {}", format_length(window)); }

Picture accuracy_picture(const WindowsAndChunks& grid, const std::string& name) {
  Plot plot = plot_over_chunks(grid, "Accuracy by window and chunk", percent_axis());
  for (const int64_t window : grid.windows) {
    Series series{.label = window_name(window), .style = plot.series.size()};
    for (const Cell& cell : grid.cells) {
      if (cell.window == window)
        series.points.push_back({.x = static_cast<double>(*cell.chunk), .y = cell.score, .low = cell.ci_low, .high = cell.ci_high});
    }
    plot.series.push_back(std::move(series));
  }
  return {name, draw(plot), "Needles found against the chunk's size, " + grid.title() + ". Bars: Wilson's 95 % interval."};
}

std::optional<Picture> seconds_picture(const WindowsAndChunks& grid, const std::string& name) {
  Plot plot = plot_over_chunks(grid, "Time by window and chunk", {.title = "time per reading", .low = 0, .label = format_duration});
  for (size_t i = 0; i < grid.windows.size(); ++i) {
    Series measured{.label = window_name(grid.windows[i]), .style = i}, formula{.style = i, .marks = false, .dashed = true};
    for (const Cell& cell : grid.cells) {
      if (cell.window != grid.windows[i] || !has_clocks(cell)) continue;
      measured.points.push_back({.x = static_cast<double>(*cell.chunk), .y = read_seconds(cell)});
      if (const auto seconds = predicted(grid, cell)) formula.points.push_back({.x = static_cast<double>(*cell.chunk), .y = *seconds});
    }
    if (!measured.points.empty()) plot.series.push_back(std::move(measured));
    if (!formula.points.empty()) plot.series.push_back(std::move(formula));
  }
  if (plot.series.empty()) return {};
  return Picture{name, draw(plot), "Prefill and decode of one reading, " + grid.title() + ". Dashed: the formula, from the window's other cells."};
}

}  // namespace

const Cell* WindowsAndChunks::at(int64_t window, int64_t chunk) const {
  const auto found = std::ranges::find_if(cells, [&](const Cell& cell) { return cell.window == window && cell.chunk == chunk; });
  return found == cells.end() ? nullptr : &*found;
}

std::string WindowsAndChunks::title() const {
  return fmt::format("{}, {} tokens, {}", dataset, format_length(length), early_stop ? "early stop" : "no early stop");
}

std::vector<WindowsAndChunks> windows_and_chunks(const std::vector<Line>& lines) {
  std::map<std::tuple<std::string, int64_t, bool>, WindowsAndChunks> found;
  std::map<std::tuple<std::string, int64_t, bool, int64_t, int64_t>, std::string> places;
  for (const Line& line : lines) {
    for (const Cell& cell : line.cells) {
      if (cell.mode != "sr" || !cell.window || !cell.chunk || !cell.length) continue;
      const bool stops = cell.early_stop.value_or(false);
      const auto [place, is_new] = places.try_emplace({cell.dataset, *cell.length, stops, *cell.window, *cell.chunk}, line.label);
      if (!is_new) {
        throw std::runtime_error(fmt::format("{} and {} both have window {} and chunk {} at length {}; give the report the runs of one of them",
                                             place->second, line.label, *cell.window, *cell.chunk, *cell.length));
      }
      WindowsAndChunks& grid = found[{cell.dataset, *cell.length, stops}];
      grid.dataset = cell.dataset;
      grid.length = *cell.length;
      grid.early_stop = stops;
      grid.cells.push_back(cell);
    }
  }
  std::vector<WindowsAndChunks> grids;
  for (auto& [key, grid] : found) {
    std::ranges::sort(grid.cells, {}, [](const Cell& cell) { return std::pair(*cell.window, *cell.chunk); });
    std::set<int64_t> windows, chunks;
    for (const Cell& cell : grid.cells) {
      windows.insert(*cell.window);
      chunks.insert(*cell.chunk);
    }
    grid.windows.assign(windows.begin(), windows.end());
    grid.chunks.assign(chunks.begin(), chunks.end());
    if (grid.cells.size() > 1) grids.push_back(std::move(grid));
  }
  return grids;
}

double table4_scale(const WindowsAndChunks& grid) {
  const auto is_papers = [](int64_t size) { return std::ranges::find(kTable4Sizes, size) != kTable4Sizes.end(); };
  if (std::ranges::all_of(grid.windows, is_papers) && std::ranges::any_of(grid.chunks, is_papers)) return 1;
  return static_cast<double>(kTable4Sizes.front()) / static_cast<double>(grid.windows.front());
}

Table table4(const WindowsAndChunks& grid) {
  Table table{fmt::format("Accuracy in per cent by window (rows) and chunk (columns), {}, with Wilson's 95 % interval. {}", grid.title(),
                          paper_caption(grid)),
              {"window"},
              1,
              {},
              "table4"};
  for (const int64_t chunk : grid.chunks) table.head.push_back("chunk " + format_length(chunk));
  for (const int64_t window : grid.windows) {
    const auto paper = [&](int64_t chunk) { return paper_of(grid, window, chunk); };
    table.add(row_of(window_name(window), grid, [&](int64_t chunk) {
      const Cell* cell = grid.at(window, chunk);
      return cell ? TableCell(format_score(cell->score), format_interval(*cell)) : TableCell(kNone);
    }));
    if (std::ranges::none_of(grid.chunks, [&](int64_t chunk) { return paper(chunk).has_value(); })) continue;
    const std::string name = fmt::format("paper: window {:g}", table4_scale(grid) * static_cast<double>(window));
    table.add(row_of(name, grid, [&](int64_t chunk) { return paper(chunk) ? format_score(paper(chunk)->accuracy) : ""; }), RowKind::kPaper);
    table.add(row_of("ours − paper", grid, [&](int64_t chunk) {
      const Cell* cell = grid.at(window, chunk);
      return cell && paper(chunk) ? format_difference(cell->score - paper(chunk)->accuracy, 1) : "";
    }), RowKind::kDifference);
  }
  return table;
}

Table table4b(const WindowsAndChunks& grid) {
  Table table{fmt::format("Seconds of one reading, {}: prefill and decode by the engine's clocks, and the wall clock of a cell over its tasks. "
                          "Formula: T = (1 + gβ/c) l p_r with the "
                          "cell's own g (tokens written a chunk) and l (the context alone), p_r and β from least squares over the window's other "
                          "cells. Paper: Table 4, its seconds as they "
                          "are.{}",
                          grid.title(), grid.early_stop ? " With early stop less than l is read, and the formula says nothing." : ""),
              {"window", "chunk", "prefill", "decode", "both", "formula", "off by", "wall clock", "g", "β", "paper, s"},
              2,
              {},
              "table4b"};
  for (const Cell& cell : grid.cells) {
    std::vector<TableCell> row = {format_length(*cell.window), format_length(*cell.chunk)};
    if (has_clocks(cell)) {
      const auto n = static_cast<double>(cell.n);
      const auto formula = predicted(grid, cell);
      const auto rates = rates_of_others(grid, cell);
      row.insert(row.end(), {format_duration(cell.prefill_seconds / n), format_duration(cell.decode_seconds / n), format_duration(read_seconds(cell)),
                             formula ? format_duration(*formula) : kNone, formula ? percent_off(*formula, read_seconds(cell)) : kNone,
                             format_duration(seconds_per_task(cell)), fmt::format("{:.1f}", written_per_chunk(cell)),
                             rates ? fmt::format("{:.1f}", rates->beta()) : kNone});
    } else {
      row.insert(row.end(), 8, TableCell(kNone));
    }
    const auto paper = paper_of(grid, *cell.window, *cell.chunk);
    row.push_back(paper ? fmt::format("{:.0f}", paper->seconds) : "");
    table.add(row);
  }
  return table;
}

std::string collapse_sentence(const WindowsAndChunks& grid) {
  int64_t windows = 0, apart = 0, large = 0, safe = 0;
  double large_sum = 0, safe_sum = 0;
  for (const int64_t window : grid.windows) {
    double highest = -1, lowest = 101;  // ends of intervals: of chunks as large as the window, of those of at most half of it
    for (const Cell& cell : grid.cells) {
      if (cell.window != window) continue;
      if (*cell.chunk >= window) {
        highest = std::max(highest, cell.ci_high);
        large_sum += cell.score;
        ++large;
      } else if (2 * *cell.chunk <= window) {
        lowest = std::min(lowest, cell.ci_low);
        safe_sum += cell.score;
        ++safe;
      }
    }
    if (highest < 0 || lowest > 100) continue;
    ++windows;
    apart += highest < lowest;
  }
  if (windows == 0) return "";
  const char* verdict = apart == windows ? "A chunk as large as the window collapses"
                        : apart > 0      ? "A chunk as large as the window collapses with some windows, not with all"
                                         : "A chunk as large as the window does not collapse";
  return fmt::format(
      "{} ({}): for {} of {} windows every such chunk's interval lies below those of all chunks of at most half the window. Mean accuracy {:.1f} % "
      "against {:.1f} %; the "
      "paper's are {:.1f} % and {:.1f} %.",
      verdict, grid.title(), apart, windows, large_sum / static_cast<double>(large), safe_sum / static_cast<double>(safe), paper_mean(true),
      paper_mean(false));
}

std::string formula_sentence(const WindowsAndChunks& grid) {
  std::vector<double> off;
  for (const Cell& cell : grid.cells) {
    if (const auto seconds = predicted(grid, cell)) off.push_back(std::abs(*seconds / read_seconds(cell) - 1));
  }
  if (off.empty()) return "";
  std::ranges::sort(off);
  const double median = (off[(off.size() - 1) / 2] + off[off.size() / 2]) / 2;
  return fmt::format(
      "The formula T = (1 + gβ/c) l p_r, its rates taken from the same window's other chunks, is off by {:.1f} % in the median of {} cells and by "
      "{:.1f} % at most.",
      100 * median, off.size(), 100 * off.back());
}

std::vector<Block> table4_blocks(const std::vector<Line>& lines) {
  const std::vector<WindowsAndChunks> grids = windows_and_chunks(lines);
  if (grids.empty())
    throw std::runtime_error(
        "table4: the runs hold no cells of smooth reading with windows and chunks of several sizes (`window`, `chunk` in results.json)");
  std::vector<Block> blocks;
  for (size_t i = 0; i < grids.size(); ++i) {
    const WindowsAndChunks& grid = grids[i];
    const std::string more = i == 0 ? "" : fmt::format("-{}", i + 1);
    for (const std::string& sentence : {collapse_sentence(grid), formula_sentence(grid)}) {
      if (!sentence.empty()) blocks.push_back(Prose{sentence, i == 0});
    }
    Table accuracy = table4(grid), seconds = table4b(grid);
    accuracy.name += more;
    seconds.name += more;
    blocks.push_back(std::move(accuracy));
    blocks.push_back(std::move(seconds));
    Gallery gallery{{accuracy_picture(grid, "table4-accuracy" + more)}};
    if (auto picture = seconds_picture(grid, "table4-time" + more)) gallery.pictures.push_back(std::move(*picture));
    blocks.push_back(std::move(gallery));
  }
  return blocks;
}

}  // namespace smooth
