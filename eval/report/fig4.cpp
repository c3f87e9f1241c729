#include "eval/report/fig4.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>

#include "eval/report/paper.h"
#include "eval/report/plot.h"

namespace smooth {
namespace {

constexpr const char* kNone = "–";
constexpr double kPaperLength = 65536;

TimeCurve::Kind kind_of(const Cell& cell) {
  if (cell.mode == "sr" && cell.window) return TimeCurve::Kind::kWindow;
  return cell.mode == "os" && cell.architecture == "dense" ? TimeCurve::Kind::kDense : TimeCurve::Kind::kOther;
}

// The slope between its two longest texts: what a parabola with a long straight beginning has become.
double last_exponent(const TimeCurve& curve) { return exponent({curve.points.end() - 2, curve.points.end()}); }

double paper_factor(const std::string& what, bool early_stop) {
  return what == "training" ? kPaperFig4.training : early_stop ? kPaperFig4.inference_early_stop : kPaperFig4.inference;
}

struct Comparison {
  const TimeCurve *window, *dense;
};
std::vector<Comparison> comparisons(const std::vector<TimeCurve>& curves) {
  std::vector<Comparison> found;
  for (const TimeCurve& window : curves) {
    if (window.kind != TimeCurve::Kind::kWindow) continue;
    for (const TimeCurve& dense : curves) {
      if (dense.kind == TimeCurve::Kind::kDense) found.push_back({&window, &dense});
    }
  }
  return found;
}

// How many times as fast, where both were measured.
std::optional<double> factor(const Comparison& pair, double length) {
  const Measured *window = pair.window->at(length), *dense = pair.dense->at(length);
  return window && dense ? std::optional(dense->y / window->y) : std::nullopt;
}

std::string length_text(double length) { return format_length(std::llround(length)); }

Picture picture_of(const std::vector<TimeCurve>& curves, const std::string& what) {
  Plot plot{.title = what + " time against context length",
            .x = {.title = "context length, tokens", .scaling = Scaling::kLog2, .label = length_text},
            .y = {.title = what == "training" ? "time per document and step" : "time per task", .scaling = Scaling::kLog10, .label = format_duration},
            .series = {}};
  for (const TimeCurve& curve : curves) {
    Series series{.label = curve.label, .style = plot.series.size()};
    for (const Measured& point : curve.points) series.points.push_back({.x = point.x, .y = point.y});
    plot.series.push_back(std::move(series));
  }
  return {
      "fig4-" + what, draw(plot),
      fmt::format("Time of {} against the context's length, both logarithmic: a straight line of slope 1 is linear, of slope 2 quadratic.", what)};
}

void add_half(const std::vector<TimeCurve>& curves, const std::string& what, double paper_length, std::vector<Block>& blocks) {
  for (const std::string& sentence : {growth_sentence(curves, what), factor_sentence(curves, what)}) {
    if (!sentence.empty()) blocks.push_back(Prose{sentence, true});
  }
  blocks.push_back(time_table(curves, what, paper_length));
  blocks.push_back(Gallery{{picture_of(curves, what)}});
}

// Where the paper's 64k stands among lines: twice the training length where it is known, which must be the same for all.
double paper_length_of(const std::vector<Line>& lines) {
  std::set<int64_t> trained;
  for (const Line& line : lines) trained.insert(line.training_length);
  return trained.size() == 1 && *trained.begin() > 0 ? 2 * static_cast<double>(*trained.begin()) : kPaperLength;
}

}  // namespace

const Measured* TimeCurve::at(double length) const {
  const auto found = std::ranges::find(points, length, &Measured::x);
  return found == points.end() ? nullptr : &*found;
}

std::vector<TimeCurve> inference_curves(const std::vector<Line>& lines) {
  std::vector<TimeCurve> curves;
  for (const Line& line : lines) {
    TimeCurve curve{.label = line.label, .kind = kind_of(line.kind()), .early_stop = line.kind().early_stop.value_or(false), .points = {}};
    for (const Cell& cell : line.cells) {
      if (seconds_per_task(cell) > 0) curve.points.push_back({static_cast<double>(*cell.length), seconds_per_task(cell)});
    }
    if (curve.points.size() > 1) curves.push_back(std::move(curve));
  }
  return curves;
}

std::vector<TimeCurve> training_curves(const std::vector<TrainBench>& benches) {
  std::map<std::pair<std::string, std::string>, std::map<int64_t, const TrainBench*>> groups;
  for (const TrainBench& bench : benches) {
    const auto [place, is_new] = groups[{bench.name(), bench.device}].try_emplace(bench.prompt, &bench);
    if (!is_new)
      throw std::runtime_error(fmt::format("{} and {} both time {} at {} tokens on {}; keep one of them", place->second->file, bench.file,
                                           bench.name(), bench.prompt, bench.device));
  }
  std::vector<TimeCurve> curves;
  for (const auto& [key, points] : groups) {
    const std::string& architecture = points.begin()->second->architecture;
    TimeCurve curve{.label = key.first + " (" + key.second + ")", .kind = TimeCurve::Kind::kOther, .points = {}};
    if (architecture.starts_with("SWA")) curve.kind = TimeCurve::Kind::kWindow;
    if (architecture == "dense") curve.kind = TimeCurve::Kind::kDense;
    for (const auto& [length, bench] : points) curve.points.push_back({static_cast<double>(length), bench->seconds_per_document()});
    if (curve.points.size() > 1) curves.push_back(std::move(curve));
  }
  return curves;
}

Table time_table(const std::vector<TimeCurve>& curves, const std::string& what, double paper_length) {
  Table table{fmt::format("Time of {} by context length. Exponent: e of time ~ length^e by least squares over all lengths, and between the two "
                          "longest; 1 is linear, 2 quadratic. Below, how many "
                          "times as fast windows are as dense attention; the paper's factor is at its 64k, twice its training length.",
                          what == "training" ? "training, per document and step" : "inference, wall clock per task"),
              {"line"},
              1,
              {},
              "fig4-" + what};
  std::set<double> lengths;
  for (const TimeCurve& curve : curves) {
    for (const Measured& point : curve.points) lengths.insert(point.x);
  }
  for (const double length : lengths) table.head.push_back(length_text(length));
  table.head.insert(table.head.end(), {"exponent", "longest two"});
  const auto row_of = [&](const std::string& name, const auto& text) {
    std::vector<TableCell> row = {name};
    for (const double length : lengths) row.push_back(text(length));
    row.resize(table.head.size(), TableCell(""));
    return row;
  };
  for (const TimeCurve& curve : curves) {
    std::vector<TableCell> row = row_of(curve.label, [&](double length) { return curve.at(length) ? format_duration(curve.at(length)->y) : kNone; });
    row[row.size() - 2] = fmt::format("{:.2f}", exponent(curve.points));
    row[row.size() - 1] = fmt::format("{:.2f}", last_exponent(curve));
    table.add(std::move(row));
  }
  for (const Comparison& pair : comparisons(curves)) {
    table.add(row_of(fmt::format("{}: times as fast as {}", pair.window->label, pair.dense->label),
                     [&](double length) { return factor(pair, length) ? fmt::format("{:.2f}", *factor(pair, length)) : kNone; }));
    if (!lengths.contains(paper_length)) continue;
    const double theirs = paper_factor(what, pair.window->early_stop);
    const auto only_there = [&](const std::string& text) { return [=](double length) { return length == paper_length ? text : std::string(); }; };
    table.add(row_of("paper, at 64k", only_there(fmt::format("{:g}", theirs))), RowKind::kPaper);
    if (const auto ours = factor(pair, paper_length))
      table.add(row_of("ours − paper", only_there(format_difference(*ours - theirs, 2))), RowKind::kDifference);
  }
  return table;
}

std::string growth_sentence(const std::vector<TimeCurve>& curves, const std::string& what) {
  std::string out;
  for (const TimeCurve& curve : curves) {
    if (curve.kind == TimeCurve::Kind::kOther) continue;
    out += fmt::format("{}{} as length^{:.2f} from {} to {} tokens", out.empty() ? "" : ", ", curve.label, exponent(curve.points),
                       length_text(curve.points.front().x), length_text(curve.points.back().x));
  }
  return out.empty() ? "" : fmt::format("Time of {} grows: {} (linear is 1, quadratic 2).", what, out);
}

std::string factor_sentence(const std::vector<TimeCurve>& curves, const std::string& what) {
  std::string out;
  for (const Comparison& pair : comparisons(curves)) {
    double longest = 0;
    for (const Measured& point : pair.window->points) {
      if (factor(pair, point.x)) longest = point.x;
    }
    if (longest == 0) continue;
    out += fmt::format(
        "{}At {} tokens, the longest that both have, {} takes {:.2f} of the time of {}: {:.1f} times as fast (the paper, at 64k: about {:g}).",
        out.empty() ? "" : " ", length_text(longest), pair.window->label, 1 / *factor(pair, longest), pair.dense->label, *factor(pair, longest),
        paper_factor(what, pair.window->early_stop));
  }
  return out;
}

std::vector<Block> fig4_blocks(const std::vector<Line>& lines, const std::vector<TrainBench>& benches) {
  const std::vector<TimeCurve> inference = inference_curves(lines), training = training_curves(benches);
  if (inference.empty() && training.empty()) {
    throw std::runtime_error(
        "fig4: the folders hold neither evaluations of one model at two lengths nor `./smooth bench train` at two lengths (its objects in files "
        "bench*.json)");
  }
  std::vector<Block> blocks;
  if (!training.empty()) add_half(training, "training", kPaperLength, blocks);
  if (!inference.empty()) add_half(inference, "inference", paper_length_of(lines), blocks);
  if (training.empty()) blocks.push_back(Prose{"Training is lacking: no files `bench*.json` of `./smooth bench train` at two lengths were found."});
  if (inference.empty()) blocks.push_back(Prose{"Inference is lacking: no evaluation of one model at two lengths was found."});
  return blocks;
}

}  // namespace smooth
