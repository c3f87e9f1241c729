// The training run: loader -> loss -> AdamW, on one rank or many; checkpoints that resume bit for bit, one line a step.
#pragma once

#include <memory>
#include <optional>

#include "configs/config.h"
#include "configs/run.h"
#include "data/training/dataset.h"
#include "data/tokenizer.h"
#include "model/model.h"
#include "trainer/adamw.h"
#include "trainer/buckets.h"
#include "trainer/checkpoints.h"
#include "trainer/context.h"
#include "trainer/journal.h"
#include "trainer/lora.h"
#include "trainer/plan/costs.h"
#include "trainer/ranks.h"

namespace smooth {

// How a call of train() ended: at the last step, or because a signal asked for it, with all saved.
enum class Ended { complete, asked };

class Trainer {
 public:
  // Loads data and model, and the newest finished checkpoint of the run folder if it has one. Throws when the folder holds another run
  // (its config.yaml or inputs.json differ) of which a step is told.
  Trainer(const TrainConfig& config, Ranks& ranks, const Place& place = {});

  // Trains to the last step, from wherever the run is; does nothing when it is finished.
  Ended train();

 private:
  void claim_folder(const at::Device& device);
  void open_data();
  void open_model(const at::Device& device);
  void plan_recompute();
  StepReport step(int64_t index);
  StepReport profiled_step(int64_t index);
  at::Tensor add_pass(const Batch& pack);
  int64_t kept_bytes() const;
  double heldout_loss();
  void resume();
  void save(const std::string& trouble);
  void stop_if_not_finite(const StepReport& report, const std::vector<Batch>& packs) const;

  TrainConfig config_;
  Ranks& ranks_;
  std::optional<FolderLock> lock_;  // the first rank's
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<Loader> loader_, heldout_;
  std::unique_ptr<Lora> lora_;  // null: the weights themselves are trained
  std::unique_ptr<Buckets> buckets_;
  std::unique_ptr<AdamW> optimizer_;
  std::unique_ptr<ContextGroup> context_;
  std::unique_ptr<Checkpoints> checkpoints_;
  Counts counts_;
  Pass pass_;  // how many layers are computed again
  Standing at_;
  bool asked_ = false;  // some rank was asked to stop
};

// Has a step of the run in this folder been told or saved? Else it is nobody's yet.
bool has_begun(const std::filesystem::path& run);

// Has this very run (config and inputs) reached its last step, so that nothing is left to be done?
bool is_complete(const TrainConfig& config);

// Deletes the run folder if it holds a run of another config or of other inputs than this one.
void remove_other_run(const TrainConfig& config);

constexpr int kAskedToStop = 75;  // EX_TEMPFAIL: a program's status when it was asked to stop, and the same command goes on

// From now on SIGTERM and SIGUSR1 end this process at once with kAskedToStop, and once train() has begun ask the run to save and end.
void stop_on_signals();

}  // namespace smooth
