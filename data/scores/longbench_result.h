// LongBench's numbers, and how they are written.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace smooth {

struct LongBenchResult {
  bool e = false;
  std::map<std::string, std::vector<double>> tasks;  // per cent; with `e` one for each bucket

  std::string json() const;  // the official result.json, its keys sorted
  // In words, a line for each bucket: the mean of the categories' means (the official leaderboard's) and the plain mean of the tasks.
  std::string averages() const;
};

}  // namespace smooth
