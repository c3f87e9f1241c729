// Which documents make an optimizer step, and their batches. Everything is a function of the token cache, the config, the seed and the
// step's number, so a resumed run needs nothing but the number.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "configs/config.h"
#include "data/batch.h"
#include "data/training/packing.h"
#include "data/training/read_ahead.h"
#include "data/training/token_cache.h"

namespace smooth {

class Loader {
 public:
  // `batch` samples a step (their documents packed into as few packs as fit), or `batch` packs a step.
  Loader(std::shared_ptr<const TokenCache> tokens, const TrainDataConfig& config, int64_t batch, const std::string& batch_of, uint64_t seed);
  Loader(const Loader&) = delete;  // a thread reads ahead
  Loader& operator=(const Loader&) = delete;

  // The packs of step 0, 1, 2, ...: each at most `context` tokens, no document cut but by data.too_long: truncate.
  std::vector<Batch> step(int64_t index);
  int64_t steps_per_epoch() const { return steps_per_epoch_; }
  int64_t num_samples() const { return static_cast<int64_t>(samples_.size()); }

  // The same step in parts, for ranks that share it: its packs, and one of them read. Both from any thread.
  std::vector<Pack> packs(int64_t index) const;
  Batch read(const Pack& pack) const;
  // Ids of the samples in a step, each once.
  std::vector<std::string> samples_of(int64_t index) const;

 private:
  using Plan = std::vector<std::vector<Pack>>;  // packs of each step of an epoch
  int64_t length(int64_t document) const;       // that is trained on
  std::vector<int64_t> order(int64_t epoch) const;
  std::vector<Pack> packed(const std::vector<int64_t>& documents) const;
  Plan plan(int64_t epoch) const;
  std::shared_ptr<const Plan> planned(int64_t epoch) const;
  std::vector<Batch> made(int64_t index) const;

  std::shared_ptr<const TokenCache> tokens_;
  int64_t context_, batch_;
  bool by_packs_;
  std::string order_;
  uint64_t seed_;
  std::vector<int64_t> samples_;  // of the cache
  int64_t steps_per_epoch_ = 0;

  struct Planned {
    int64_t epoch = -1;
    std::shared_ptr<const Plan> plan;
  };
  mutable std::mutex mutex_;          // of planned_
  mutable Planned planned_[2];        // the newest first: reading ahead is an epoch further at times
  std::unique_ptr<ReadAhead> ahead_;  // last: its thread uses all of the above
};

}  // namespace smooth
