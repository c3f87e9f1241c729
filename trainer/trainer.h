// The training run: loader -> loss -> AdamW, checkpoints that resume bit for bit, one line a step.
#pragma once

#include <memory>

#include "configs/config.h"
#include "configs/run.h"
#include "data/dataset.h"
#include "data/tokenizer.h"
#include "model/model.h"
#include "trainer/adamw.h"

namespace smooth {

// What one optimizer step was.
struct StepReport {
  int64_t step = 0;  // from 1
  double loss = 0, norm = 0, lr = 0, seconds = 0;
  int64_t tokens = 0, targets = 0;
};

class Trainer {
 public:
  // Loads data and model, and the newest finished checkpoint of the run folder if it has one. Throws when the folder
  // holds another run (its config.yaml differs).
  explicit Trainer(const TrainConfig& config);

  // Trains to the last step, from wherever the run is; does nothing when it is finished.
  void train();

 private:
  StepReport step(int64_t index);
  void save(int64_t step);
  void prune();  // removes checkpoints that are older than those to keep
  void resume();
  void log(const StepReport& report, Progress& progress);
  std::string folder_of(int64_t step) const;

  TrainConfig config_;
  FolderLock lock_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<Loader> loader_;
  std::unique_ptr<AdamW> optimizer_;
  int64_t done_ = 0, steps_ = 0;
};

// Has this very run (config and inputs) reached its last step, so that nothing is left to be done?
bool is_complete(const TrainConfig& config);

// Deletes the run folder if it holds a run of another config or of other inputs than this one.
void remove_other_run(const TrainConfig& config);

}  // namespace smooth
