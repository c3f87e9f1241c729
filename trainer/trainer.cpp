#include "trainer/trainer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "configs/load.h"
#include "data/tokenise.h"
#include "model/checkpoint.h"
#include "model/environment.h"
#include "trainer/schedule.h"

namespace smooth {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// What the weights depend on besides config.yaml: the bytes of every file that is read.
std::string inputs_of(const TrainConfig& config) {
  Json json = Json::object();
  const auto add = [&](const fs::path& file) { json[file.string()] = checksum_file(file); };
  for (const std::string& file : config.data.files) add(file);
  for (const std::string& file : tokenizer_files(config.data.tokenizer)) add(file);
  if (!config.init.empty()) {
    for (const std::string& file : weight_files(find_checkpoint(config.init))) add(file);
  }
  return json.dump(2) + "\n";
}

// Lines after the first `count` belong to steps that will be taken again.
void keep_lines(const fs::path& file, int64_t count) {
  if (!fs::exists(file)) return;
  std::ifstream lines(file);
  std::string kept, line;
  for (int64_t i = 0; i < count && std::getline(lines, line); ++i) kept += line + "\n";
  write_file(file, kept);
}

// Steps of the checkpoints in `folder`, newest first. What is not DONE is not a checkpoint.
std::vector<int64_t> finished_steps(const fs::path& folder) {
  std::vector<int64_t> steps;
  if (!fs::is_directory(folder)) return steps;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("step-") && fs::exists(entry.path() / "DONE")) steps.push_back(std::stoll(name.substr(5)));
  }
  std::sort(steps.rbegin(), steps.rend());
  return steps;
}

// DONE goes first: a checkpoint that a kill left half removed must not pass for one.
void remove_checkpoint(const fs::path& folder) {
  fs::remove(folder / "DONE");
  fs::remove_all(folder);
}

}  // namespace

bool is_complete(const TrainConfig& config) {
  const fs::path run(config.run), checkpoints = run / "checkpoints";
  const auto holds = [&](const char* name, const std::string& now) { return fs::exists(run / name) && read_file(run / name) == now; };
  const std::vector<int64_t> steps = finished_steps(checkpoints);
  if (steps.empty() || !holds("config.yaml", dump_config(config)) || !holds("inputs.json", inputs_of(config))) return false;
  const int64_t kept = std::distance(fs::directory_iterator(checkpoints), {});
  if (kept != static_cast<int64_t>(steps.size()) || kept > config.checkpoint.keep) return false;  // a kill left something to tidy up
  const Json newest = Json::parse(read_file(checkpoints / ("step-" + std::to_string(steps[0])) / "trainer.json"), nullptr, false);
  return newest.is_object() && newest.contains("steps") && newest.value("step", Json()) == newest.at("steps");
}

void remove_other_run(const TrainConfig& config) {
  const fs::path run(config.run);
  if (!fs::exists(run)) return;
  const FolderLock lock(config.run);
  const auto differs = [&](const char* name, const std::string& now) { return fs::exists(run / name) && read_file(run / name) != now; };
  if (differs("inputs.json", inputs_of(config)) || differs("config.yaml", dump_config(config))) {
    clear_folder(run, {"inputs.json", "config.yaml"});
  }
}

Trainer::Trainer(const TrainConfig& config) : config_(config), lock_(config.run) {
  const fs::path run(config.run);
  const std::string resolved = dump_config(config), inputs = inputs_of(config);
  const auto belongs = [&](const char* name, const std::string& now) {
    if (!fs::exists(run / name)) {
      write_file(run / name, now);
    } else if (read_file(run / name) != now) {
      throw std::runtime_error(config.run + ": holds another run (its " + name + " differs); choose another `run`, or pass --replace to begin anew");
    }
  };
  belongs("inputs.json", inputs);
  belongs("config.yaml", resolved);
  prepare_process(config.threads);
  write_file(run / "environment.json", environment(config.device));

  const at::Device device = open_device(config.device);
  tokenizer_ = load_tokenizer(config.data.tokenizer);
  const Layout layout(tokenizer_, config.data.chat_template);
  const auto tokens = tokenise_once(config.data, layout, run / "tokens", config.threads);
  loader_ = std::make_unique<Loader>(tokens, config.data, config.batch, config.batch_of, config.seed);
  steps_ = config.steps.value_or(config.epochs * loader_->steps_per_epoch());
  const std::optional<int64_t> window = window_keys(config.sliding_window, config.window_edge);
  model_ = config.model ? make_model(*config.model, tokenizer_->vocab_size(), window, config.seed, device)
                        : load_model(find_checkpoint(config.init), {.sliding_window = window.value_or(0)}, device);
  for (const Parameter& parameter : model_->parameters()) parameter.value.requires_grad_();
  optimizer_ = std::make_unique<AdamW>(model_->parameters(), config.optim);
  resume();
}

