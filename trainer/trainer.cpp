#include "trainer/trainer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/profiler_legacy.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string_view>

#include "configs/load.h"
#include "data/training/tokenise.h"
#include "model/checkpoint.h"
#include "model/environment.h"
#include "model/memory.h"
#include "trainer/plan/gpus.h"
#include "trainer/plan/rank_memory.h"
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
  const auto add = [&](const fs::path& file) { json[file.string()] = checksum_input(file); };
  for (const std::string& file : config.data.files) add(file);
  for (const std::string& file : tokenizer_files(config.data.tokenizer)) add(file);
  if (!config.init.empty()) {
    for (const std::string& file : weight_files(find_checkpoint(config.init))) add(file);
  }
  return json.dump(2) + "\n";
}

std::atomic<bool> training = false, signalled = false;

Json pack_json(const Batch& pack) { return {{"ids", pack.ids}, {"targets", pack.targets}, {"cu_seqlens", pack.cu_seqlens}}; }

}  // namespace

bool has_begun(const fs::path& run) { return fs::exists(run / "metrics.jsonl") || !finished_steps(run / "checkpoints").empty(); }

bool is_complete(const TrainConfig& config) {
  const fs::path run(config.run), checkpoints = run / "checkpoints";
  const auto holds = [&](const char* name, const std::string& now) { return fs::exists(run / name) && read_file(run / name) == now; };
  const std::vector<int64_t> steps = finished_steps(checkpoints);
  if (steps.empty() || !holds("config.yaml", dump_config(config)) || !holds("inputs.json", inputs_of(config))) return false;
  const int64_t kept = std::distance(fs::directory_iterator(checkpoints), {});
  const Json newest = Json::parse(read_file(checkpoints / ("step-" + std::to_string(steps[0])) / "trainer.json"), nullptr, false);
  if (!newest.is_object() || !newest.contains("steps") || newest.value("step", Json()) != newest.at("steps")) return false;
  const int64_t best = newest.value("best_step", int64_t{0});
  const auto is_kept = [&](size_t i) { return static_cast<int64_t>(i) < config.checkpoint.keep || steps[i] == best; };
  for (size_t i = 0; i < steps.size(); ++i) {
    if (!is_kept(i)) return false;  // a kill left something to tidy up
  }
  return kept == static_cast<int64_t>(steps.size());
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

void stop_on_signals() {
  struct sigaction action = {};
  action.sa_handler = [](int) {
    signalled = true;
    if (training) return;
    constexpr std::string_view kMessage = "smooth: asked to stop before the first step; the same command begins again\n";
    (void)!write(STDERR_FILENO, kMessage.data(), kMessage.size());
    _exit(kAskedToStop);  // what is on the disk is as whole as after a kill
  };
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGUSR1, &action, nullptr);
}

Trainer::Trainer(const TrainConfig& config, Ranks& ranks, const Place& place) : config_(config), ranks_(ranks) {
  prepare_process(config.threads);
  const at::Device device = open_device(config.device, place.local);
  if (ranks.first()) claim_folder(device);
  open_data();
  open_model(device);
  plan_recompute();
  checkpoints_ = std::make_unique<Checkpoints>(config.run, config.checkpoint, ranks);
  resume();
}

void Trainer::claim_folder(const at::Device& device) {
  const fs::path run(config_.run);
  lock_.emplace(run);
  for (const auto& [name, now] : {std::pair{"inputs.json", inputs_of(config_)}, std::pair{"config.yaml", dump_config(config_)}}) {
    const bool is_there = fs::exists(run / name);
    if (is_there && read_file(run / name) == now) continue;
    if (is_there && has_begun(run)) {
      throw std::runtime_error(config_.run + ": holds another run (its " + name + " differs); choose another `run`, or pass --replace to begin anew");
    }
    write_file(run / name, now);
  }
  write_file(run / "environment.json", environment(device));
}

