// Lines through points whose answer is known.
#include <catch2/catch.hpp>

#include "eval/report/fit.h"

using namespace smooth;

namespace {

// A reading of l tokens a task, taken in at p_r and written at d_r seconds a token, g tokens a chunk of c.
Cell clocked(int64_t l, int64_t c, int64_t g, double p_r, double d_r, int64_t n = 10) {
  Cell cell{.model = "swa",
            .architecture = "SWA-128",
            .mode = "sr",
            .benchmark = "niah",
            .dataset = "sentences",
            .length = l,
            .window = 128,
            .chunk = c,
            .early_stop = false};
  cell.n = n;
  cell.context_tokens = cell.prefill_tokens = l * n;
  cell.decode_tokens = l / c * g * n;
  cell.prefill_seconds = p_r * static_cast<double>(cell.prefill_tokens);
  cell.decode_seconds = d_r * static_cast<double>(cell.decode_tokens);
  return cell;
}

}  // namespace

TEST_CASE("an exponent, a rate and a straight line of exact points", "[fit]") {
  CHECK(exponent({{2, 12}, {4, 48}, {8, 192}}) == Approx(2));
  CHECK(exponent({{1, 5}, {10, 50}}) == Approx(1));
  CHECK(exponent({{1, 3}, {2, 3}, {4, 3}}) == Approx(0).margin(1e-12));
  CHECK(rate({{1, 3}, {2, 6}, {0, 0}}) == Approx(3));
  CHECK(rate({{1, 1}, {1, 3}}) == Approx(2));
  const StraightLine line = straight_line({{0, 5}, {1, 7}, {3, 11}});
  CHECK(line.at_zero == Approx(5));
  CHECK(line.slope == Approx(2));
  CHECK(line(10) == Approx(25));
  // Least squares of (0, 0), (1, 1), (2, 0): level at a third.
  const StraightLine level = straight_line({{0, 0}, {1, 1}, {2, 0}});
  CHECK(level.slope == Approx(0).margin(1e-12));
  CHECK(level.at_zero == Approx(1.0 / 3));
}

TEST_CASE("points that leave a line open are refused", "[fit]") {
  CHECK_THROWS_AS(exponent({{1, 0}, {2, 1}}), std::invalid_argument);
  CHECK_THROWS_AS(exponent({{4, 1}, {4, 2}}), std::invalid_argument);
  CHECK_THROWS_AS(rate({{0, 1}}), std::invalid_argument);
  CHECK_THROWS_AS(rate({}), std::invalid_argument);
  CHECK_THROWS_AS(straight_line({}), std::invalid_argument);
  CHECK_THROWS_AS(straight_line({{1, 2}}), std::invalid_argument);
}

TEST_CASE("the formula of reading by chunks gives back the seconds of cells that follow it", "[fit]") {
  const Cell one = clocked(4096, 64, 20, 1e-4, 5e-3), other = clocked(4096, 256, 31, 1e-4, 5e-3);
  const Rates rates = rates_of({&one});
  CHECK(rates.prefill == Approx(1e-4));
  CHECK(rates.decode == Approx(5e-3));
  CHECK(rates.beta() == Approx(50));
  CHECK(written_per_chunk(other) == Approx(31));
  // (1 + 31 * 50 / 256) * 4096 * 1e-4
  CHECK(predicted_seconds(rates, other) == Approx(2.8896));
  CHECK(read_seconds(other) == Approx(2.8896));
  const Cell slower = clocked(4096, 64, 20, 3e-4, 15e-3);
  CHECK(rates_of({&one, &slower}).prefill == Approx(2e-4));
  Cell empty = clocked(4096, 64, 0, 1e-4, 5e-3);
  CHECK_THROWS_AS(rates_of({&empty}), std::invalid_argument);
  empty.n = 0;
  CHECK_THROWS_AS(read_seconds(empty), std::invalid_argument);
  empty.chunk.reset();
  CHECK_THROWS_AS(written_per_chunk(empty), std::invalid_argument);
}
