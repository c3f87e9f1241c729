#include "eval/report/fit.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace smooth {
namespace {

double mean(const std::vector<Measured>& points, double Measured::*member) {
  double sum = 0;
  for (const Measured& point : points) sum += point.*member;
  return sum / static_cast<double>(points.size());
}

double tasks(const Cell& cell) {
  if (cell.n <= 0) throw std::invalid_argument("a cell of " + cell.model + " has no tasks");
  return static_cast<double>(cell.n);
}

}  // namespace

double exponent(const std::vector<Measured>& points) {
  std::vector<Measured> logs;
  for (const Measured& point : points) {
    if (!(point.x > 0 && point.y > 0)) throw std::invalid_argument(fmt::format("exponent: no logarithm of ({}, {})", point.x, point.y));
    logs.push_back({std::log(point.x), std::log(point.y)});
  }
  return straight_line(logs).slope;
}

double rate(const std::vector<Measured>& points) {
  double xy = 0, xx = 0;
  for (const Measured& point : points) {
    xy += point.x * point.y;
    xx += point.x * point.x;
  }
  if (!(xx > 0)) throw std::invalid_argument("rate: no x that is not 0");
  return xy / xx;
}

StraightLine straight_line(const std::vector<Measured>& points) {
  if (points.empty()) throw std::invalid_argument("straight_line: no points");
  const double x = mean(points, &Measured::x), y = mean(points, &Measured::y);
  double xy = 0, xx = 0;
  for (const Measured& point : points) {
    xy += (point.x - x) * (point.y - y);
    xx += (point.x - x) * (point.x - x);
  }
  if (!(xx > 0)) throw std::invalid_argument("straight_line: all points have one x");
  return {y - xy / xx * x, xy / xx};
}

Rates rates_of(const std::vector<const Cell*>& cells) {
  std::vector<Measured> taken_in, written;
  for (const Cell* cell : cells) {
    taken_in.push_back({static_cast<double>(cell->prefill_tokens), cell->prefill_seconds});
    written.push_back({static_cast<double>(cell->decode_tokens), cell->decode_seconds});
  }
  return {rate(taken_in), rate(written)};
}

double written_per_chunk(const Cell& cell) {
  if (!cell.chunk || cell.context_tokens <= 0) throw std::invalid_argument("a cell of " + cell.model + " has no chunks");
  return static_cast<double>(cell.decode_tokens) * static_cast<double>(*cell.chunk) / static_cast<double>(cell.context_tokens);
}

double predicted_seconds(const Rates& rates, const Cell& cell) {
  const double l = static_cast<double>(cell.context_tokens) / tasks(cell), c = static_cast<double>(cell.chunk.value_or(0));
  return (1 + written_per_chunk(cell) * rates.beta() / c) * l * rates.prefill;
}

double read_seconds(const Cell& cell) { return (cell.prefill_seconds + cell.decode_seconds) / tasks(cell); }

}  // namespace smooth
