// A run's checkpoints: folders step-N that are written beside training, checked when they are read, and kept as long as they are wanted.
#pragma once

#include <cstdint>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "configs/config.h"
#include "data/tokenizer.h"
#include "model/model.h"
#include "trainer/ranks.h"

namespace smooth {

// Where a run stands at a checkpoint: trainer.json.
struct Standing {
  int64_t step = 0, steps = 0;
  uint64_t seed = 0;
  int64_t best_step = 0;    // 0: none yet
  double best_loss = 0;     // held out
  int64_t ranks = 1;        // optimizer-0.safetensors .. optimizer-(ranks - 1).safetensors
  std::optional<double> heldout_loss = {};  // of this step, where it was asked; not in the file

  void meet(std::optional<double> loss);  // this step's held-out loss: it may be the best one
};

constexpr const char* kAdapters = "lora.safetensors";  // in a checkpoint of a run with LoRA, beside the merged weights

class Checkpoints {
 public:
  Checkpoints(const std::filesystem::path& run, const CheckpointConfig& config, Ranks& ranks);

  std::filesystem::path folder(int64_t step) const;
  // First rank: removes what a kill left: halves, and more than are kept.
  void tidy();
  // The newest finished one, or nothing. Throws when a file of it is missing or is not what was written, and names the one before it.
  std::optional<Standing> newest();
  std::vector<std::string> optimizer_files(const Standing& standing) const;

  // Writes model, adapters (none without LoRA), tokenizer and this rank's optimizer tensors; with `background` after this returns, from copies. Every rank calls it. A
  // failure is thrown, from here or from the next call of any, or told, as the config says. `trouble`, if not empty, is why there can be none.
  void save(const Standing& standing, const Model& model, const std::vector<Parameter>& adapters, const Tokenizer& tokenizer,
            const std::vector<Parameter>& optimizer, const std::string& trouble);
  // Throws what stops the run if a save in the background has met it.
  void look();
  // Until the last one is written. Throws if it could not be, whatever the config says: nothing after it holds what was trained.
  void finish();

 private:
  struct Contents;
  void write(const Contents& contents) const;
  void seal(const Standing& standing) const;
  void write_and_agree(Contents& contents);
  void prune(const Standing& standing) const;

  std::filesystem::path checkpoints_;
  CheckpointConfig config_;
  Ranks& ranks_;
  int64_t best_step_ = 0;  // first rank: of the checkpoints that are there, 0: none
  double best_loss_ = 0;
  std::future<void> writing_;
  std::string failed_;  // why the last one is not there; not while one is being written
};

}  // namespace smooth
