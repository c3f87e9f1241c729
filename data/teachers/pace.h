// How many requests may be in flight, and how long to wait before one is sent again. A busy server halves the number, each answer
// adds a little (additive increase, multiplicative decrease: as TCP shares a line), so it settles at what the server takes.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "data/random.h"

namespace smooth {

class Pace {
 public:
  using Clock = std::chrono::steady_clock;

  Pace(int64_t most, double first_wait, double longest_wait)
      : most_(static_cast<double>(most)), limit_(most_), first_wait_(first_wait), longest_wait_(longest_wait),
        random_(static_cast<uint64_t>(Clock::now().time_since_epoch().count())) {}  // only waits are drawn: no answer depends on it

  int64_t limit() const { return static_cast<int64_t>(limit_); }

  // One more for every round of answers.
  void answered() { limit_ = std::min(most_, limit_ + 1 / limit_); }

  // Half as many; but what was sent before the last halving says nothing about the number after it.
  void busy(Clock::time_point sent, Clock::time_point now) {
    if (sent < halved_) return;
    limit_ = std::max(1.0, limit_ / 2);
    halved_ = now;
  }

  // Seconds before try number `tries` + 1: anything up to a bound that doubles, so that those who failed together do not come
  // back together ("full jitter").
  double wait(int64_t tries) {
    double bound = first_wait_;
    for (int64_t i = 1; i < tries && bound < longest_wait_; ++i) bound *= 2;
    return random_.uniform() * std::min(bound, longest_wait_);
  }

 private:
  double most_, limit_, first_wait_, longest_wait_;
  Clock::time_point halved_{};
  Random random_;
};

}  // namespace smooth