void Trainer::open_data() {
  tokenizer_ = load_tokenizer(config_.data.tokenizer);
  const Layout layout(tokenizer_, config_.data.chat_template);
  const auto loader = [&](const TrainDataConfig& data, int64_t batch, const std::string& batch_of) {
    return std::make_unique<Loader>(tokenise_once(data, layout, fs::path(config_.run) / "tokens", config_.threads), data, batch, batch_of, config_.seed);
  };
  loader_ = loader(config_.data, config_.batch, config_.batch_of);
  at_ = {.steps = config_.steps.value_or(config_.epochs * loader_->steps_per_epoch()), .seed = static_cast<uint64_t>(config_.seed)};
  if (!config_.heldout) return;
  TrainDataConfig data = config_.data;
  data.files = config_.heldout->files;
  data.order = "as-is";
  data.read_ahead = 0;  // ranks jump over one another's packs
  heldout_ = loader(data, 1, "packs");
}

void Trainer::open_model(const at::Device& device) {
  const std::optional<int64_t> window = window_keys(config_.sliding_window, config_.window_edge);
  PrecisionConfig precision = config_.precision;
  // In the master weights' precision: what the forward pass uses is rounded from them.
  model_ = config_.model ? make_model(*config_.model, tokenizer_->vocab_size(), window, config_.seed, device)
                         : load_model(find_checkpoint(config_.init), {.sliding_window = window.value_or(0), .dtype = dtype_from(precision.master)}, device);
  context_ = std::make_unique<ContextGroup>(config_.ranks.context, ranks_, *model_);
  if (config_.lora) {
    const at::ScalarType dtype = dtype_from(precision.weights);
    for (const Parameter& parameter : model_->parameters()) parameter.value.set_data(parameter.value.to(dtype));
    lora_ = std::make_unique<Lora>(*model_, *config_.lora, config_.seed);
    precision.weights = precision.master = "float32";
  }
  buckets_ = std::make_unique<Buckets>(lora_ ? lora_->parameters() : model_->parameters(), precision, config_.ranks, ranks_);
  if (lora_) lora_->give_gradients_to(*buckets_);
  optimizer_ = std::make_unique<AdamW>(*buckets_, config_.optim, precision, ranks_);
}

void Trainer::plan_recompute() {
  counts_ = count_parameters(*model_, config_.lora);
  const bool attends = model_->window() > 0 || model_->reaches_all();
  if (config_.recompute_keeps == "attention" && !attends) {
    throw std::runtime_error("recompute_keeps: attention is wanted of " + model_->architecture() + ", which has none; choose inputs");
  }
  const at::Device device = model_->device();
  const double bytes = static_cast<double>(memory_bytes(device)) / static_cast<double>(device.is_cpu() ? ranks_.size() : 1);
  const PlannedPlace place{.ranks = ranks_.size(), .on_gpu = !device.is_cpu(), .bytes = bytes};
  pass_ = {.recomputed = planned_recompute(*model_, config_, place), .holds_attention = config_.recompute_keeps == "attention"};
  if (config_.recompute || pass_.recomputed == 0) return;
  note(std::to_string(pass_.recomputed) + " of " + std::to_string(model_->num_layers()) + " layers are computed again in the backward pass, as few as the plan's " +
       format_bytes(rank_memory(*model_, config_, place, pass_.recomputed).total()) + " of " + format_bytes(bytes) + " allow (`recompute` sets it)");
}

void Trainer::resume() {
  if (ranks_.first()) checkpoints_->tidy();
  ranks_.barrier();
  if (const std::optional<Standing> found = checkpoints_->newest()) at_ = *found;
  if (at_.step == 0) return;
  at::NoGradGuard no_grad;
  const fs::path folder = checkpoints_->folder(at_.step);
  const Weights weights(lora_ ? folder / kAdapters : folder);
  for (const Parameter& parameter : lora_ ? lora_->parameters() : model_->parameters()) {
    const at::Tensor stored = weights.get(parameter.name, parameter.value.sizes().vec());
    if (stored.scalar_type() != parameter.value.scalar_type()) {  // rounded weights would not go on bit for bit
      throw std::runtime_error(weights.source() + ": " + parameter.name + " is " + c10::toString(stored.scalar_type()) + ", expected " +
                               c10::toString(parameter.value.scalar_type()));
    }
    parameter.value.copy_(stored);
  }
  optimizer_->load(checkpoints_->optimizer_files(at_));
  if (lora_) lora_->merge();
}