std::string Trainer::folder_of(int64_t step) const { return fs::path(config_.run) / "checkpoints" / ("step-" + std::to_string(step)); }

void Trainer::resume() {
  // What a kill left: half a checkpoint, or one more than is kept.
  const fs::path checkpoints = fs::path(config_.run) / "checkpoints";
  if (fs::is_directory(checkpoints)) {
    for (const fs::path& folder : std::vector<fs::path>(fs::directory_iterator(checkpoints), {})) {
      if (folder.filename().string().starts_with("step-") && !fs::exists(folder / "DONE")) fs::remove_all(folder);
    }
  }
  prune();
  const std::vector<int64_t> steps = finished_steps(checkpoints);
  if (!steps.empty()) done_ = steps[0];
  keep_lines(fs::path(config_.run) / "metrics.jsonl", done_);
  keep_lines(fs::path(config_.run) / "log.txt", done_ / config_.log_every);
  if (done_ == 0) return;
  at::NoGradGuard no_grad;
  const Weights weights(folder_of(done_));
  for (const Parameter& parameter : model_->parameters()) {
    const at::Tensor stored = weights.get(parameter.name, parameter.value.sizes().vec());
    if (stored.scalar_type() != parameter.value.scalar_type()) {  // rounded weights would not go on bit for bit
      throw std::runtime_error(weights.source() + ": " + parameter.name + " is " + c10::toString(stored.scalar_type()) + ", expected " +
                               c10::toString(parameter.value.scalar_type()));
    }
    parameter.value.copy_(stored);
  }
  optimizer_->load(folder_of(done_) + "/optimizer-0.safetensors");
}

void Trainer::train() {
  const std::string name = fs::path(config_.run).filename();
  Progress progress("train " + name, steps_, "steps", done_);
  while (done_ < steps_) {
    const StepReport report = step(done_);
    ++done_;
    log(report, progress);
    const bool due = config_.checkpoint.every > 0 && done_ % config_.checkpoint.every == 0;
    if (due || done_ == steps_) save(done_);
  }
  progress.finish();
}

// 1. Take the step's packs.  2. Sum the losses' gradients.  3. Divide by the global count of targets, clip, update.
StepReport Trainer::step(int64_t index) {
  const auto begin = std::chrono::steady_clock::now();
  StepReport report{.step = index + 1, .lr = learning_rate(config_.optim, index, steps_)};
  const std::vector<Batch> packs = loader_->step(index);
  optimizer_->zero_gradients();
  double loss = 0;
  for (const Batch& pack : packs) {
    report.tokens += pack.num_tokens();
    report.targets += pack.num_targets;
    if (pack.num_targets == 0) continue;
    const at::Tensor sum = loss_sum(*model_, pack);
    sum.backward();
    loss += sum.item<double>();
  }
  report.loss = loss / static_cast<double>(report.targets);
  report.norm = optimizer_->update(static_cast<double>(report.targets), report.lr);
  if (!std::isfinite(report.loss) || !std::isfinite(report.norm)) {
    throw std::runtime_error("step " + std::to_string(report.step) + ": loss " + std::to_string(report.loss) + ", gradient norm " +
                             std::to_string(report.norm) + " is not finite; nothing was updated. Lower optim.lr or look at the data of this step");
  }
  report.seconds = seconds_since(begin);
  return report;
}

void Trainer::log(const StepReport& report, Progress& progress) {
  const Json json = {{"step", report.step}, {"loss", report.loss}, {"norm", report.norm}, {"lr", report.lr},
                     {"tokens", report.tokens}, {"targets", report.targets}, {"seconds", report.seconds}};
  LineFile(fs::path(config_.run) / "metrics.jsonl").append(json.dump());
  char line[160];
  std::snprintf(line, sizeof line, "loss %.4f  norm %.3f  lr %.2e  %s tokens/s", report.loss, report.norm, report.lr,
                format_count(static_cast<double>(report.tokens) / report.seconds).c_str());
  progress.advance(1, line);
  if (report.step % config_.log_every == 0) {
    LineFile(fs::path(config_.run) / "log.txt").append("step " + std::to_string(report.step) + "  " + line);
  }
}

void Trainer::save(int64_t step) {
  const std::string folder = folder_of(step);
  fs::remove_all(folder);
  save_model(*model_, folder);
  tokenizer_->save(folder);
  optimizer_->save(folder + "/optimizer-0.safetensors");
  write_file(fs::path(folder) / "trainer.json", Json({{"step", step}, {"steps", steps_}, {"seed", config_.seed}}).dump(2) + "\n");
  write_file(fs::path(folder) / "DONE", "");
  prune();  // only now may older ones go
}

void Trainer::prune() {
  const std::vector<int64_t> steps = finished_steps(fs::path(config_.run) / "checkpoints");
  for (size_t i = config_.checkpoint.keep; i < steps.size(); ++i) remove_checkpoint(folder_of(steps[i]));
}

}  // namespace smooth
