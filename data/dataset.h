// Transcripts as token ids, and which of them make an optimizer step. Everything is a function of the files, the seed and
// the step's number, so a resumed run needs nothing but the number.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "configs/config.h"
#include "data/batch.h"
#include "data/layout.h"

namespace smooth {

// One transcript: a document for smooth and one-step reading, one per chunk for unsmooth reading.
struct Sample {
  std::string id;
  std::vector<Example> documents;
};

// Every transcript of the files, tokenised. Throws with file, line and id when one is malformed or a document is longer
// than `config.context`: nothing is cut or dropped in silence.
std::vector<Sample> load_samples(const TrainDataConfig& config, const Layout& layout);

class Loader {
 public:
  // `batch` samples a step (their documents packed into as few packs as fit), or `batch` packs a step.
  Loader(std::vector<Sample> samples, const TrainDataConfig& config, int64_t batch, const std::string& batch_of, uint64_t seed);
  Loader(Loader&&) = default;  // no copies: a plan points into the samples

  // The packs of step 0, 1, 2, ...: each at most `context` tokens, no document cut.
  std::vector<Batch> step(int64_t index);
  std::vector<std::string> samples_of(int64_t index);  // ids of the samples of a step
  int64_t steps_per_epoch() const { return steps_per_epoch_; }
  int64_t num_samples() const { return static_cast<int64_t>(samples_.size()); }

 private:
  using Pack = std::vector<const Example*>;
  std::vector<int64_t> order(int64_t epoch) const;
  std::vector<std::vector<Pack>> plan(int64_t epoch) const;

  std::vector<Sample> samples_;
  int64_t context_, batch_;
  bool by_packs_;
  std::string order_;
  uint64_t seed_;
  int64_t steps_per_epoch_ = 0, planned_epoch_ = -1;
  std::vector<std::vector<Pack>> plan_;  // steps of planned_epoch_
};

// Best fit: each document goes to the fullest pack that still has room, longest documents first.
std::vector<std::vector<const Example*>> best_fit(std::vector<const Example*> documents, int64_t context);

}  // namespace smooth
