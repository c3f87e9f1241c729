// What becomes of samples that are longer than a forward pass.
#pragma once

#include <cstdint>
#include <vector>

#include "configs/config.h"
#include "data/training/token_cache.h"

namespace smooth {

// The samples of a cache that are trained on, in its order. A document of more than `config.context` tokens throws with file, line and
// id (stop); or its sample is left out (drop); or its first `context` tokens stay (truncate). With the last two, samples in which no
// target is left are left out too. What is left out or cut is told on standard error.
std::vector<int64_t> fitting_samples(const TokenCache& tokens, const TrainDataConfig& config);

}  // namespace smooth
