#include "configs/allowed.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace smooth {
namespace {

// 200000 rather than 2e5: limits are read by people.
std::string limit(double value) {
  return std::floor(value) == value && std::abs(value) < 1e9 ? fmt::format("{:.0f}", value)
                                                             : format_number(value);
}

}  // namespace

std::string format_number(double value) {
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  std::string number(text, end);
  for (const std::string padding : {"e-0", "e+0", "e+"}) {  // 4e-05 -> 4e-5, as people write it
    if (const size_t at = number.find(padding); at != std::string::npos)
      number.replace(at, padding.size(), padding[1] == '-' ? "e-" : "e");
  }
  return number;
}

std::string range_words(const Allowed& allowed) {
  const std::string low = allowed.low ? limit(*allowed.low) : "",
                    high = allowed.high ? limit(*allowed.high) : "";
  if (low.empty()) return high.empty() ? "" : "at most " + high;
  if (high.empty()) return (allowed.above ? "above " : "at least ") + low;
  return allowed.above ? fmt::format("above {} and at most {}", low, high)
                       : fmt::format("from {} to {}", low, high);
}

std::string allowed_words(const Allowed& allowed) {
  if (!allowed.choices.empty()) return fmt::format("{}", fmt::join(allowed.choices, ", "));
  if (allowed.must_exist) return "an existing path";
  return range_words(allowed);
}

}  // namespace smooth
