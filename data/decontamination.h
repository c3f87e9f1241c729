// Decontamination: which tasks stand in LongBench's test data already, told for every row, and left out where the config says so.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "configs/config.h"
#include "data/overlap.h"

namespace smooth {

class Decontamination {
 public:
  // Reads the benchmark. Without a config every task passes, uncounted.
  explicit Decontamination(const std::optional<DecontaminationConfig>& config);

  bool looks() const { return benchmark_.has_value(); }
  void begin_row(const std::string& row);
  bool passes(const Task& task);  // false: to be left out of the set

  // How many of the tasks that were tried overlap, by share, and how many were left out; of which files.
  nlohmann::ordered_json report() const;
  const std::vector<std::string>& incomplete() const { return benchmark_->incomplete(); }
  // The tasks that overlap at all, a line each: {row, id, question, context}.
  const std::string& lines() const { return lines_; }

 private:
  static constexpr std::array<double, 3> kShares = {0, 0.2, 0.8};  // more than the first; at least the others
  struct Row {
    std::string name;
    int64_t tasks = 0, removed = 0;
    std::array<int64_t, kShares.size()> questions{}, contexts{};
  };
  static void count(double share, std::array<int64_t, kShares.size()>& counts);
  bool is_removed(const Overlap& overlap) const;

  DecontaminationConfig config_;
  std::optional<Benchmark> benchmark_;
  std::vector<Row> rows_;
  std::string lines_;
};

}  // namespace smooth
