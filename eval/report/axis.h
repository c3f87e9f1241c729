// From values to pixels, and which values deserve a tick.
#pragma once

#include <string>
#include <vector>

namespace smooth {

enum class Scaling { kLinear, kLog2, kLog10 };

// Maps [low, high] to [from, to], linearly or by logarithm.
struct Scale {
  Scaling scaling = Scaling::kLinear;
  double low = 0, high = 1, from = 0, to = 1;
  double operator()(double value) const;
};

// At most `at_most` (two or more) round values inside [low, high], evenly spaced: steps of 1, 2 or
// 5 times a power of ten on a linear axis, powers of two, or powers of ten with their 2 and 5 where
// there is room.
std::vector<double> ticks(Scaling scaling, double low, double high, size_t at_most);

// [low, high] widened to the next round values, so that an axis begins and ends at a tick.
void widen(Scaling scaling, double& low, double& high);

// Shortest text: "0.25", "3e-4", "1200".
std::string plain_number(double value);

}  // namespace smooth
