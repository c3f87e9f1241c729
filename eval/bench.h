// How fast a model takes text in and writes it, as readings would make it do so: through the engine.
#pragma once

#include <string>

#include "configs/config.h"

namespace smooth {

// `what`: "prefill" (taking the prompts in, to the logits of their last tokens) or "decode" (writing after them). A JSON object of
// the fastest of the repeats, beside what this machine's memory and matrix products reach in the same run.
std::string bench(const std::string& what, const BenchConfig& config);

}  // namespace smooth
