#include "eval/report/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace smooth {
namespace {

// Room for rounding when a bound is a tick itself: a share of the distance between ticks.
constexpr double kSlack = 1e-9;

// The largest 1, 2 or 5 times a power of ten that is at most `value`, or the smallest that is at
// least it.
double round_down(double value) {
  const double power = std::pow(10, std::floor(std::log10(value) + kSlack));
  for (const double digit : {5.0, 2.0})
    if (digit * power <= value * (1 + kSlack)) return digit * power;
  return power;
}
double round_up(double value) {
  const double down = round_down(value);
  if (down >= value * (1 - kSlack)) return down;
  const double power = std::pow(10, std::floor(std::log10(down) + kSlack)),
               digit = std::round(down / power);
  return power * (digit == 1 ? 2 : digit == 2 ? 5 : 10);
}

// Apart by rounding alone: there are no round values between them.
bool nearly_equal(double low, double high) {
  return high - low <= kSlack * std::max(std::abs(low), std::abs(high));
}

std::vector<double> multiples(double step, double low, double high) {
  std::vector<double> out;
  const double first = std::ceil(low / step - kSlack);
  for (double i = first; i * step <= high + kSlack * step; ++i)
    out.push_back(i == 0 ? 0 : i * step);
  return out;
}

std::vector<double> powers(double base, double low, double high, size_t at_most) {
  const double first = std::ceil(std::log(low) / std::log(base) - kSlack);
  const double last = std::floor(std::log(high) / std::log(base) + kSlack);
  if (last < first) return {};
  const double stride = std::max(1.0, std::ceil((last - first + 1) / static_cast<double>(at_most)));
  std::vector<double> out;
  for (double i = first; i <= last; i += stride) out.push_back(std::pow(base, i));
  return out;
}

std::vector<double> decades(double low, double high, size_t at_most) {
  std::vector<double> fine;
  for (double value = round_up(low); value <= high * (1 + kSlack); value = round_up(value * 1.5))
    fine.push_back(value);
  return fine.size() <= at_most ? fine : powers(10, low, high, at_most);
}

}  // namespace

double Scale::operator()(double value) const {
  if (scaling == Scaling::kLinear) return from + (to - from) * (value - low) / (high - low);
  return from + (to - from) * std::log(value / low) / std::log(high / low);
}

std::vector<double> ticks(Scaling scaling, double low, double high, size_t at_most) {
  const bool log = scaling != Scaling::kLinear;
  if (!(low < high) || nearly_equal(low, high) || (log && low <= 0) || at_most < 2)
    throw std::invalid_argument(fmt::format("ticks of an axis from {} to {}", low, high));
  if (scaling == Scaling::kLog2) return powers(2, low, high, at_most);
  if (scaling == Scaling::kLog10) return decades(low, high, at_most);
  double step = round_up((high - low) / static_cast<double>(at_most));
  while (multiples(step, low, high).size() > at_most) step = round_up(step * 1.5);
  return multiples(step, low, high);
}

void widen(Scaling scaling, double& low, double& high) {
  if (scaling == Scaling::kLog2) {
    low = std::exp2(std::floor(std::log2(low) + kSlack));
    high = std::exp2(std::ceil(std::log2(high) - kSlack));
    if (low == high) high *= 2, low /= 2;
  } else if (scaling == Scaling::kLog10) {
    low = round_down(low);
    high = round_up(high);
    if (low == high) high = round_up(high * 1.5), low = round_down(low / 1.5);
  } else {
    if (nearly_equal(low, high)) high = low + (low == 0 ? 1 : std::abs(low));
    const double step = round_up((high - low) / 5);
    low = step * std::floor(low / step + kSlack);
    high = step * std::ceil(high / step - kSlack);
  }
}

std::string plain_number(double value) {
  if (value == 0) return "0";
  const double size = std::abs(value);
  if (size < 1e-3 || size >= 1e6) {
    const double power = std::floor(std::log10(size) + kSlack);
    return fmt::format("{:.3g}e{:.0f}", value / std::pow(10, power), power);
  }
  return fmt::format("{:.6g}", value);
}

}  // namespace smooth
