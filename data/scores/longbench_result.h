// LongBench's numbers, and how they are written.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace smooth {

// Averages over the tasks that have a score: of the categories' means (the official leaderboard's) and of the tasks.
struct LongBenchMeans {
  struct Category {
    double mean = 0;
    size_t tasks = 0;
    bool whole = true;  // no task of it is missing
  };
  std::map<std::string, Category> categories;
  double of_categories = 0, of_tasks = 0;
  size_t tasks = 0;
  std::vector<std::string> missing;
};

struct LongBenchResult {
  bool e = false;
  std::map<std::string, std::vector<double>> tasks;  // per cent; with `e` one for each bucket

  std::string json() const;  // the official result.json, its keys sorted
  LongBenchMeans means(size_t bucket) const;  // `bucket` is 0 without `e`
  // In words, a line for each bucket: both means.
  std::string averages() const;
};

}  // namespace smooth
