#include "trainer/checkpoints.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "configs/run.h"
#include "model/checkpoint.h"
#include "model/files/weights.h"

namespace smooth {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

std::string optimizer_file(int64_t rank) { return "optimizer-" + std::to_string(rank) + ".safetensors"; }

// DONE goes first: a checkpoint that a kill left half removed must not pass for one.
void remove_checkpoint(const fs::path& folder) {
  fs::remove(folder / "DONE");
  fs::remove_all(folder);
}

// What stays has no DONE and goes when the run goes on.
void try_to_remove(const fs::path& folder) {
  std::error_code stays;
  fs::remove(folder / "DONE", stays);
  if (!stays) fs::remove_all(folder, stays);
}

Standing standing_of(const fs::path& folder) {
  const Json json = Json::parse(read_file(folder / "trainer.json"), nullptr, false);
  Standing standing;
  try {
    standing = {json.at("step").get<int64_t>(), json.at("steps").get<int64_t>(), json.at("seed").get<uint64_t>(), json.value("best_step", int64_t{0}),
                json.value("best_loss", 0.0), json.value("ranks", int64_t{1})};
  } catch (const Json::exception&) {
    throw std::runtime_error("trainer.json says no step");
  }
  return standing;
}

// Throws what differs from what checksums.json says was written.
void verify(const fs::path& folder) {
  const Json sums = Json::parse(read_file(folder / "checksums.json"), nullptr, false);
  if (!sums.is_object()) throw std::runtime_error("checksums.json is damaged");
  for (const auto& [name, sum] : sums.items()) {
    if (!fs::exists(folder / name)) throw std::runtime_error(name + " is missing");
    if (checksum_file(folder / name) != sum) throw std::runtime_error(name + " is not what was written: its checksum differs");
  }
}

}  // namespace

void Standing::meet(std::optional<double> loss) {
  heldout_loss = loss;
  if (!loss || (best_step > 0 && *loss >= best_loss)) return;
  best_step = step;
  best_loss = *loss;
}

struct Checkpoints::Contents {
  Standing standing;
  std::string config_json;
  std::vector<Parameter> weights, adapters, optimizer;  // empty: another rank writes them
  const Tokenizer* tokenizer;
  std::string trouble;
};

Checkpoints::Checkpoints(const fs::path& run, const CheckpointConfig& config, Ranks& ranks) : checkpoints_(run / "checkpoints"), config_(config), ranks_(ranks) {}

fs::path Checkpoints::folder(int64_t step) const { return checkpoints_ / ("step-" + std::to_string(step)); }

void Checkpoints::tidy() {
  if (!fs::is_directory(checkpoints_)) return;
  for (const fs::path& folder : std::vector<fs::path>(fs::directory_iterator(checkpoints_), {})) {
    if (folder.filename().string().starts_with("step-") && !fs::exists(folder / "DONE")) fs::remove_all(folder);
  }
  const std::vector<int64_t> steps = finished_steps(checkpoints_);
  if (std::ssize(steps) > config_.keep) prune(standing_of(folder(steps[0])));
}

std::optional<Standing> Checkpoints::newest() {
  const std::vector<int64_t> steps = finished_steps(checkpoints_);
  if (steps.empty()) return {};
  try {
    verify(folder(steps[0]));
    const Standing standing = standing_of(folder(steps[0]));
    best_step_ = standing.best_step;
    best_loss_ = standing.best_loss;
    return standing;
  } catch (const std::exception& error) {
    const std::string before = steps.size() > 1 ? "goes on from step " + std::to_string(steps[1]) : "begins anew";
    throw std::runtime_error(folder(steps[0]).string() + ": " + error.what() + ". Remove that folder, and the run " + before);
  }
}

std::vector<std::string> Checkpoints::optimizer_files(const Standing& standing) const {
  std::vector<std::string> files;
  for (int64_t r = 0; r < standing.ranks; ++r) files.push_back(folder(standing.step) / optimizer_file(r));
  return files;
}

