// An evaluation of every checkpoint of a training run, while it trains or afterwards: the points of its accuracy over the steps.
//
//   OUT/step-N/                 the evaluation of that checkpoint, as eval/run.h leaves it
//   OUT/step-N/watched.json     what it is of: checksums of the run, the checkpoint and the evaluation's config
//   OUT/step-N/checkpoint/      the checkpoint, held for as long as its evaluation is not done
//   RUN/accuracies.jsonl        all steps' accuracies (eval/accuracies.h), and the same for TensorBoard in RUN/events/NAME-OF-OUT
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "configs/config.h"
#include "configs/events.h"
#include "configs/run.h"
#include "eval/accuracies.h"

namespace smooth {

// The config of an evaluation whose lines all read the watched checkpoint: their `checkpoint` may be left out, and is not looked up.
EvalConfig load_watching(const std::string& file, const std::vector<std::string>& overrides);

class Watch {
 public:
  // With `replace`, steps of another run, of other weights or of another config are evaluated again; without it they are an error.
  Watch(EvalConfig config, const std::string& run, bool replace);

  // Evaluates the oldest checkpoint that waits, or passes it by, with a message, if it was removed meanwhile. False when none waits.
  bool next();
  bool complete() const { return complete_; }  // the run's last step has its results
  std::string waits_for() const;               // in words

 private:
  struct Mark;

  bool has_begun() const;
  std::filesystem::path folder(int64_t step) const;
  std::filesystem::path held(int64_t step) const { return folder(step) / "checkpoint"; }
  std::filesystem::path checkpoint(int64_t step) const;
  EvalConfig config_of(int64_t step, const std::filesystem::path& checkpoint) const;
  Mark mark_of(const std::filesystem::path& checkpoint) const;
  void find_steps();
  void refuse_other(int64_t step) const;
  bool is_done(int64_t step) const;
  bool hold(int64_t step) const;
  void pass_by(int64_t step) const;
  void evaluate_held(int64_t step) const;
  void publish(int64_t step);
  void look_whether_last(int64_t step);

  EvalConfig config_;
  std::filesystem::path run_;
  bool replace_;
  std::optional<FolderLock> lock_;
  std::set<int64_t> seen_, taken_;  // steps that have been there, and those whose turn is over
  bool complete_ = false;
  std::unique_ptr<EventFile> events_;
};

// Until the run's last step is evaluated, telling what it waits for.
void watch(const EvalConfig& config, const std::string& run, bool replace);

}  // namespace smooth
