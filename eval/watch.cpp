#include "eval/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <thread>

#include "configs/document.h"
#include "configs/load.h"
#include "configs/read.h"
#include "eval/held.h"
#include "eval/run.h"
#include "model/checkpoint.h"

namespace smooth {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

constexpr std::chrono::seconds kPoll{1};

// Nothing where the file is not: the trainer may be removing it.
std::optional<std::string> text_if_there(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return {};
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

// The step of a folder called step-N.
std::optional<int64_t> step_of(const fs::path& folder) {
  const std::string name = folder.filename();
  const std::string digits = name.starts_with("step-") ? name.substr(5) : "";
  if (digits.empty() || digits.size() > 18 || digits.find_first_not_of("0123456789") != std::string::npos) return {};
  return std::stoll(digits);
}

fs::path without_slash(const std::string& folder) {
  const fs::path path = fs::path(folder).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

// What an evaluation depends on besides weights; where it is written and read from is no part of it.
std::string checksum_of(EvalConfig config) {
  config.out = "";
  for (EvalModelConfig& line : config.models) line.checkpoint = "";
  return checksum(dump_config(config));
}

}  // namespace

// What a step's results are of.
struct Watch::Mark {
  std::string run, checkpoint, config;

  std::string text() const { return Json({{"run", run}, {"checkpoint", checkpoint}, {"config", config}}).dump(2) + "\n"; }
  static Mark read(const fs::path& file) {
    const Json json = Json::parse(read_file(file), nullptr, false);
    if (!json.is_object()) throw std::runtime_error(file.string() + ": expected a JSON object; remove the folder that it is in, and its step is evaluated again");
    return {json.value("run", ""), json.value("checkpoint", ""), json.value("config", "")};
  }
};

EvalConfig load_watching(const std::string& file, const std::vector<std::string>& overrides) {
  Item root = read_document(file);
  for (const std::string& text : overrides) apply_override(root, text);
  Item* models = root.find("models");
  if (!models || models->kind != Item::Kind::list) return read_config<EvalConfig>(root);  // which refuses it
  for (Item& line : models->items) {
    if (line.kind != Item::Kind::map) continue;
    std::erase_if(line.items, [](const Item& item) { return item.key == "checkpoint"; });
    line.items.push_back({.kind = Item::Kind::scalar, .place = line.place, .text = ".", .items = {}, .key = "checkpoint", .key_place = line.place});  // any path
  }
  return read_config<EvalConfig>(root);
}

Watch::Watch(EvalConfig config, const std::string& run, bool replace) : config_(std::move(config)), run_(without_slash(run)), replace_(replace) {
  const std::string option = "--watch " + run;
  if (fs::exists(run_) && !fs::is_directory(run_)) throw ConfigError(option + ": is a file; expected the folder of a training run");
  if (fs::exists(run_ / "config.json")) {
    throw ConfigError(option + ": is a model folder; expected a training run's, which has checkpoints/step-N. Without --watch a model is evaluated once");
  }
  if (fs::weakly_canonical(run_) == fs::weakly_canonical(config_.out)) throw ConfigError(option + ": is the evaluation's own `out`; choose another `out`");
  lock_.emplace(config_.out);
}

fs::path Watch::folder(int64_t step) const { return fs::path(config_.out) / ("step-" + std::to_string(step)); }
fs::path Watch::checkpoint(int64_t step) const { return run_ / "checkpoints" / ("step-" + std::to_string(step)); }

bool Watch::has_begun() const { return fs::exists(run_ / "config.yaml") && fs::exists(run_ / "inputs.json"); }

EvalConfig Watch::config_of(int64_t step, const fs::path& checkpoint) const {
  EvalConfig config = config_;
  config.out = folder(step);
  for (EvalModelConfig& line : config.models) line.checkpoint = checkpoint;
  return config;
}

// With an empty checksum where there is no checkpoint.
Watch::Mark Watch::mark_of(const fs::path& checkpoint) const {
  const std::optional<std::string> sums = text_if_there(checkpoint / "checksums.json");
  return {checksum(read_file(run_ / "config.yaml") + read_file(run_ / "inputs.json")), sums ? checksum(*sums) : "", checksum_of(config_)};
}

// A step stays seen when its checkpoint goes: its turn comes, and it is told.
void Watch::find_steps() {
  for (const int64_t step : finished_steps(run_ / "checkpoints")) seen_.insert(step);
  for (const auto& entry : fs::directory_iterator(config_.out)) {
    const std::optional<int64_t> step = step_of(entry.path());
    if (step && (fs::exists(entry.path() / "watched.json") || fs::exists(held(*step)))) seen_.insert(*step);
  }
}

// Results of another run or other weights are removed with `replace`, and an error without.
void Watch::refuse_other(int64_t step) const {
  if (!fs::exists(folder(step) / "watched.json")) return;
  const Mark then = Mark::read(folder(step) / "watched.json"), now = mark_of(checkpoint(step));
  const bool same_run = then.run == now.run;
  if (same_run && (now.checkpoint.empty() || then.checkpoint == now.checkpoint)) return;
  if (!replace_) {
    throw std::runtime_error(fmt::format("{}: is of another {} than {} holds now (its {} differs); choose another `out`, or pass --replace", folder(step).string(),
                                         same_run ? "checkpoint" : "training run", run_.string(), same_run ? "checksums.json" : "config.yaml or inputs.json"));
  }
  fs::remove_all(folder(step));
}

bool Watch::is_done(int64_t step) const {
  const fs::path mark = folder(step) / "watched.json";
  return fs::exists(mark) && fs::exists(folder(step) / "results.json") && !fs::exists(held(step)) && Mark::read(mark).config == checksum_of(config_);
}

void Watch::pass_by(int64_t step) const {
  const char* results = fs::exists(folder(step) / "results.json") ? "; its results are of another config and stay as they are" : "";
  std::cerr << fmt::format("smooth: step {} of {} is skipped: its checkpoint was removed before its turn came{}. To have all steps, raise the run's checkpoint.keep\n",
                           step, run_.string(), results);
}

bool Watch::next() {
  if (!has_begun()) return false;
  find_steps();
  std::vector<int64_t> waiting;
  std::ranges::set_difference(seen_, taken_, std::back_inserter(waiting));
  if (waiting.empty()) return false;
  const int64_t step = waiting.front();
  refuse_other(step);
  const bool done = is_done(step);
  if (done || hold(step)) {
    if (!done) evaluate_held(step);
    publish(step);
  } else {
    pass_by(step);
  }
  look_whether_last(step);
  release_checkpoint(held(step));  // last: now the step is done
  taken_.insert(step);
  return true;
}

bool Watch::hold(int64_t step) const {
  if (!hold_checkpoint(checkpoint(step), held(step))) return false;
  write_file(folder(step) / "watched.json", mark_of(held(step)).text());
  return true;
}

void Watch::evaluate_held(int64_t step) const {
  std::cerr << fmt::format("smooth: evaluating step {} of {}\n", step, run_.string());
  for (const Accuracy& one : accuracies_of(step, evaluate(config_of(step, held(step)), replace_))) {
    std::cout << fmt::format("step {}  {}  {:.1f} [{:.1f}, {:.1f}]", step, one.curve(), one.score, one.ci_low, one.ci_high) << std::endl;
  }
  write_file(folder(step) / "config.yaml", dump_config(config_of(step, checkpoint(step))));  // what was held goes
}

void Watch::publish(int64_t step) {
  const std::vector<Accuracy> measured = accuracies_of(step, cells_from_json(read_file(folder(step) / "results.json")));
  add_accuracies(run_ / "accuracies.jsonl", measured, replace_);
  // A folder of its own: TensorBoard reads one file of a folder at a time, and would leave the trainer's as soon as this one is there. A watch
  // writes all steps again, which takes the place of what a killed one wrote.
  if (!events_) events_ = std::make_unique<EventFile>(run_ / "events" / fs::absolute(config_.out).lexically_normal().filename(), 0);
  std::vector<std::pair<std::string, double>> curves;
  for (const Accuracy& one : measured) curves.emplace_back("accuracy/" + one.curve(), one.score);
  events_->scalars(step, curves);
}

void Watch::look_whether_last(int64_t step) {
  const fs::path file = (fs::exists(held(step)) ? held(step) : checkpoint(step)) / "trainer.json";
  const std::optional<std::string> text = text_if_there(file);
  if (!text) return;
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object() || !json.contains("step") || !json.contains("steps")) {
    throw std::runtime_error(file.string() + ": expected a JSON object with step and steps; is this a checkpoint of ./smooth train?");
  }
  complete_ = json.at("step") == json.at("steps");
}

std::string Watch::waits_for() const {
  const char* lacks = !fs::exists(run_) ? "does not exist yet" : !fs::exists(run_ / "config.yaml") ? "has no config.yaml yet" : "has no inputs.json yet";
  if (!has_begun()) return fmt::format("{}: {}; waiting for the training run to begin", run_.string(), lacks);
  if (taken_.empty()) return fmt::format("waiting for the first checkpoint of {}", run_.string());
  return fmt::format("waiting for the next checkpoint of {}, after step {}", run_.string(), *taken_.rbegin());
}

void watch(const EvalConfig& config, const std::string& run, bool replace) {
  Watch watch(config, run, replace);
  for (std::string told; !watch.complete();) {
    if (watch.next()) continue;
    if (const std::string now = watch.waits_for(); now != told) std::cerr << "smooth: " << (told = now) << std::endl;
    std::this_thread::sleep_for(kPoll);
  }
  std::cerr << "smooth: " << run << ": its last step is evaluated\n";
}

}  // namespace smooth
