// The learning rate: linear warm-up, then a cosine to min_lr (SGDR without restarts, arXiv:1608.03983, equation 5).
#pragma once

#include <cmath>
#include <numbers>

#include "configs/config.h"

namespace smooth {

// Step 0, 1, ... of `steps`.
inline double learning_rate(const OptimConfig& config, int64_t step, int64_t steps) {
  if (step < config.warmup_steps) return config.lr * static_cast<double>(step + 1) / static_cast<double>(config.warmup_steps);
  const double span = static_cast<double>(std::max<int64_t>(1, steps - config.warmup_steps));
  const double done = std::min(1.0, static_cast<double>(step - config.warmup_steps) / span);
  // lr_t = lr_min + (lr_max - lr_min) (1 + cos(pi t / T)) / 2
  return config.min_lr + (config.lr - config.min_lr) * (1 + std::cos(std::numbers::pi * done)) / 2;
}

}  // namespace smooth
