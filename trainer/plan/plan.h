// What a run would take, worked out before it begins: parameters, memory of a rank, floating point operations, time; whether it fits, and
// what would make it fit. No weights are read and no device is opened.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "configs/config.h"
#include "trainer/plan/amount.h"
#include "trainer/plan/costs.h"
#include "trainer/plan/gpus.h"
#include "trainer/plan/rank_memory.h"

namespace smooth {

struct PlanOptions {
  std::string gpu;    // empty: an H100 for device: cuda, this machine for device: cpu
  std::string shape;  // empty: as the config says
  int64_t ranks = 0;  // 0: as few as ranks.context needs
  double share = 0.4; // of the peak that the run is taken to reach, layers computed again included
};

struct Plan {
  std::string model, from;  // "SWA-4096, 36 layers"; where its sizes come from
  int64_t layers = 0;
  Counts counts;
  PlannedPlace place;
  std::string place_name;   // "H100", "this machine"
  RankMemory memory;
  Activations activations;
  int64_t tokens = 0;       // of a rank's stretch of a pack
  int64_t recomputed = 0;
  TokenFlops flops;
  Amount amount;
  double busy_ranks = 1;              // that have something to do, on the average of a step
  std::optional<double> seconds;      // on a GPU
  bool fits = false;
  std::vector<std::string> advice;    // each alone makes it fit; empty where it fits
};

// Throws when the options or the ranks do not go with the config.
Plan make_plan(const TrainConfig& config, const PlanOptions& options = {});
std::string plan_text(const Plan& plan, const TrainConfig& config, const PlanOptions& options = {});

}  // namespace smooth