Ended Trainer::train() {
  training = true;
  std::optional<Journal> journal;
  if (ranks_.first()) {
    const std::optional<GpuFacts> gpu = gpu_named(device_name(model_->device()));
    journal.emplace(config_, at_.step, at_.steps, gpu ? gpu->flops * static_cast<double>(ranks_.size()) : 0);
  }
  while (at_.step < at_.steps && !asked_) {
    checkpoints_->look();
    StepReport report = profiled_step(at_.step);
    ++at_.step;
    if (heldout_ && (at_.step % config_.heldout->every == 0 || at_.step == at_.steps)) report.heldout_loss = heldout_loss();
    at_.meet(report.heldout_loss);
    if (journal) journal->tell(report, [&] { return loader_->samples_of(report.step - 1); });
    const bool due = config_.checkpoint.every > 0 && at_.step % config_.checkpoint.every == 0;
    if (due || asked_ || at_.step == at_.steps || at_.best_step == at_.step) save(journal ? journal->flush() : "");  // what goes on from it has all lines before it
  }
  checkpoints_->finish();
  ranks_.barrier();  // the first rank, which holds the store, goes when all have what they need
  if (journal) journal->finish();
  return at_.step == at_.steps ? Ended::complete : Ended::asked;
}

StepReport Trainer::profiled_step(int64_t index) {
  const bool wanted = ranks_.first() && std::count(config_.profile.begin(), config_.profile.end(), index + 1) > 0;
  if (!wanted) return step(index);
  const torch::autograd::profiler::RecordProfile profile((fs::path(config_.run) / ("profile-step-" + std::to_string(index + 1) + ".json")).string());
  return step(index);
}

// 1. Take the step's packs; each group of ranks has every N-th, and each of its ranks a stretch of it.  2. Sum the losses' gradients over
// packs and ranks.  3. Divide by the global count of targets, clip, update.
StepReport Trainer::step(int64_t index) {
  const auto begin = std::chrono::steady_clock::now();
  StepReport report{.step = index + 1, .lr = learning_rate(config_.optim, index, at_.steps)};
  const int64_t sent_before = ranks_.bytes_sent();
  const std::vector<Batch> packs = loader_->step(index);
  const int64_t passes = (std::ssize(packs) + context_->groups() - 1) / context_->groups();
  buckets_->zero_gradients();
  at::Tensor totals = at::zeros({4}, at::TensorOptions(at::kDouble).device(model_->device()));  // loss, targets, tokens, asked to stop
  for (int64_t pass = 0; pass < passes; ++pass) {
    const size_t mine = static_cast<size_t>(pass * context_->groups() + context_->number());
    buckets_->begin_pass(pass + 1 == passes);
    if (mine < packs.size()) {
      const Batch stretch = context_->stretch_of(packs[mine]);
      totals += at::tensor({0.0, static_cast<double>(stretch.num_targets), static_cast<double>(stretch.num_tokens()), 0.0}, totals.options());
      // A stretch without a target is met all the same: the one to its right may have some.
      if (packs[mine].num_targets > 0 && stretch.num_tokens() > 0) totals[0] += add_pass(stretch);
      context_->finish();
    }
    buckets_->end_pass();
  }
  if (signalled) totals[3] += 1;
  ranks_.sum(totals).wait();
  const at::Tensor sums = totals.cpu();
  const auto sum = [&](int64_t i) { return sums[i].item<double>(); };
  asked_ = sum(3) > 0;
  report.targets = static_cast<int64_t>(sum(1));
  report.tokens = static_cast<int64_t>(sum(2));
  report.flops = token_flops(*model_, counts_, text_of(packs)).model() * sum(2);
  report.loss = sum(0) / sum(1);
  report.norm = std::isfinite(report.loss) ? optimizer_->update(sum(1), report.lr) : report.loss;
  stop_if_not_finite(report, packs);
  buckets_->gather_weights();
  if (lora_) lora_->merge();
  report.sent = ranks_.bytes_sent() - sent_before;
  report.seconds = seconds_since(begin);
  return report;
}

