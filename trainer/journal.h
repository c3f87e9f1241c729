// What a run tells of itself: metrics.jsonl and TensorBoard's events have every step, log.txt some, spikes.txt those whose loss leaps; and the
// progress line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "configs/config.h"
#include "configs/run.h"
#include "trainer/journal_files.h"

namespace smooth {

// What one optimizer step was, of all ranks together.
struct StepReport {
  int64_t step = 0;  // from 1
  double loss = 0, norm = 0, lr = 0, seconds = 0;
  int64_t tokens = 0, targets = 0;
  int64_t sent = 0;  // bytes, by the first rank to others
  double flops = 0;  // the model's, without what is computed again
  std::optional<double> heldout_loss = {};
};

class Journal {
 public:
  // Of a run that stands at step `step` of `steps`: what was told of later ones, which will be taken again, goes. `peak_flops`: a second,
  // of all ranks' GPUs together; 0 where it is not known, and no MFU is told.
  Journal(const TrainConfig& config, int64_t step, int64_t steps, double peak_flops);

  // `samples` gives the ids of the step's samples, for a spike.
  void tell(const StepReport& report, const std::function<std::vector<std::string>()>& samples);
  std::string flush() { return files_.flush(); }  // writes what waits for space on the disk; empty, or why it cannot
  void finish();

 private:
  void tell_spike(const StepReport& report, const std::function<std::vector<std::string>()>& samples);
  void remember(double loss);

  std::filesystem::path run_;
  double spike_, peak_flops_;
  int64_t log_every_;
  double mean_loss_ = 0;  // of the last steps, for spikes
  Progress progress_;
  JournalFiles files_;
};

}  // namespace smooth
