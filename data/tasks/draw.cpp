#include "data/tasks/draw.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>
#include <string>

namespace smooth {
namespace {

// splitmix64 (Steele, Lea, Flood 2014)
uint64_t mixed(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// Weight of a length x, 0 to 1, under the tilt; the heaviest has 1.
double weight(double tilt, double x) { return std::exp(tilt * (x - (tilt > 0 ? 1 : 0))); }

}  // namespace

int64_t shuffled(uint64_t seed, int64_t index, int64_t n) {
  if (index < 0 || index >= n) throw std::invalid_argument("shuffled: " + std::to_string(index) + " is not one of " + std::to_string(n));
  const auto half = static_cast<int>((std::bit_width(static_cast<uint64_t>(n - 1)) + 1) / 2);
  const uint64_t mask = (1ull << half) - 1;
  auto at = static_cast<uint64_t>(index);
  do {
    uint64_t left = at >> half, right = at & mask;
    for (uint64_t round = 0; round < 6; ++round) {
      const uint64_t next = left ^ (mixed(seed ^ mixed(right ^ round << 56)) & mask);
      left = right;
      right = next;
    }
    at = left << half | right;
  } while (at >= static_cast<uint64_t>(n));
  return static_cast<int64_t>(at);
}

std::vector<bool> thin_to_mean(const std::vector<int64_t>& lengths, int64_t mean) {
  std::vector<bool> kept(lengths.size(), true);
  if (lengths.empty()) return kept;
  const auto [shortest, longest] = std::minmax_element(lengths.begin(), lengths.end());
  if (mean <= *shortest || mean >= *longest) return kept;
  const double scale = static_cast<double>(*longest - *shortest), target = static_cast<double>(mean - *shortest) / scale;
  const auto x = [&](size_t i) { return static_cast<double>(lengths[i] - *shortest) / scale; };  // 0 ... 1
  const auto mean_under = [&](double tilt) {
    double sum = 0, weights = 0;
    for (size_t i = 0; i < lengths.size(); ++i) {
      const double w = weight(tilt, x(i));
      sum += w * x(i);
      weights += w;
    }
    return sum / weights;
  };
  double low = -500, high = 500;  // the mean rises with the tilt
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (mean_under(middle) < target ? low : high) = middle;
  }
  for (size_t i = 0; i < lengths.size(); ++i) {
    kept[i] = static_cast<double>(mixed(i) >> 11) * 0x1p-53 < weight(low, x(i));
  }
  return kept;
}

}  // namespace smooth
