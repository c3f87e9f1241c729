// LongBench's English tasks, and how each is scored.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace smooth {

struct LongBenchTask {
  const char* name;
  const char* category;
  const char* metric;  // of data/scores/metrics.h
  bool first_line;     // only a prediction's first line is scored
  int64_t samples;
  std::array<int64_t, 3> samples_e;  // LongBench-E's, in buckets; 0 where it lacks the task

  int64_t total_e() const { return samples_e[0] + samples_e[1] + samples_e[2]; }
};

const std::array<LongBenchTask, 16>& longbench_tasks();
const LongBenchTask* find_longbench_task(const std::string& name);  // null for another name

// LongBench-E reports by length in words: below 4,000, below 8,000, and longer.
inline const std::array<std::string, 3> kBuckets = {"0-4k", "4-8k", "8k+"};
size_t bucket(double length);
// LongBench-E's numbers from its samples' scores and lengths; NaN where a bucket is empty.
std::array<double, 3> bucket_averages(const std::vector<double>& scores, const std::vector<double>& lengths);

double longbench_score(const LongBenchTask& task, const std::string& prediction, const std::vector<std::string>& answers,
                       const std::vector<std::string>& classes, const std::string& code_backend);

}  // namespace smooth
