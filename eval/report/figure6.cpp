#include "eval/report/figure6.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "eval/report/figures.h"
#include "eval/report/lines.h"
#include "eval/report/plot.h"

namespace smooth {
namespace {

// Lines of one distance after the other; those of one are told apart by what label_lines says.
std::vector<Line> lines_at_distances(const std::vector<EvaluationFolder>& evaluations) {
  std::map<int64_t, std::vector<Line>> by_distance;
  for (const EvaluationFolder& evaluation : evaluations) {
    std::vector<Cell> cells;
    for (const Cell& cell : evaluation.cells) {
      if (cell.benchmark == "niah" && cell.distance) cells.push_back(cell);
    }
    for (Line& line : lines_of(cells, evaluation.training_length, evaluation.name)) by_distance[*line.kind().distance].push_back(std::move(line));
  }
  std::vector<Line> all;
  for (auto& [distance, lines] : by_distance) {
    label_lines(lines);
    for (Line& line : lines) {
      line.label += fmt::format(" ({} from the end)", distance);
      all.push_back(std::move(line));
    }
  }
  return all;
}

std::set<int64_t> lengths_of(const std::vector<Line>& lines) {
  std::set<int64_t> lengths;
  for (const Line& line : lines) {
    for (const Cell& cell : line.cells) lengths.insert(*cell.length);
  }
  return lengths;
}

Picture picture_of(const std::vector<Line>& lines) {
  Plot plot;
  plot.title = "Accuracy of needles at fixed distances from the end, against context length";
  plot.x.title = "context length, tokens";
  plot.x.scaling = Scaling::kLog2;
  plot.x.label = [](double x) { return format_length(std::llround(x)); };
  plot.y = percent_axis();
  for (size_t i = 0; i < lines.size(); ++i) {
    Series series{.label = lines[i].label, .style = i};
    for (const Cell& cell : lines[i].cells) {
      series.points.push_back({.x = static_cast<double>(*cell.length), .y = cell.score, .low = cell.ci_low, .high = cell.ci_high});
    }
    plot.series.push_back(std::move(series));
  }
  const std::set<int64_t> lengths = lengths_of(lines);
  if (lengths.size() > 1) plot.x.at = ticks(Scaling::kLog2, static_cast<double>(*lengths.begin()), static_cast<double>(*lengths.rbegin()), 12);
  const int64_t trained = lines[0].training_length;
  if (trained > 0 && std::ranges::all_of(lines, [&](const Line& line) { return line.training_length == trained; })) {
    plot.rules.push_back({static_cast<double>(trained), "training length"});
  }
  return {"figure6", draw(plot),
          "Needles found whose last token is so many tokens from the context's end. Bars: 95 % interval; marks of one length stand side by side."};
}

Table table_of(const std::vector<Line>& lines) {
  const std::set<int64_t> lengths = lengths_of(lines);
  Table table{"Per cent of the needles' values found, with 95 % interval, by context length in tokens.",
              {"model", "mode", "distance", "window", "n"}, 2, {}};
  table.name = "fig6";
  for (const int64_t length : lengths) table.head.push_back(format_length(length));
  for (const Line& line : lines) {
    const Cell& kind = line.kind();
    std::vector<TableCell> row = {line.label.substr(0, line.label.rfind(" (")), mode_label(kind.mode), std::to_string(*kind.distance),
                                  kind.window ? std::to_string(*kind.window) : "–", std::to_string(kind.n)};
    for (const int64_t length : lengths) {
      const auto cell = std::ranges::find_if(line.cells, [&](const Cell& one) { return one.length == length; });
      row.push_back(cell == line.cells.end() ? TableCell("–") : TableCell(format_score(cell->score), format_interval(*cell)));
    }
    table.add(std::move(row));
  }
  return table;
}

}  // namespace

std::optional<Picture> figure6(const std::vector<EvaluationFolder>& evaluations) {
  const std::vector<Line> lines = lines_at_distances(evaluations);
  if (lines.empty()) return {};
  return picture_of(lines);
}

void add_figure6(const std::vector<EvaluationFolder>& evaluations, std::vector<Block>& blocks) {
  auto picture = figure6(evaluations);
  if (!picture) return;
  blocks.push_back(Heading{"Needles at fixed distances from the end"});
  blocks.push_back(Prose{"The paper's Figure 6, one-step reading, trained at 32k: SWA-4k keeps about 100\u00a0% at 2048 tokens from the end at every "
                         "length up to 256k and fails at 5120; RWKV-7 is perfect at both up to its training length and fails beyond it, at 256k even at 2048."});
  blocks.push_back(Gallery{{std::move(*picture)}});
  blocks.push_back(table_of(lines_at_distances(evaluations)));
}

}  // namespace smooth
