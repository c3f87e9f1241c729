#include "eval/report/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "configs/run.h"
#include "eval/report/paper.h"
#include "eval/report/plot.h"

namespace smooth {
namespace {

// Length in multiples of the training length, on ticks that are powers of two with the tokens
// below, or in tokens.
Axis length_axis(const std::vector<Line>& lines) {
  const bool multiples = have_multiples(lines);
  std::set<int64_t> trained;
  double low = HUGE_VAL, high = 0;
  for (const Line& line : lines) {
    trained.insert(line.training_length);
    for (const Cell& cell : line.cells) {
      const double x = place_of(line, cell, multiples);
      low = std::min(low, x);
      high = std::max(high, x);
    }
  }
  Axis axis{.title = multiples ? "context length ÷ training length" : "context length, tokens",
            .scaling = Scaling::kLog2};
  if (low < high) axis.at = ticks(Scaling::kLog2, low, high, 12);
  const int64_t one = multiples && trained.size() == 1 ? *trained.begin() : 0;
  axis.label = [=](double x) {
    if (!multiples) return format_length(std::llround(x));
    const std::string below =
        one > 0 ? "\n" + format_length(std::llround(x * static_cast<double>(one))) : "";
    return format_multiple(x) + below;
  };
  if (one > 0) axis.title = "context length ÷ training length; tokens";
  return axis;
}

std::vector<Rule> training_rule(const std::vector<Line>& lines) {
  if (!have_multiples(lines)) return {};
  return {{1, "training length"}};
}

// A series of each line: what `point` makes of its cells, without those of which it makes nothing.
std::vector<Series> series_of(const std::vector<Line>& lines,
                              const std::function<std::optional<Point>(const Cell&)>& point) {
  const bool multiples = have_multiples(lines);
  std::vector<Series> out;
  for (size_t i = 0; i < lines.size(); ++i) {
    Series series{.label = lines[i].label, .style = i};
    for (const Cell& cell : lines[i].cells)
      if (auto p = point(cell)) {
        p->x = place_of(lines[i], cell, multiples);
        series.points.push_back(*p);
      }
    if (!series.points.empty()) out.push_back(std::move(series));
  }
  return out;
}

// What one-step reading should find within its window, once for each window.
std::vector<Series> expected_series(const std::vector<Line>& lines) {
  std::vector<Series> out;
  std::set<int64_t> windows;
  for (const Line& line : lines) {
    if (!expected_score(line.kind()) || !windows.insert(*line.kind().window).second) continue;
    Series series{.label = "window ÷ length", .marks = false, .dashed = true, .grey = true};
    for (const Cell& cell : line.cells)
      series.points.push_back({.x = line.multiple(cell), .y = *expected_score(cell)});
    out.push_back(std::move(series));
  }
  return out;
}

std::optional<Picture> paper_picture(const std::vector<Line>& lines) {
  Plot plot{.title = "The paper's accuracy against context length",
            .x = {},
            .y = percent_axis(),
            .series = {},
            .rules = {{1, "training length"}}};
  plot.x = {.title = "context length ÷ training length; tokens",
            .scaling = Scaling::kLog2,
            .at = {kPaperMultiples.begin(), kPaperMultiples.end()}};
  plot.x.label = [](double x) {
    return format_multiple(x) + "\n" + format_length(std::llround(x * 32768));
  };
  std::set<const PaperLine*> seen;
  for (size_t i = 0; i < lines.size(); ++i) {
    const PaperLine* paper = paper_line(lines[i].kind());
    if (!paper || !seen.insert(paper).second) continue;
    Series series{.label = paper->name(), .style = i};
    for (const double multiple : kPaperMultiples)
      series.points.push_back({.x = multiple, .y = *paper->at(multiple)});
    plot.series.push_back(std::move(series));
  }
  if (plot.series.empty()) return {};
  return Picture{"paper", draw(plot),
                 "The paper's 3B models, trained at 32k (Tables 3 and 7), in the colours of the "
                 "lines here of the same kind."};
}

// A picture of one cost, or nothing where no cell has it.
void add_cost(Gallery& gallery, const std::vector<Line>& lines, const std::string& name, Axis y,
              const std::string& caption, const std::function<double(const Cell&)>& cost) {
  const auto point = [&](const Cell& cell) {
    const double value = cost(cell);
    return value > 0 ? std::optional(Point{.y = value}) : std::nullopt;
  };
  Plot plot{.title = caption,
            .x = length_axis(lines),
            .y = std::move(y),
            .series = series_of(lines, point),
            .rules = training_rule(lines)};
  if (!plot.series.empty()) gallery.pictures.push_back({name, draw(plot), caption});
}

}  // namespace

Axis percent_axis() {
  return {.title = "accuracy, %", .low = 0, .high = 100, .at = {0, 25, 50, 75, 100}};
}

Gallery accuracy_figures(const std::vector<Line>& lines) {
  const auto point = [](const Cell& c) {
    return std::optional(Point{.y = c.score, .low = c.ci_low, .high = c.ci_high});
  };
  Plot plot{.title = "Accuracy against context length",
            .x = length_axis(lines),
            .y = percent_axis(),
            .series = series_of(lines, point),
            .rules = training_rule(lines)};
  if (have_multiples(lines))
    for (Series& series : expected_series(lines)) plot.series.push_back(std::move(series));
  Gallery gallery{{{"accuracy", draw(plot),
                    "Needles found against length. Bars: Wilson's 95 % interval; marks of one "
                    "length stand side by side so that none hides another."}}};
  if (have_multiples(lines))
    if (auto picture = paper_picture(lines)) gallery.pictures.push_back(std::move(*picture));
  return gallery;
}

Gallery cost_figures(const std::vector<Line>& lines) {
  Gallery gallery;
  const Axis time{.title = "time per task", .scaling = Scaling::kLog10, .label = format_duration};
  const Axis token_time{
      .title = "time per context token", .scaling = Scaling::kLog10, .label = format_duration};
  const Axis state{
      .title = "hidden memory of one reading", .scaling = Scaling::kLog2, .label = format_bytes};
  const Axis peak{.title = "peak memory", .scaling = Scaling::kLog2, .label = format_bytes};
  add_cost(gallery, lines, "task-time", time, "Wall clock of a cell over its tasks.",
           seconds_per_task);
  add_cost(gallery, lines, "token-time", token_time,
           "Wall clock over all context tokens: level where reading is linear in the length, "
           "rising where it is not.",
           seconds_per_context_token);
  add_cost(gallery, lines, "state", state,
           "Keys and values, or recurrent state, that one reading holds at its largest.",
           [](const Cell& c) { return static_cast<double>(c.state_bytes); });
  add_cost(gallery, lines, "peak", peak,
           "Peak resident memory of the process, the model's weights included.",
           [](const Cell& c) { return static_cast<double>(c.peak_bytes); });
  return gallery;
}

}  // namespace smooth
