// How many at a time, and how long between.
#include "data/teachers/pace.h"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace smooth;

namespace {
Pace::Clock::time_point at(int64_t seconds) { return Pace::Clock::time_point() + std::chrono::seconds(seconds); }
}  // namespace

TEST_CASE("a busy server halves what is in flight, answers add one a round", "[cpu][chat]") {
  Pace pace(64, 1, 60);
  CHECK(pace.limit() == 64);
  pace.answered();
  CHECK(pace.limit() == 64);  // the most that the config allows
  pace.busy(at(1), at(5));
  CHECK(pace.limit() == 32);
  pace.busy(at(2), at(6));  // sent before the halving: one crowd, one halving
  pace.busy(at(4), at(6));
  CHECK(pace.limit() == 32);
  pace.busy(at(5), at(7));
  CHECK(pace.limit() == 16);
  for (int i = 0; i < 17; ++i) pace.answered();
  CHECK(pace.limit() == 17);
  for (int i = 0; i < 18; ++i) pace.answered();
  CHECK(pace.limit() == 18);
  for (int64_t second = 10; second < 30; ++second) pace.busy(at(second), at(second));
  CHECK(pace.limit() == 1);  // never none
  for (int i = 0; i < 5000; ++i) pace.answered();
  CHECK(pace.limit() == 64);
}

TEST_CASE("waits double up to the longest, and are drawn below that", "[cpu][chat]") {
  Pace pace(1, 0.5, 4);
  const double bounds[] = {0.5, 1, 2, 4, 4, 4};
  for (int64_t tries = 1; tries <= 6; ++tries) {
    double least = 1e9, most = 0;
    for (int i = 0; i < 400; ++i) {
      const double wait = pace.wait(tries);
      least = std::min(least, wait);
      most = std::max(most, wait);
    }
    INFO(tries);
    CHECK(least >= 0);
    CHECK(least < 0.1 * bounds[tries - 1]);
    CHECK(most <= bounds[tries - 1]);
    CHECK(most > 0.9 * bounds[tries - 1]);
  }
  CHECK(pace.wait(1000) <= 4);
}
