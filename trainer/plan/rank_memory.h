// What a run keeps in one rank's memory, part by part, worked out before it begins; and how many layers to compute again so that it fits.
#pragma once

#include <cstdint>
#include <optional>

#include "configs/config.h"
#include "trainer/plan/costs.h"

namespace smooth {

// Bytes. Weights, gradients and AdamW's state are what trainer/buckets.h and trainer/adamw.h keep to the byte, but for padding.
struct RankMemory {
  double weights = 0;      // of the forward and backward pass
  double frozen = 0;       // LoRA: a copy of the matrices that have adapters
  double master = 0;       // where they are not the weights themselves
  double moments = 0;
  double gradients = 0;    // with ZeRO 2 this rank's share
  double travelling = 0;   // what the ranks' sums are made in
  double activations = 0;  // of a pack as long as data.context
  double at_work = 0;      // the larger of what the loss and what a layer's backward pass makes and drops
  double reserve = 0;      // the device's libraries, and what lies unused between tensors

  double kept() const { return weights + frozen + master + moments + gradients; }  // from step to step
  double total() const { return kept() + travelling + activations + at_work + reserve; }
};

// Where a run is planned for.
struct PlannedPlace {
  int64_t ranks = 1;
  bool on_gpu = true;
  double bytes = 0;  // of a rank's memory; 0: not known
};

int64_t tokens_of_rank(const Model& model, const TrainConfig& config);  // of a full pack
RankMemory rank_memory(const Model& model, const TrainConfig& config, const PlannedPlace& place, int64_t recomputed);

// The fewest layers to compute again with which the run fits into a share of place.bytes; nothing where it does not even with all.
std::optional<int64_t> layers_to_recompute(const Model& model, const TrainConfig& config, const PlannedPlace& place, double share = 1);

// The layers that a run computes again. Where the config leaves it open, the fewest with which it takes nine tenths of place.bytes, as a plan
// does not see everything; all where it takes more even so.
int64_t planned_recompute(const Model& model, const TrainConfig& config, const PlannedPlace& place);

}  // namespace smooth
