// Needle in a haystack as a benchmark: tasks made here, or RULER's files.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/niah.h"
#include "data/tasks/ruler.h"
#include "eval/benchmarks/benchmark.h"

namespace smooth {

class NiahBenchmark : public Benchmark {
 public:
  // Reads the essays, or RULER's files of all lengths. Throws naming a file that is not what it should be or holds fewer tasks than are wanted.
  NiahBenchmark(const EvalConfig& config, std::shared_ptr<const Tokenizer> tokenizer);

  std::vector<Dataset> datasets(const EvalModelConfig& line) const override;  // its lengths, at each distance where there are such
  std::vector<Task> tasks(const Dataset& dataset, int64_t first, int64_t count) const override;
  int64_t tokens(const Dataset& dataset, int64_t, int64_t count) const override { return count * *dataset.length; }
  double score(const Task& task, const std::string& answer) const override;
  double summary(const std::vector<double>& scores) const override;

 private:
  EvalConfig config_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::optional<Niah> niah_;            // where tasks are made
  std::map<int64_t, RulerFile> files_;  // by length, where they are read
};

}  // namespace smooth
