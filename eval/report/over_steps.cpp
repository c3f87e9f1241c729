#include "eval/report/over_steps.h"

#include <algorithm>
#include <string>
#include <utility>

#include "eval/report/figures.h"
#include "eval/report/lines.h"
#include "eval/report/plot.h"

namespace smooth {
namespace {

struct Curve {
  std::string run;
  Accuracy kind;  // what all its points have in common
  std::vector<Point> points = {};

  std::string name() const { return kind.model + (kind.length ? ", " + format_length(*kind.length) : ""); }
};

std::vector<Curve> curves_of(const std::vector<TrainingFolder>& trainings) {
  std::vector<Curve> curves;
  for (const TrainingFolder& run : trainings) {
    for (const Accuracy& one : run.accuracies) {
      auto curve = std::ranges::find_if(curves, [&](const Curve& c) { return c.run == run.name && same_curve(c.kind, one); });
      if (curve == curves.end()) curve = curves.insert(curve, {run.name, one});
      curve->points.push_back({.x = static_cast<double>(one.step), .y = one.score, .low = one.ci_low, .high = one.ci_high});
    }
  }
  for (Curve& curve : curves) std::ranges::sort(curve.points, {}, &Point::x);
  return curves;
}

// Its name, with as much more as tells it from the others.
std::string label_of(const Curve& curve, const std::vector<Curve>& curves) {
  const auto any = [&](auto differs) { return std::ranges::any_of(curves, differs); };
  std::string label = curve.name();
  if (any([&](const Curve& c) { return c.run == curve.run && c.name() == curve.name() && !same_curve(c.kind, curve.kind); })) {
    label += " (" + mode_label(curve.kind.mode) + ", " + curve.kind.dataset + ")";
  }
  return any([&](const Curve& c) { return c.run != curve.run; }) ? curve.run + ": " + label : label;
}

}  // namespace

std::optional<Picture> accuracy_over_steps(const std::vector<TrainingFolder>& trainings) {
  const std::vector<Curve> curves = curves_of(trainings);
  if (curves.empty()) return {};
  Plot plot{.title = "Accuracy over the steps", .x = {.title = "step", .low = 0}, .y = percent_axis(), .series = {}};
  for (const Curve& curve : curves) plot.series.push_back({.label = label_of(curve, curves), .style = plot.series.size(), .points = curve.points});
  plot.legend = true;
  return Picture{"over-steps", draw(plot),
                 "Accuracy of the run's checkpoints, by model line and context length, as `./smooth eval --watch` measured it. Bars: 95 % interval; marks of one "
                 "step stand side by side."};
}

}  // namespace smooth
