// Lines through measured points, by least squares. All throw std::invalid_argument for points that leave them open.
#pragma once

#include <cstdint>
#include <vector>

#include "eval/cell.h"

namespace smooth {

struct Measured {
  double x = 0, y = 0;
};

// e of y ~ x^e: the slope of log y against log x. Points above 0, two different x.
double exponent(const std::vector<Measured>& points);

// r of y = r x. One x that is not 0.
double rate(const std::vector<Measured>& points);

// y = at_zero + slope x. Two different x.
struct StraightLine {
  double at_zero = 0, slope = 0;
  double operator()(double x) const { return at_zero + slope * x; }
};
StraightLine straight_line(const std::vector<Measured>& points);

// Seconds that a token costs: p_r of those taken in, d_r of those written.
struct Rates {
  double prefill = 0, decode = 0;
  double beta() const { return decode / prefill; }
};

// Of the cells' own clocks over their own tokens. At least one cell with tokens of both kinds.
Rates rates_of(const std::vector<const Cell*>& cells);

// g: tokens written on a chunk, where a reading of l tokens has l / c of them. Needs a chunk and counted contexts.
double written_per_chunk(const Cell& cell);

// What smooth reading of one of the cell's contexts to its end takes: T_SR = (1 + g beta / c) l p_r (arXiv 2507.19353), l the context alone.
double predicted_seconds(const Rates& rates, const Cell& cell);

// What it took: the engine's clocks, per reading.
double read_seconds(const Cell& cell);

}  // namespace smooth
