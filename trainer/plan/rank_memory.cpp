#include "trainer/plan/rank_memory.h"

#include <algorithm>

#include "model/checkpoint.h"
#include "trainer/buckets.h"

namespace smooth {
namespace {

constexpr double kGiB = 1 << 30;
// CUDA's context, the workspaces of cuBLAS and cuDNN, NCCL's buffers; and a share of the memory that lies unused between tensors.
constexpr double kLibraries = 2 * kGiB, kUnused = 0.03;
// The program, and the holes of a heap in which tensors below 32 MiB lie (prepare_process): from a quarter to as much again of what a pass
// allocates was seen. Larger ones leave none.
constexpr double kLibrariesOnCpu = 0.3 * kGiB, kUnusedOnCpu = 0.5;
// Of the head's logits in fp32: ops/head_loss.cpp.
constexpr double kPieceOnCpu = 16 << 20, kPieceOnGpu = 256 << 20;

constexpr double kPlanned = 0.9;  // of a place's memory

double size_of(const std::string& dtype) { return static_cast<double>(c10::elementSize(dtype_from(dtype))); }

// ops/head_loss.cpp: logits in fp32 and exp(z - max) beside them; and logits and their gradient in the weights' dtype, where that is
// another. On a GPU a sum in another dtype goes through a matrix [V, C] of its own; on the CPU a product in the weights' dtype.
double loss_at_work(const Model& model, int64_t tokens, double size, double gradient_size, bool trained, bool on_gpu) {
  const auto words = static_cast<double>(model.vocab_size()), table = static_cast<double>(model.head().numel());
  const double piece = std::min(std::max(on_gpu ? kPieceOnGpu : kPieceOnCpu, 16 * 4 * words), 4 * words * static_cast<double>(tokens));
  const bool same = size == gradient_size;
  return piece * (2 + (size < 4 ? size / 2 : 0)) + (trained && !same ? table * (on_gpu ? gradient_size : size) : 0);
}

// Numbers of a layer's largest matrix.
double largest_matrix(const Model& model) {
  double largest = 0;
  for (const Parameter& parameter : model.parameters()) {
    const bool table = parameter.name.find("embed") != std::string::npos || parameter.name == "lm_head.weight";
    if (!table) largest = std::max(largest, static_cast<double>(parameter.value.numel()));
  }
  return largest;
}

// Numbers of the buckets that lie in memory at once with ZeRO: those that travel, the one that is being filled, and a table, which has one of
// its own: a tied one's is filled throughout a pass.
double buckets_at_once(const Model& model, const TrainConfig& config, double gradient_size, double trained) {
  const double usual = static_cast<double>(config.ranks.bucket_mb << 20) / gradient_size;
  if (config.lora) return std::min(trained, (1 + Buckets::kTravelling) * usual);
  return std::min(trained, (1 + Buckets::kTravelling) * std::max(usual, largest_matrix(model)) + static_cast<double>(model.head().numel()));
}

}  // namespace

int64_t tokens_of_rank(const Model& model, const TrainConfig& config) {
  const int64_t tokens = (config.data.context + config.ranks.context - 1) / config.ranks.context;
  return config.ranks.context > 1 ? std::min(config.data.context, std::max(tokens, model.window() - 1)) : tokens;  // trainer/context.cpp
}

RankMemory rank_memory(const Model& model, const TrainConfig& config, const PlannedPlace& place, int64_t recomputed) {
  const Counts counts = count_parameters(model, config.lora);
  const auto all = static_cast<double>(counts.all()), trained = static_cast<double>(counts.trained), N = static_cast<double>(place.ranks);
  const int64_t zero = place.ranks > 1 ? config.ranks.zero : 0;
  const double size = size_of(config.precision.weights), gradient = size_of(config.precision.gradients), share = zero > 0 ? 1 / N : 1;
  // Adapters are fp32, and their own masters.
  const double master = config.lora ? 0 : size_of(config.precision.master);

  RankMemory memory;
  memory.weights = size * all + (config.lora ? 4 * trained : 0);
  memory.frozen = config.lora ? size * static_cast<double>(counts.adapted) : 0;
  memory.master = master > size ? master * trained * share : 0;
  memory.moments = 2 * size_of(config.precision.moments) * trained * share;
  memory.gradients = gradient * trained * (zero == 2 ? share : 1);
  // A rank's part of a sum; with ZeRO 2 whole gradients; and Gloo's sums are made of all ranks' parts (trainer/ranks.cpp).
  const double times = share + (zero == 2 ? 1 : 0) + (place.on_gpu ? 0 : 1);
  if (zero > 0) memory.travelling = times * gradient * buckets_at_once(model, config, gradient, trained);

  const Activations activations(model, dtype_from(config.precision.weights), place.on_gpu, config.recompute_keeps == "attention");
  const int64_t tokens = tokens_of_rank(model, config);
  memory.activations = activations.bytes(tokens, recomputed, config.ranks.context > 1);
  const double hidden = 2 * size * static_cast<double>(tokens * model.head().size(1));  // at targets, and their gradient
  const double backward = activations.working(tokens) + size * largest_matrix(model);  // its gradient, until it has been added
  memory.at_work = hidden + std::max(loss_at_work(model, tokens, size, gradient, !config.lora, place.on_gpu), backward);
  memory.reserve = place.on_gpu ? kLibraries + kUnused * place.bytes : kLibrariesOnCpu + kUnusedOnCpu * (memory.activations + memory.at_work);
  return memory;
}

std::optional<int64_t> layers_to_recompute(const Model& model, const TrainConfig& config, const PlannedPlace& place, double share) {
  for (int64_t layers = 0; layers <= model.num_layers(); ++layers) {
    if (rank_memory(model, config, place, layers).total() <= share * place.bytes) return layers;
  }
  return {};
}

int64_t planned_recompute(const Model& model, const TrainConfig& config, const PlannedPlace& place) {
  if (config.recompute) return std::min(*config.recompute, model.num_layers());
  return layers_to_recompute(model, config, place, kPlanned).value_or(model.num_layers());
}

}  // namespace smooth
