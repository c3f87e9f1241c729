// Needle in a haystack as a benchmark: yields tasks, scores answers. It knows no model.
#pragma once

#include <memory>
#include <vector>

#include "configs/config.h"
#include "data/niah.h"
#include "data/reading.h"
#include "data/scores/metrics.h"

namespace smooth {

class NiahBenchmark {
 public:
  NiahBenchmark(const EvalConfig& config, std::shared_ptr<const Tokenizer> tokenizer)
      : seed_(config.seed), niah_(config.niah, std::move(tokenizer)) {}

  std::vector<Task> tasks(int64_t length, int64_t first, int64_t count) const {
    std::vector<Task> tasks;
    for (int64_t i = first; i < first + count; ++i) tasks.push_back(niah_.task(seed_, length, i));
    return tasks;
  }
  // Only the final answer is scored: earlier summaries hold the value too and would pass by leakage.
  static double score(const Transcript& transcript) { return string_match_all(transcript.answer, transcript.answers); }

 private:
  uint64_t seed_;
  Niah niah_;
};

}  // namespace smooth
