// The data of a training run, tokenised once: opens the cache that there is, or makes it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "configs/config.h"
#include "data/layout.h"
#include "data/training/token_cache.h"

namespace smooth {

// The cache of `config.files` in FOLDER/HASH, HASH being of all that ids follow from: the files, the tokenizer's files, chat template and
// loss. FOLDER is `config.cache`, or `otherwise`. Of processes that start at once one makes it and the others wait. A damaged cache
// is made again, and standard error says so. 0 threads: as many as there are cores.
std::shared_ptr<const TokenCache> tokenise_once(const TrainDataConfig& config, const Layout& layout, const std::filesystem::path& otherwise,
                                                int64_t threads = 0);

}  // namespace smooth
