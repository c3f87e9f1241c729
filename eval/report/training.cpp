#include "eval/report/training.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <functional>

#include "configs/run.h"
#include "eval/report/over_steps.h"
#include "eval/report/plot.h"

namespace smooth {
namespace {

// Stretches of a run that a picture has room for; of each its least and its largest value are drawn, so that no leap is lost.
constexpr size_t kStretches = 250;

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

using Value = std::function<std::optional<double>(const StepMetrics&)>;

std::vector<Point> points_of(const std::vector<StepMetrics>& steps, const Value& value) {
  std::vector<Point> all;
  for (const StepMetrics& step : steps) {
    if (const auto y = value(step); y && std::isfinite(*y)) all.push_back({.x = static_cast<double>(step.step), .y = *y});
  }
  return all;
}

std::vector<Point> mean_of(const std::vector<Point>& raw) {
  std::vector<double> values;
  for (const Point& point : raw) values.push_back(point.y);
  const std::vector<double> means = smoothed(values, smoothing_span(values.size()));
  std::vector<Point> line = raw;
  for (size_t i = 0; i < line.size(); ++i) line[i].y = means[i];
  return line;
}

// As many as a picture has room for.
std::vector<Point> thinned(const std::vector<Point>& all) {
  const size_t stride = all.size() / kStretches + 1;
  if (stride < 3) return all;
  std::vector<Point> drawn;
  for (size_t begin = 0; begin < all.size(); begin += stride) {
    const auto last = all.begin() + static_cast<int64_t>(std::min(all.size(), begin + stride));
    const auto [least, most] = std::minmax_element(all.begin() + static_cast<int64_t>(begin), last, [](const Point& x, const Point& y) { return x.y < y.y; });
    drawn.push_back(least < most ? *least : *most);
    if (least != most) drawn.push_back(least < most ? *most : *least);
  }
  return drawn;
}

// What falls by more than a factor of ten is told apart by its logarithm only.
void scale(Axis& axis, const std::vector<Series>& series) {
  double least = HUGE_VAL, most = 0;
  for (const Series& one : series) {
    for (const Point& point : one.points) {
      least = std::min(least, point.y);
      most = std::max(most, point.y);
    }
  }
  if (least > 0 && least * 10 < most) {
    axis.scaling = Scaling::kLog10;
  } else {
    axis.low = 0;
  }
}

struct Curve {
  std::string name, title, axis, caption;
  Value value;
  bool smooth = false;  // as it is faintly, and its mean on top
  bool linear = false;  // from zero, however far it falls
  std::function<std::string(double)> label = plain_number;
};

// Nothing where no run has it.
std::optional<Picture> picture_of(const Curve& curve, const std::vector<TrainingFolder>& trainings, const std::vector<size_t>& styles) {
  Plot plot{.title = curve.title, .x = {.title = "step", .low = 0}, .y = {.title = curve.axis, .label = curve.label}, .series = {}};
  for (size_t i = 0; i < trainings.size(); ++i) {
    const std::vector<Point> raw = points_of(trainings[i].steps, curve.value);
    if (raw.empty()) continue;
    if (curve.smooth) plot.series.push_back({.style = styles[i], .marks = false, .faint = true, .points = thinned(raw)});
    plot.series.push_back({.label = trainings[i].name, .style = styles[i], .marks = false, .points = thinned(curve.smooth ? mean_of(raw) : raw)});
  }
  if (plot.series.empty()) return {};
  if (curve.linear) {
    plot.y.low = 0;
  } else {
    scale(plot.y, plot.series);
  }
  plot.legend = !curve.smooth;  // runs of the same schedule end at the same place
  return Picture{curve.name, draw(plot), curve.caption};
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

Gallery training_figures(const std::vector<TrainingFolder>& trainings, const std::vector<Line>& lines) {
  std::vector<TrainingFolder> begun;
  for (const TrainingFolder& run : trainings) {
    if (!run.steps.empty()) begun.push_back(run);
  }
  if (begun.empty()) return {};
  const std::vector<size_t> styles = styles_of(begun, lines);
  const std::vector<Curve> curves = {
      {"loss", "Training loss", "loss",
       "Loss per target token: faint as it was, on top its mean with exponentially fading weights over a fortieth of the run.",
       [](const StepMetrics& step) { return std::optional(step.loss); }, true},
      {"heldout", "Held-out loss", "held-out loss", "Loss per target token of samples that were not trained on.", [](const StepMetrics& step) { return step.heldout_loss; }},
      {"norm", "Gradient norm", "norm before clipping", "Norm of the gradient before it is clipped, with its mean.",
       [](const StepMetrics& step) { return std::optional(step.norm); }, true},
      {"lr", "Learning rate", "learning rate", "Learning rate; runs of the same schedule lie on each other.",
       [](const StepMetrics& step) { return std::optional(step.lr); }, false, true},
      {"rate", "Speed", "tokens per second", "Tokens of a step over its time, with their mean.",
       [](const StepMetrics& step) { return step.seconds > 0 ? std::optional(static_cast<double>(step.tokens) / step.seconds) : std::nullopt; }, true, true, format_count}};
  Gallery gallery;
  for (const Curve& curve : curves) {
    if (auto picture = picture_of(curve, begun, styles)) gallery.pictures.push_back(std::move(*picture));
  }
  if (auto picture = accuracy_over_steps(begun)) gallery.pictures.push_back(std::move(*picture));
  return gallery;
}

}  // namespace smooth