// The loss sum of a pack, whose gradients are added.
at::Tensor Trainer::add_pass(const Batch& pack) {
  Pass pass = pass_;
  pass.halo = context_->halo();
  try {
    return add_gradients(*model_, pack, buckets_->gradient(model_->head()), pass);
  } catch (const c10::OutOfMemoryError& error) {
    throw std::runtime_error("out of memory in the forward and backward pass of a pack of " + std::to_string(pack.num_tokens()) + " tokens (" +
                             std::to_string(pack.num_targets) + " targets), while weights, gradients and AdamW's state of this rank take " +
                             format_bytes(static_cast<double>(kept_bytes())) + ". Raise recompute (of " + std::to_string(model_->num_layers()) +
                             " layers), lower data.context, choose precision.weights: bfloat16, or share out by ranks.zero: 2. LibTorch said: " +
                             error.what_without_backtrace());
  }
}

int64_t Trainer::kept_bytes() const {
  size_t total = 0;
  for (const Bucket& bucket : buckets_->all()) {
    total += bucket.weights.nbytes() + (bucket.gradients.defined() ? bucket.gradients.nbytes() : bucket.own_gradients.nbytes());
  }
  for (const Parameter& tensor : optimizer_->tensors()) total += tensor.value.nbytes();
  return static_cast<int64_t>(total);
}

void Trainer::stop_if_not_finite(const StepReport& report, const std::vector<Batch>& packs) const {
  if (std::isfinite(report.loss) && std::isfinite(report.norm)) return;
  const fs::path file = fs::path(config_.run) / ("not-finite-step-" + std::to_string(report.step) + ".json");
  if (ranks_.first()) {
    Json json = {{"step", report.step}, {"samples", loader_->samples_of(report.step - 1)}, {"packs", Json::array()}};
    for (const Batch& pack : packs) json["packs"].push_back(pack_json(pack));
    write_file(file, json.dump() + "\n");
  }
  throw std::runtime_error("step " + std::to_string(report.step) + ": loss " + std::to_string(report.loss) + ", gradient norm " +
                           std::to_string(report.norm) + " is not finite; nothing was updated. Its samples and tokens are in " + file.string() +
                           ". Lower optim.lr or look at them");
}

// The mean loss of the held-out targets; packs and their stretches are shared out as in a step.
double Trainer::heldout_loss() {
  at::Tensor totals = at::zeros({2}, at::TensorOptions(at::kDouble).device(model_->device()));  // loss, targets
  for (int64_t i = context_->number(); i < heldout_->steps_per_epoch(); i += context_->groups()) {
    for (const Batch& pack : heldout_->step(i)) {
      const Batch stretch = context_->stretch_of(pack);
      if (stretch.num_tokens() == 0) continue;
      totals[0] += loss_sum(*model_, stretch, {.halo = context_->halo()});
      totals[1] += static_cast<double>(stretch.num_targets);
      context_->finish();
    }
  }
  ranks_.sum(totals).wait();
  return (totals[0] / totals[1]).item<double>();
}

void Trainer::save(const std::string& trouble) {
  at_.ranks = buckets_->shared_out() ? ranks_.size() : 1;
  std::vector<Parameter> adapters, optimizer;
  if (lora_) adapters = lora_->parameters();
  if (ranks_.first() || buckets_->shared_out()) optimizer = optimizer_->tensors();
  checkpoints_->save(at_, *model_, adapters, *tokenizer_, optimizer, trouble);
}

}  // namespace smooth
