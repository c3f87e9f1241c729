#include "trainer/plan/plan.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <functional>
#include <stdexcept>

#include "configs/run.h"
#include "model/checkpoint.h"
#include "model/memory.h"
#include "trainer/plan/shapes.h"

namespace smooth {
namespace {

struct Target {
  PlannedPlace place;
  std::optional<GpuFacts> gpu;
};

Target target_of(const TrainConfig& config, const PlanOptions& options) {
  Target target;
  target.place.ranks = options.ranks > 0 ? options.ranks : config.ranks.context;
  if (options.gpu.empty() && config.device == "cpu") {
    target.place.on_gpu = false;
    target.place.bytes = static_cast<double>(memory_bytes(at::kCPU) / target.place.ranks);
    return target;
  }
  const std::string name = options.gpu.empty() ? "H100" : options.gpu;
  target.gpu = gpu_named(name);
  if (!target.gpu) throw std::runtime_error(fmt::format("--gpu: {} is not known; known are {}", name, fmt::join(gpu_names(), ", ")));
  target.place.bytes = target.gpu->bytes;
  return target;
}

void check_ranks(const Model& model, const TrainConfig& config, int64_t ranks) {
  if (ranks % config.ranks.context != 0) {
    throw std::runtime_error(fmt::format("ranks.context: {} does not divide the {} ranks of --ranks", config.ranks.context, ranks));
  }
  if (config.ranks.context > 1 && model.reaches_all()) {
    throw std::runtime_error(fmt::format("ranks.context: {} ranks cannot split a pack of a model with dense layers ({}); give it a sliding_window, "
                                         "or share its memory out by ranks.zero", config.ranks.context, model.architecture()));
  }
}

// ----------------------------------------------------------------------------------- what would make it fit

// The config with all layers computed again, which is what the other advice builds on.
TrainConfig all_again(TrainConfig config, const Model& model) {
  config.recompute = model.num_layers();
  return config;
}

double gib(double bytes) { return bytes / (1 << 30); }

std::string needs(const Model& model, const TrainConfig& config, const PlannedPlace& place) {
  return fmt::format("{:.1f} GiB", gib(rank_memory(model, config, place, config.recompute.value_or(0)).total()));
}

bool fits(const Model& model, const TrainConfig& config, const PlannedPlace& place) {
  return rank_memory(model, config, place, config.recompute.value_or(0)).total() <= place.bytes;
}

constexpr int64_t kMostRanks = 64, kContextStep = 1024;

// A change of the config and the fewest ranks with which it fits, as advice; nothing where no number does.
void advise_ranks(const Model& model, const TrainConfig& config, PlannedPlace place, const std::string& keys,
                  const std::function<void(TrainConfig&, int64_t)>& change, std::vector<std::string>& advice) {
  for (place.ranks = std::max<int64_t>(2, place.ranks); place.ranks <= kMostRanks; place.ranks *= 2) {
    TrainConfig changed = config;
    change(changed, place.ranks);
    if (place.ranks % changed.ranks.context != 0 || !fits(model, changed, place)) continue;
    return advice.push_back(fmt::format("{} and {} ranks: {} on each", keys, place.ranks, needs(model, changed, place)));
  }
}

void advise_context(const Model& model, TrainConfig config, const PlannedPlace& place, std::vector<std::string>& advice) {
  for (config.data.context = (config.data.context - 1) / kContextStep * kContextStep; config.data.context > 0; config.data.context -= kContextStep) {
    if (!fits(model, config, place)) continue;
    return advice.push_back(fmt::format("recompute: {}, data.context: {}: {}", *config.recompute, config.data.context, needs(model, config, place)));
  }
}

std::vector<std::string> advice_for(const Model& model, const TrainConfig& config, const PlannedPlace& place) {
  std::vector<std::string> advice;
  if (const std::optional<int64_t> layers = layers_to_recompute(model, config, place)) {
    TrainConfig changed = config;
    changed.recompute = *layers;
    advice.push_back(fmt::format("recompute: {} of {} layers: {}", *layers, model.num_layers(), needs(model, changed, place)));
  }
  const TrainConfig again = all_again(config, model);
  const std::string keys = fmt::format("recompute: {}, ", model.num_layers());
  for (const int64_t zero : {1, 2}) {
    if (zero < config.ranks.zero) continue;
    const auto share_out = [&](TrainConfig& changed, int64_t) { changed.ranks.zero = zero; };
    advise_ranks(model, again, place, keys + fmt::format("ranks.zero: {}", zero), share_out, advice);
  }
  if (!model.reaches_all()) {
    advise_ranks(model, again, place, keys + "ranks.zero: 2, ranks.context as many as ranks,", [](TrainConfig& changed, int64_t ranks) {
      changed.ranks.zero = 2;
      changed.ranks.context = ranks;
    }, advice);
  }
  if (config.precision.weights == "float32") {
    TrainConfig changed = again;
    changed.precision.weights = "bfloat16";
    if (fits(model, changed, place)) advice.push_back(keys + "precision.weights: bfloat16: " + needs(model, changed, place));
  }
  advise_context(model, again, place, advice);
  return advice;
}

// ------------------------------------------------------------------------------------------------- as text

struct Line {
  std::string what, number, note = {};
};

// A title over lines whose columns stand under one another.
std::string table(const std::string& title, const std::vector<Line>& lines) {
  size_t what = 0, number = 0;
  for (const Line& line : lines) {
    what = std::max(what, line.what.size());
    number = std::max(number, line.number.size());
  }
  std::string text = title + "\n";
  for (const Line& line : lines) {
    text += fmt::format("  {:<{}}  {:>{}}{}\n", line.what, what, line.number, number, line.note.empty() ? "" : "  " + line.note);
  }
  return text + "\n";
}

std::string in_billions(int64_t count) {
  const auto number = static_cast<double>(count);
  return number < 1e7 ? fmt::format("{:.3f} M", number / 1e6) : fmt::format("{:.3f} B", number / 1e9);
}
std::string in_gib(double bytes) {
  return bytes > 0 && gib(bytes) < 0.1 ? fmt::format("{:.2f} MiB", bytes / (1 << 20)) : fmt::format("{:.2f} GiB", gib(bytes));
}
std::string in_giga(double flops) { return fmt::format("{:.{}f} GFLOP", flops / 1e9, flops < 1e8 ? 4 : 2); }

std::string parameters_text(const Plan& plan) {
  const Counts& counts = plan.counts;
  return table("parameters", {{"body", in_billions(counts.body)},
                              {"embedding", in_billions(counts.embedding)},
                              {"head", counts.tied ? "" : in_billions(counts.head), counts.tied ? "the embedding" : ""},
                              {"all", in_billions(counts.all())},
                              {"trained", in_billions(counts.trained), counts.trained < counts.all() ? "LoRA's adapters" : ""}});
}

std::string memory_text(const Plan& plan, const TrainConfig& config) {
  const RankMemory& memory = plan.memory;
  const PrecisionConfig& precision = config.precision;
  const bool shared = plan.place.ranks > 1;
  const std::string part = fmt::format(", 1/{} of them", plan.place.ranks);
  const auto shared_by = [&](int64_t zero) { return shared && config.ranks.zero >= zero ? part : ""; };
  std::vector<Line> lines = {{"weights", in_gib(memory.weights), precision.weights}};
  if (memory.frozen > 0) lines.push_back({"frozen weights", in_gib(memory.frozen), "of the matrices with adapters"});
  lines.push_back({"master weights", in_gib(memory.master), memory.master > 0 ? precision.master + shared_by(1) : "the weights themselves"});
  lines.push_back({"moments", in_gib(memory.moments), precision.moments + shared_by(1)});
  lines.push_back({"gradients", in_gib(memory.gradients), precision.gradients + shared_by(2)});
  if (memory.travelling > 0) lines.push_back({"sums of ranks", in_gib(memory.travelling), "while they are made"});
  lines.push_back({"activations", in_gib(memory.activations),
                   fmt::format("{} tokens; {} of {} layers computed again{}", plan.tokens, plan.recomputed, plan.layers,
                               config.recompute ? "" : ", as few as fit into nine tenths of the memory")});
  lines.push_back({"at work", in_gib(memory.at_work), "the larger of the loss's pieces and a layer's backward pass"});
  lines.push_back({"reserve", in_gib(memory.reserve), plan.place.on_gpu ? "CUDA, and unused between tensors" : "the program, and unused between tensors"});
  lines.push_back({"all", in_gib(memory.total()), fmt::format("of {:.1f} GiB: {}", gib(plan.place.bytes), plan.fits ? "fits" : "DOES NOT FIT")});
  const std::string ranks = fmt::format("{} rank{}", plan.place.ranks, shared ? "s" : "");
  const std::string sharing = fmt::format("ZeRO {}, packs over {}", shared ? config.ranks.zero : 0, config.ranks.context);
  return table(fmt::format("memory of a rank ({}; {}{})", plan.place_name, ranks, shared ? ", " + sharing : ""), lines);
}

std::string layers_text(const Plan& plan, bool holds) {
  double kept = 0;
  for (const LayerBytes& layer : plan.activations.layers) kept += layer.kept / static_cast<double>(plan.layers);
  const auto tokens = static_cast<double>(plan.tokens);
  return table("activations of a layer, on the average",
               {{"kept", in_gib(kept * tokens), fmt::format("{:.0f} bytes a token", kept)},
                {"computed again", in_gib(plan.activations.layers[0].input * tokens), holds ? "its input and what attention gave" : "its input alone"}});
}

std::string flops_text(const Plan& plan) {
  const TokenFlops& flops = plan.flops;
  std::vector<Line> lines = {{"matrices", in_giga(flops.matrices)}};
  if (flops.attention > 0) lines.push_back({"attention", in_giga(flops.attention), "within the window and the document"});
  if (flops.state > 0) lines.push_back({"state", in_giga(flops.state)});
  lines.push_back({"head", in_giga(flops.head), fmt::format("at {:.0f} % of the tokens, the targets", 100 * plan.amount.text.target_share)});
  lines.push_back({"model", in_giga(flops.model()), "what its share of a peak (MFU) counts"});
  lines.push_back({"computed again", in_giga(flops.recompute), fmt::format("{} of {} layers", plan.recomputed, plan.layers)});
  return table("a token, forward and backward", lines);
}

std::string run_text(const Plan& plan, const TrainConfig& config, const PlanOptions& options) {
  const Amount& amount = plan.amount;
  std::vector<Line> lines = {{"samples", fmt::format("{:.0f}", amount.samples), amount.from},
                             {"steps", fmt::format("{:.0f}", amount.steps), fmt::format("of {} {}", config.batch, config.batch_of)},
                             {"tokens", format_count(amount.tokens)},
                             {"operations", fmt::format("{:.3g} FLOP", amount.tokens * plan.flops.model()),
                              fmt::format("and {:.3g} computed again", amount.tokens * plan.flops.recompute)}};
  if (plan.seconds) {
    lines.push_back({"time", fmt::format("{:.1f} h", *plan.seconds / 3600),
                     fmt::format("{}, at {:.0f} % of its bf16 peak: {} tokens/s, MFU {:.0f} %", plan.place_name, 100 * options.share,
                                 format_count(amount.tokens / *plan.seconds),
                                 100 * options.share * plan.flops.model() / (plan.flops.model() + plan.flops.recompute))});
  }
  if (plan.busy_ranks < static_cast<double>(plan.place.ranks)) {
    const std::string packs = fmt::format("a step has {:.0f} pack{}", amount.packs, amount.packs == 1 ? "" : "s");
    lines.push_back({"ranks at work", fmt::format("{:.1f}", plan.busy_ranks), fmt::format("of {}: {}; raise batch, or ranks.context", plan.place.ranks, packs)});
  }
  return table("the run", lines);
}

}  // namespace

Plan make_plan(const TrainConfig& config, const PlanOptions& options) {
  const Planned planned = planned_model(config, options.shape);
  const Model& model = *planned.model;
  const Target target = target_of(config, options);
  check_ranks(model, config, target.place.ranks);
  const int64_t recomputed = planned_recompute(model, config, target.place);
  const bool holds = config.recompute_keeps == "attention";
  Amount amount = amount_of(config);
  const Counts counts = count_parameters(model, config.lora);
  Plan plan = {.model = fmt::format("{}, {} layers", model.architecture(), model.num_layers()), .from = planned.from, .layers = model.num_layers(),
               .counts = counts, .place = target.place, .place_name = target.gpu ? target.gpu->name : "this machine",
               .memory = rank_memory(model, config, target.place, recomputed),
               .activations = Activations(model, dtype_from(config.precision.weights), target.place.on_gpu, holds), .tokens = tokens_of_rank(model, config),
               .recomputed = recomputed, .flops = token_flops(model, counts, amount.text, {.recomputed = recomputed, .holds_attention = holds}), .amount = amount};
  // Each group of ranks has every N-th pack of a step.
  const auto groups = static_cast<double>(target.place.ranks / config.ranks.context);
  plan.busy_ranks = amount.packs / std::ceil(amount.packs / groups) * static_cast<double>(config.ranks.context);
  if (target.gpu) {
    plan.seconds = amount.tokens * (plan.flops.model() + plan.flops.recompute) / (target.gpu->flops * options.share * plan.busy_ranks);
  }
  plan.fits = plan.memory.total() <= target.place.bytes;
  if (!plan.fits) plan.advice = advice_for(model, config, target.place);
  return plan;
}

std::string plan_text(const Plan& plan, const TrainConfig& config, const PlanOptions& options) {
  std::string text = fmt::format("{}\nsizes: {}\n\n", plan.model, plan.from);
  text += parameters_text(plan) + memory_text(plan, config) + layers_text(plan, config.recompute_keeps == "attention") + flops_text(plan) + run_text(plan, config, options);
  if (plan.fits) return text;
  const std::string tried = fmt::format("recompute, ranks.zero and ranks.context up to {} ranks, a shorter data.context", kMostRanks);
  text += plan.advice.empty() ? "It does not fit, and nothing that was tried makes it: " + tried + "\n" : "What would make it fit, each line by itself:\n";
  for (const std::string& line : plan.advice) text += "  " + line + "\n";
  return text;
}

}  // namespace smooth
