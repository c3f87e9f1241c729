#include "data/scores/average.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace smooth {

double python_round(double value) {
  std::array<char, 400> text{};  // the greatest double has 309 digits
  std::snprintf(text.data(), text.size(), "%.2f", value);
  return std::strtod(text.data(), nullptr);
}

double numpy_round(double value) { return std::nearbyint(value * 100) / 100; }

// numpy's loops_utils.h.src, pairwise_sum: eight sums side by side for up to 128 values, halves beyond.
double pairwise_sum(const double* values, size_t size) {
  if (size > 128) {
    const size_t half = size / 2 / 8 * 8;
    return pairwise_sum(values, half) + pairwise_sum(values + half, size - half);
  }
  size_t at = 0;
  double sum = 0;
  if (size >= 8) {
    std::array<double, 8> r{};
    for (; at + 8 <= size; at += 8) {
      for (size_t lane = 0; lane < 8; ++lane) r[lane] = at == 0 ? values[lane] : r[lane] + values[at + lane];
    }
    sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
  }
  for (; at < size; ++at) sum += values[at];
  return sum;
}

double plain_average(const std::vector<double>& scores) {
  double sum = 0;
  for (const double score : scores) sum += score;
  return python_round(100 * sum / static_cast<double>(scores.size()));
}

double bucket_average(const std::vector<double>& scores) {
  if (scores.empty()) return std::numeric_limits<double>::quiet_NaN();
  return numpy_round(100 * (pairwise_sum(scores.data(), scores.size()) / static_cast<double>(scores.size())));
}

}  // namespace smooth
