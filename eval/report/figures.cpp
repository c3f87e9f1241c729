#include "eval/report/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <functional>
#include <set>

#include "configs/run.h"
#include "eval/report/paper.h"
#include "eval/report/plot.h"

namespace smooth {
namespace {

// Steps of a run that a picture has room for.
constexpr size_t kPoints = 500;

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

Axis percent_axis() {
  return {.title = "accuracy, %", .low = 0, .high = 100, .at = {0, 25, 50, 75, 100}};
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

// A run has the colour of the first line of its name, so that a model looks alike in all pictures;
// others have their own.
std::vector<size_t> styles_of(const std::vector<TrainingFolder>& trainings,
                              const std::vector<Line>& lines) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  std::vector<size_t> styles;
  size_t next = lines.size();
  for (const TrainingFolder& run : trainings) {
    const std::string name = std::filesystem::path(run.folder).filename().string();
    const auto line = std::find_if(lines.begin(), lines.end(), [&](const Line& l) {
      return std::ranges::equal(l.kind().model, name, same);
    });
    styles.push_back(line == lines.end() ? next++ : static_cast<size_t>(line - lines.begin()));
  }
  return styles;
}

Picture loss_picture(const std::vector<TrainingFolder>& trainings,
                     const std::vector<size_t>& styles) {
  Plot plot{.title = "Training loss",
            .x = {.title = "step", .low = 0},
            .y = {.title = "loss"},
            .series = {}};
  double least = HUGE_VAL, most = 0;
  for (size_t i = 0; i < trainings.size(); ++i) {
    const std::vector<StepMetrics>& steps = trainings[i].steps;
    std::vector<double> losses;
    for (const StepMetrics& step : steps) losses.push_back(step.loss);
    const std::vector<double> smooth = smoothed(losses, smoothing_span(losses.size()));
    Series raw{.style = styles[i], .marks = false, .faint = true},
        line{.label = trainings[i].name, .style = styles[i], .marks = false};
    const size_t stride = steps.size() / kPoints + 1;
    for (size_t j = 0; j < steps.size(); j += stride) {
      raw.points.push_back({.x = static_cast<double>(steps[j].step), .y = losses[j]});
      line.points.push_back({.x = static_cast<double>(steps[j].step), .y = smooth[j]});
      least = std::min(least, losses[j]);
      most = std::max(most, losses[j]);
    }
    plot.series.push_back(std::move(raw));
    plot.series.push_back(std::move(line));
  }
  // Losses that fall by more than a factor of ten are told apart by their logarithm only.
  if (least > 0 && least * 10 < most)
    plot.y.scaling = Scaling::kLog10;
  else
    plot.y.low = 0;
  return {"loss", draw(plot),
          "Loss per target token: faint as it was, on top its mean with exponentially fading "
          "weights over a fortieth of the run."};
}

Picture lr_picture(const std::vector<TrainingFolder>& trainings,
                   const std::vector<size_t>& styles) {
  Plot plot{.title = "Learning rate",
            .x = {.title = "step", .low = 0},
            .y = {.title = "learning rate", .low = 0},
            .series = {}};
  for (size_t i = 0; i < trainings.size(); ++i) {
    const std::vector<StepMetrics>& steps = trainings[i].steps;
    Series line{.label = trainings[i].name, .style = styles[i], .marks = false};
    const size_t stride = steps.size() / kPoints + 1;
    for (size_t j = 0; j < steps.size(); j += stride)
      line.points.push_back({.x = static_cast<double>(steps[j].step), .y = steps[j].lr});
    plot.series.push_back(std::move(line));
  }
  plot.legend = true;  // runs of the same schedule end at the same place
  return {"lr", draw(plot), "Learning rate; runs of the same schedule lie on each other."};
}

}  // namespace

std::vector<double> smoothed(const std::vector<double>& values, double span) {
  const double w = std::exp(-1 / span);
  std::vector<double> out;
  double sum = 0, weights = 0;
  for (const double value : values) {
    sum = w * sum + value;
    weights = w * weights + 1;
    out.push_back(sum / weights);
  }
  return out;
}

double smoothing_span(size_t steps) { return std::max(1.0, static_cast<double>(steps) / 40); }

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

Gallery loss_figures(const std::vector<TrainingFolder>& trainings, const std::vector<Line>& lines) {
  std::vector<TrainingFolder> begun;
  for (const TrainingFolder& run : trainings)
    if (!run.steps.empty()) begun.push_back(run);
  if (begun.empty()) return {};
  const std::vector<size_t> styles = styles_of(begun, lines);
  return {{loss_picture(begun, styles), lr_picture(begun, styles)}};
}

}  // namespace smooth
