#include "eval/reproduce.h"

#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "configs/load.h"
#include "configs/reproduce_config.h"
#include "configs/run.h"
#include "model/checkpoint.h"

namespace smooth {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// A step as its program is called, and whether it is done already, as far as the files that it leaves tell.
struct Planned {
  std::vector<std::string> words;
  bool done = false, timed = false;
};

Planned data_step(const std::string& yaml, const std::vector<std::string>& set) {
  const auto config = load_config<DataConfig>(yaml, set, Paths::as_given);
  return {{"smooth-data", "-", "build", yaml}, fs::exists(fs::path(config.out) / "manifest.json")};
}

Planned train_step(const std::string& yaml, const std::vector<std::string>& set) {
  const auto config = load_config<TrainConfig>(yaml, set, Paths::as_given);
  const fs::path checkpoints = fs::path(config.run) / "checkpoints";
  const std::vector<int64_t> steps = finished_steps(checkpoints);
  if (steps.empty()) return {{"smooth-train", "-", yaml}};
  const Json newest = Json::parse(read_file(checkpoints / ("step-" + std::to_string(steps[0])) / "trainer.json"), nullptr, false);
  return {{"smooth-train", "-", yaml}, newest.is_object() && newest.value("steps", Json()) == steps[0]};
}

Planned eval_step(const std::string& yaml, const std::vector<std::string>& set) {
  const auto config = load_config<EvalConfig>(yaml, set, Paths::as_given);
  return {{"smooth-eval", fs::path(config.out) / "table.txt", "eval", yaml}, fs::exists(fs::path(config.out) / "results.json")};
}

// A timing is done when its object is of this very config.
Planned bench_step(const std::string& yaml, const ReproductionStep& step) {
  const auto config = load_config<BenchConfig>(yaml, step.set, Paths::as_given);
  const Json known = fs::exists(step.out) ? Json::parse(read_file(step.out), nullptr, false) : Json();
  return {{"smooth-train", step.out, "--bench", yaml}, known.is_object() && known.value("config", "") == checksum(dump_config(config)), true};
}

Planned planned(const ReproductionStep& step, const std::string& yaml) {
  Planned one = !step.data.empty()    ? data_step(yaml, step.set)
                : !step.train.empty() ? train_step(yaml, step.set)
                : !step.eval.empty()  ? eval_step(yaml, step.set)
                                      : bench_step(yaml, step);
  for (const std::string& text : step.set) one.words.insert(one.words.end(), {"--set", text});
  return one;
}

std::string counted(int64_t count, const std::string& what) { return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s"); }

// Sums of steps' minutes, of which some are not known.
struct Minutes {
  double sum = 0;
  int64_t unknown = 0;

  void add(const std::optional<double>& minutes) {
    sum += minutes.value_or(0);
    unknown += !minutes;
  }
  std::string text(const std::string& on) const {
    const std::string rest = unknown == 0 ? "" : fmt::format("{} of unknown time", unknown);
    if (sum == 0) return rest.empty() ? "no time" : rest;
    const std::string known = sum < 120 ? counted(std::llround(std::ceil(sum)), "minute") : counted(std::llround(std::ceil(sum / 60)), "hour");
    return fmt::format("about {} on {}{}{}", known, on, rest.empty() ? "" : ", ", rest);
  }
};

}  // namespace

ReproductionPlan plan_reproduction(const std::string& file) {
  const auto config = load_config<ReproductionConfig>(file);
  ReproductionPlan all;
  Minutes whole, left;
  int64_t done = 0;
  const auto add = [&](const std::vector<std::string>& words) { all.commands += fmt::format("{}\n", fmt::join(words, "\t")); };
  for (const ReproductionStep& step : config.steps) {
    const Planned one = planned(step, (fs::path(file).parent_path() / step.yaml()).lexically_normal());
    whole.add(step.minutes);
    done += one.done;
    if (!one.done) left.add(step.minutes);
    if (!one.done || !one.timed) add(one.words);
  }
  std::vector<std::string> report = {"smooth-eval", "-", "report", "--as", config.shows, "--out", fs::path(config.out) / "report.html"};
  report.insert(report.end(), config.folders.begin(), config.folders.end());
  add(report);
  all.time = fmt::format("{}: {}, {}", config.shows, counted(std::ssize(config.steps), "step"), whole.text(config.on));
  if (done > 0) all.time += fmt::format("; done: {}, left: {}", done, done == std::ssize(config.steps) ? "the report" : left.text(config.on));
  if (done == 0 && !config.needs.empty()) all.time += ". Needs " + config.needs;
  return all;
}

}  // namespace smooth