void Checkpoints::save(const Standing& standing, const Model& model, const std::vector<Parameter>& adapters, const Tokenizer& tokenizer,
                       const std::vector<Parameter>& optimizer, const std::string& trouble) {
  if (writing_.valid()) writing_.get();
  at::NoGradGuard no_grad;
  auto contents = std::make_shared<Contents>(Contents{standing, {}, {}, {}, optimizer, &tokenizer, trouble});
  if (ranks_.first()) {
    contents->config_json = model.config_json();
    contents->weights = stored_tensors(model);
    contents->adapters = adapters;
    try {
      fs::remove_all(folder(standing.step));
      fs::create_directories(folder(standing.step));
    } catch (const fs::filesystem_error& error) {
      contents->trouble = error.what();
    }
  }
  ranks_.barrier();  // none writes into a folder that is yet to be emptied
  if (!config_.background) {
    write_and_agree(*contents);
    return;
  }
  for (std::vector<Parameter>* tensors : {&contents->weights, &contents->adapters, &contents->optimizer}) {
    for (Parameter& tensor : *tensors) tensor.value = tensor.value.detach().to(at::kCPU, tensor.value.scalar_type(), /*non_blocking=*/false, /*copy=*/true);
  }
  writing_ = std::async(std::launch::async, [this, contents] { write_and_agree(*contents); });
}

void Checkpoints::look() {
  if (writing_.valid() && writing_.wait_for(std::chrono::seconds(0)) == std::future_status::ready) writing_.get();
}

void Checkpoints::finish() {
  if (writing_.valid()) writing_.get();
  if (!failed_.empty()) throw std::runtime_error(failed_ + "; the ones before it are whole, and the same command goes on from them");
}

void Checkpoints::write(const Contents& contents) const {
  const fs::path to = folder(contents.standing.step);
  if (!contents.optimizer.empty()) save_safetensors(to / optimizer_file(ranks_.rank()), contents.optimizer);
  if (!ranks_.first()) return;
  write_file(to / "config.json", contents.config_json);
  save_weights(to, contents.weights);
  if (!contents.adapters.empty()) save_safetensors(to / kAdapters, contents.adapters);
  contents.tokenizer->save(to);
  const Standing& at = contents.standing;
  Json json = {{"step", at.step}, {"steps", at.steps}, {"seed", at.seed}, {"ranks", at.ranks}};
  if (at.best_step > 0) json.update({{"best_step", at.best_step}, {"best_loss", at.best_loss}});
  write_file(to / "trainer.json", json.dump(2) + "\n");
}

// What makes the folder a checkpoint, and then spares the oldest one.
void Checkpoints::seal(const Standing& standing) const {
  const fs::path to = folder(standing.step);
  Json sums = Json::object();
  std::vector<fs::path> files(fs::directory_iterator(to), {});
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) sums[file.filename()] = checksum_file(file);
  write_file(to / "checksums.json", sums.dump(2) + "\n");
  write_file(to / "DONE", "");
  prune(standing);  // only now may older ones go
}

// Every rank says whether its part is written; the first then seals the folder. The best one is told of those that are there: what was better
// may not have been written.
void Checkpoints::write_and_agree(Contents& contents) {
  contents.standing.best_step = best_step_;
  contents.standing.best_loss = best_loss_;
  contents.standing.meet(contents.standing.heldout_loss);
  const std::string key = "saved-" + std::to_string(contents.standing.step) + "-";
  std::string trouble = contents.trouble;
  try {
    if (trouble.empty()) write(contents);
  } catch (const std::exception& error) {
    trouble = error.what();
  }
  if (!ranks_.first()) {
    ranks_.tell(key + std::to_string(ranks_.rank()), trouble);
  } else {
    for (int64_t r = 1; r < ranks_.size(); ++r) {
      const std::string other = ranks_.ask(key + std::to_string(r));
      if (trouble.empty()) trouble = other;
    }
    try {
      if (trouble.empty()) {
        seal(contents.standing);
        best_step_ = contents.standing.best_step;
        best_loss_ = contents.standing.best_loss;
      }
    } catch (const std::exception& error) {
      trouble = error.what();
    }
    if (!trouble.empty()) try_to_remove(folder(contents.standing.step));  // its space is given back
  }
  failed_ = trouble.empty() ? "" : "the checkpoint of step " + std::to_string(contents.standing.step) + " could not be written: " + trouble;
  if (trouble.empty()) return;
  if (config_.failure == "stop") throw std::runtime_error(failed_ + "; the ones before it are whole");
  note(failed_ + "; training goes on, as checkpoint.failure says");
}

void Checkpoints::prune(const Standing& standing) const {
  const std::vector<int64_t> steps = finished_steps(checkpoints_);
  for (size_t i = config_.keep; i < steps.size(); ++i) {
    if (steps[i] != standing.best_step) remove_checkpoint(folder(steps[i]));
  }
}

}  // namespace smooth
