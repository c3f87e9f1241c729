// The tiny LongBench as files.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "configs/config.h"
#include "data/tokenizer.h"

namespace smooth {

// Writes OUT/longbench/DATASET.jsonl of all sixteen tasks where it is not there as it should be, and gives back what a manifest says of them: a
// list of {dataset, file, samples, bytes, checksum}. Contexts have lengths drawn evenly from the config's; records follow from seed and dataset.
nlohmann::ordered_json build_tiny_longbench(const TinyBenchmarkConfig& config, int64_t seed, const Tokenizer& tokenizer, const std::filesystem::path& out);

}  // namespace smooth
