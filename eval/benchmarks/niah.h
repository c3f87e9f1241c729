// Needle in a haystack as a benchmark.
#pragma once

#include <memory>
#include <numeric>
#include <vector>

#include "data/niah.h"
#include "data/scores/metrics.h"
#include "eval/benchmarks/benchmark.h"

namespace smooth {

class NiahBenchmark : public Benchmark {
 public:
  NiahBenchmark(const EvalConfig& config, std::shared_ptr<const Tokenizer> tokenizer) : config_(config), niah_(config.niah, std::move(tokenizer)) {}

  std::vector<Dataset> datasets(const EvalModelConfig& line) const override {
    std::vector<Dataset> datasets;
    for (const int64_t length : line.lengths.empty() ? config_.lengths : line.lengths) datasets.push_back({config_.niah.haystack, length, config_.samples});
    return datasets;
  }
  std::vector<Task> tasks(const Dataset& dataset, int64_t first, int64_t count) const override {
    std::vector<Task> tasks;
    for (int64_t i = first; i < first + count; ++i) tasks.push_back(niah_.task(config_.seed, *dataset.length, i));
    return tasks;
  }
  int64_t tokens(const Dataset& dataset, int64_t, int64_t count) const override { return count * *dataset.length; }
  double score(const Task& task, const std::string& answer) const override { return string_match_all(answer, task.answers); }
  double summary(const std::vector<double>& scores) const override {
    return 100 * std::accumulate(scores.begin(), scores.end(), 0.0) / static_cast<double>(scores.size());
  }

 private:
  EvalConfig config_;
  Niah niah_;
};

}  // namespace smooth
