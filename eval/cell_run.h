// One cell of an evaluation while it is read: a model line on a dataset, wave by wave.
//
//   OUT/pred/CELL.jsonl     LongBench's fields (pred, answers, all_classes, length) with _id, mode, trace, score, tokens, seconds; of a reading
//                           that failed no score, and the reason as error
//   OUT/traces/CELL.jsonl   the transcripts
//   OUT/waves/CELL.jsonl    clock and memory readings, one line per wave
//   OUT/inputs/CELL.json    what the cell depends on
//
// CELL is LINE.LENGTH, or LINE/DATASET where contexts have lengths of their own, so that a folder pred/LINE is what LongBench's own script
// takes. A wave is `rows` readings side by side, always the same tasks: a run that was killed and started again computes the same bits as one
// that was not, and so do shards that share the waves.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "configs/config.h"
#include "configs/run.h"
#include "data/layout.h"
#include "eval/benchmarks/benchmark.h"
#include "eval/cell.h"
#include "model/model.h"

namespace smooth {

// Which waves: of every `of` the one with this index. A part of an evaluation that several jobs share.
struct Shard {
  int64_t index = 0, of = 1;

  static Shard from_text(const std::string& text);  // "2/8": index 2 of 0 to 7; throws what was expected
  std::filesystem::path folder(const std::filesystem::path& out) const;  // OUT, or OUT/shards/2-of-8
};

class CellRun {
 public:
  CellRun(const EvalConfig& config, const EvalModelConfig& line, Dataset dataset, const std::string& weights, const Shard& shard);

  // Finds what earlier runs have finished, whole waves only. Throws, or deletes with `replace`, what another config left.
  void find_done(bool replace);
  void run(const Model& model, const Layout& layout, const Benchmark& benchmark, Progress& progress);
  Cell cell(const Model& model, const Benchmark& benchmark) const;

  int64_t tokens(const Benchmark& benchmark) const;       // of all its waves
  int64_t tokens_done(const Benchmark& benchmark) const;

  // Puts the waves of all shards in order, from their folders into this one. Throws when one of them has not finished or is of other inputs.
  void merge(int64_t shards);

 private:
  std::filesystem::path file(const std::string& folder, const std::string& ending) const { return out_ / folder / (name_ + ending); }
  int64_t first(int64_t wave) const { return (shard_.index + wave * shard_.of) * config_.rows; }  // task of its wave-th
  int64_t count(int64_t wave) const;                                                              // tasks
  int64_t lines(int64_t waves) const;
  int64_t whole_waves(const std::string& folder) const;
  int64_t tokens(const Benchmark& benchmark, int64_t waves) const;
  std::string inputs_json() const;
  void wave(const Model& model, const Layout& layout, const Benchmark& benchmark, Progress& progress);

  const EvalConfig& config_;
  const EvalModelConfig& line_;
  Dataset dataset_;
  Shard shard_;
  std::filesystem::path out_;
  std::string name_, weights_;
  int64_t waves_, done_ = 0;
};

}  // namespace smooth
