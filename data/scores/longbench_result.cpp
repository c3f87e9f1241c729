#include "data/scores/longbench_result.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

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

std::string part(size_t some, size_t all) { return std::to_string(some) + (some < all ? " of " + std::to_string(all) : ""); }

std::string in_words(const LongBenchMeans& means) {
  if (means.tasks == 0) return "no task has a score";
  std::string missing;
  for (const std::string& task : means.missing) missing += (missing.empty() ? "; missing: " : ", ") + task;
  size_t categories = 0;
  for (const auto& [name, category] : means.categories) categories += category.tasks > 0;
  return two_decimals(means.of_categories) + " over " + part(categories, means.categories.size()) + " categories, " + two_decimals(means.of_tasks) + " over " +
         part(means.tasks, means.tasks + means.missing.size()) + " tasks" + missing;
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

LongBenchMeans LongBenchResult::means(size_t bucket) const {
  LongBenchMeans means;
  std::map<std::string, std::vector<double>> categories;
  std::vector<double> scores, of_categories;
  for (const LongBenchTask& task : longbench_tasks()) {
    if (e && task.total_e() == 0) continue;
    std::vector<double>& category = categories[task.category];
    const auto found = tasks.find(task.name);
    if (found == tasks.end() || std::isnan(found->second[bucket])) {
      means.missing.emplace_back(task.name);
      means.categories[task.category].whole = false;
      continue;
    }
    scores.push_back(found->second[bucket]);
    category.push_back(scores.back());
  }
  for (const auto& [name, values] : categories) {
    means.categories[name].tasks = values.size();
    if (values.empty()) continue;
    means.categories[name].mean = mean(values);
    of_categories.push_back(mean(values));
  }
  means.tasks = scores.size();
  if (scores.empty()) return means;
  means.of_categories = mean(of_categories);
  means.of_tasks = mean(scores);
  return means;
}

std::string LongBenchResult::averages() const {
  if (!e) return "LongBench, mean: " + in_words(means(0)) + "\n";
  std::string text;
  for (size_t i = 0; i < kBuckets.size(); ++i) text += "LongBench-E " + kBuckets[i] + ", mean: " + in_words(means(i)) + "\n";
  return text;
}

}  // namespace smooth
