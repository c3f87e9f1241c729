// What is asked: datasets of tasks, and the score of an answer. It knows no model.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "configs/config.h"
#include "data/task.h"
#include "data/tokenizer.h"

namespace smooth {

// The tasks of one cell.
struct Dataset {
  std::string name;               // "hotpotqa"; of needles, their haystack
  std::optional<int64_t> length;  // in tokens, where all contexts have the same
  int64_t samples = 0;
  std::string checksum = {};      // of its file, where it has one
};

class Benchmark {
 public:
  virtual ~Benchmark() = default;

  virtual std::vector<Dataset> datasets(const EvalModelConfig& line) const = 0;
  // Tasks first, first + 1, ... of a dataset, in the order in which they are read. Their `length` is in the model's tokens.
  virtual std::vector<Task> tasks(const Dataset& dataset, int64_t first, int64_t count) const = 0;
  virtual int64_t tokens(const Dataset& dataset, int64_t first, int64_t count) const = 0;  // of those tasks' contexts, for progress
  // From 0 to 1. Only the final answer is scored: earlier summaries hold the value too and would pass by leakage.
  virtual double score(const Task& task, const std::string& answer) const = 0;
  // A cell's number from its samples' scores, per cent.
  virtual double summary(const std::vector<double>& scores) const = 0;
  // The same by length, of samples whose predictions say `lengths`; nothing where the benchmark has no such buckets or one is empty.
  virtual std::array<std::optional<double>, 3> by_length(const std::vector<double>& /*scores*/, const std::vector<double>& /*lengths*/) const { return {}; }
  virtual std::optional<std::string> code_backend(const Dataset& /*dataset*/) const { return {}; }  // by which it compares code, where it does
};

// `tokenizer` counts lengths. Throws, naming what is wrong with the benchmark's files.
std::unique_ptr<Benchmark> open_benchmark(const EvalConfig& config, std::shared_ptr<const Tokenizer> tokenizer);

}  // namespace smooth
