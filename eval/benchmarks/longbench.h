// LongBench as a benchmark: sixteen English tasks, of LongBench-E thirteen, each by its own metric.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "eval/benchmarks/benchmark.h"

namespace smooth {

class LongBench : public Benchmark {
 public:
  // Reads all files. Throws with file and line where one is not what it should be, and for tasks that LongBench does not have, listing them.
  LongBench(const LongBenchConfig& config, const Tokenizer& tokenizer);

  std::vector<Dataset> datasets(const EvalModelConfig& line) const override;
  std::vector<Task> tasks(const Dataset& dataset, int64_t first, int64_t count) const override;
  int64_t tokens(const Dataset& dataset, int64_t first, int64_t count) const override;
  double score(const Task& task, const std::string& answer) const override;
  double summary(const std::vector<double>& scores) const override;
  std::array<std::optional<double>, 3> by_length(const std::vector<double>& scores, const std::vector<double>& lengths) const override;
  std::optional<std::string> code_backend(const Dataset& dataset) const override;

 private:
  bool e_;
  std::string code_backend_;
  std::vector<std::string> names_;
  std::map<std::string, std::string> checksums_;
  std::map<std::string, std::vector<Task>> tasks_;  // of each, the longest first: the last readings of a run are short ones
};

}  // namespace smooth
