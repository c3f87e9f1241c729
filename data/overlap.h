// How much of a task stands in LongBench already, by shared 13-grams of words (arXiv:2005.14165, appendix C). A word is a run of
// letters, digits and underscores, in lower case; what is between words does not count. 13-grams are known by a hash of 64 bits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "data/task.h"

namespace smooth {

// A set of 64-bit hashes: filled, then sealed, then looked into.
class HashSet {
 public:
  void add(uint64_t hash) { hashes_.push_back(hash); }
  void seal();
  bool contains(uint64_t hash) const;
  size_t size() const { return hashes_.size(); }

 private:
  std::vector<uint64_t> hashes_;  // sorted, each once
  std::vector<uint32_t> begins_;  // of those with the same leading bits
};

// Shares, from 0 to 1.
struct Overlap {
  double question = 0;  // of the question with its first answer: 13-grams that a question of the benchmark has. Shorter than 13 words:
                        // 1 if a question of the benchmark with its answer is the same in whole. Without a question, of the answer's
  double context = 0;   // of the context: 13-grams that a context or a question of the benchmark has
};

// LongBench's files below a folder, TASK.jsonl and TASK_e.jsonl of its English tasks, and their bytes. Throws when there are none.
std::map<std::string, int64_t> benchmark_files(const std::filesystem::path& folder);

// LongBench's English tasks, standard and E. 8 bytes a 13-gram, while it is read up to three times that.
class Benchmark {
 public:
  // Throws where a line is not LongBench's, naming file and line, and where there are no files.
  explicit Benchmark(const std::filesystem::path& folder);

  // Tasks of which there are fewer samples than LongBench has, "qasper_e: 200 of 224", those of which there are none among them.
  const std::vector<std::string>& incomplete() const { return incomplete_; }

  Overlap of(const Task& task) const;
  int64_t samples() const { return samples_; }

 private:
  int64_t samples_ = 0;
  std::vector<std::string> incomplete_;
  HashSet questions_, contexts_;
};

}  // namespace smooth
