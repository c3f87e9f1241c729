#include "data/scores/longbench_result.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <set>

#include "data/scores/longbench.h"

namespace smooth {
namespace {

// As Python writes a float: the shortest digits that give it back, and at least one behind the point.
std::string python_repr(double value) {
  if (std::isnan(value)) return "NaN";
  std::array<char, 32> text{};
  const std::string digits(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
  return digits.find('.') == digits.npos ? digits + ".0" : digits;
}

std::string two_decimals(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f", value);
  return text.data();
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// One bucket of LongBench-E, or all of LongBench.
std::string averages_of(const LongBenchResult& result, size_t bucket) {
  std::set<std::string> all_categories;
  std::map<std::string, std::vector<double>> categories;
  std::vector<double> scores, means;
  std::string missing;
  size_t expected = 0;
  for (const LongBenchTask& task : longbench_tasks()) {
    if (result.e && task.total_e() == 0) continue;
    ++expected;
    all_categories.insert(task.category);
    const auto found = result.tasks.find(task.name);
    if (found == result.tasks.end() || std::isnan(found->second[bucket])) {
      missing += (missing.empty() ? "; missing: " : ", ") + std::string(task.name);
      continue;
    }
    scores.push_back(found->second[bucket]);
    categories[task.category].push_back(scores.back());
  }
  if (scores.empty()) return "no task has a score";
  for (const auto& [name, values] : categories) means.push_back(mean(values));
  const auto part = [](size_t some, size_t all) { return std::to_string(some) + (some < all ? " of " + std::to_string(all) : ""); };
  return two_decimals(mean(means)) + " over " + part(means.size(), all_categories.size()) + " categories, " + two_decimals(mean(scores)) + " over " +
         part(scores.size(), expected) + " tasks" + missing;
}

}  // namespace

std::string LongBenchResult::json() const {
  std::string text;
  for (const auto& [name, values] : tasks) {
    text += (text.empty() ? "{\n    \"" : ",\n    \"") + name + "\": ";
    if (!e) {
      text += python_repr(values[0]);
      continue;
    }
    for (size_t i = 0; i < values.size(); ++i) text += (i == 0 ? "{\n        \"" : ",\n        \"") + kBuckets[i] + "\": " + python_repr(values[i]);
    text += "\n    }";
  }
  return text + "\n}";
}

std::string LongBenchResult::averages() const {
  if (!e) return "LongBench, mean: " + averages_of(*this, 0) + "\n";
  std::string text;
  for (size_t i = 0; i < kBuckets.size(); ++i) text += "LongBench-E " + kBuckets[i] + ", mean: " + averages_of(*this, i) + "\n";
  return text;
}

}  // namespace smooth
