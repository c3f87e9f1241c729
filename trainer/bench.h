// How fast a model trains: whole optimizer steps on one pack of random tokens.
#pragma once

#include <string>

#include "configs/config.h"

namespace smooth {

// A JSON object of the fastest of the repeats, beside what this machine's matrix products reach in the same run.
std::string bench_train(const BenchConfig& config);

}  // namespace smooth
