// Steps made ready ahead: the right ones, no more than asked for, errors where they belong, a clean end.
#include "data/training/read_ahead.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <mutex>
#include <stdexcept>
#include <string>

#include "data/random.h"

using namespace smooth;
using namespace std::chrono_literals;

namespace {

std::vector<Batch> step_of(int64_t index) {
  Batch batch;
  batch.add({{index, index + 1}, {0, 1}});
  return {batch};
}

// Until `true_now` is; a thread that never comes to it fails the test.
template <class Condition>
void await(const Condition& true_now) {
  for (int i = 0; i < 5000 && !true_now(); ++i) std::this_thread::sleep_for(1ms);
  REQUIRE(true_now());
}

}  // namespace

TEST_CASE("steps are made before they are asked for, and no more than are to be", "[cpu]") {
  std::mutex mutex;
  std::vector<int64_t> made;
  ReadAhead ahead(3, [&](int64_t index) {
    const std::lock_guard lock(mutex);
    made.push_back(index);
    return step_of(index);
  });
  const auto count = [&] {
    const std::lock_guard lock(mutex);
    return made.size();
  };
  std::this_thread::sleep_for(20ms);
  REQUIRE(count() == 0);  // nobody has said where to begin
  REQUIRE(ahead.take(7)[0].ids[0] == 7);
  await([&] { return count() == 4; });
  std::this_thread::sleep_for(20ms);
  REQUIRE(made == std::vector<int64_t>{7, 8, 9, 10});
  REQUIRE(ahead.take(8)[0].ids[0] == 8);
  await([&] { return count() == 5; });
  REQUIRE(ahead.take(2)[0].ids[0] == 2);  // back
  await([&] { return count() == 9; });
  std::this_thread::sleep_for(20ms);
  REQUIRE(made == std::vector<int64_t>{7, 8, 9, 10, 11, 2, 3, 4, 5});
}

TEST_CASE("an error reaches the caller at its own step, each time, and others are not harmed", "[cpu]") {
  ReadAhead ahead(4, [](int64_t index) {
    if (index % 5 == 3) throw std::runtime_error("step " + std::to_string(index));
    return step_of(index);
  });
  Random random(1);
  int thrown = 0;
  int64_t index = 0;
  for (int i = 0; i < 500; ++i) {
    if (index % 5 == 3) {
      REQUIRE_THROWS_WITH(ahead.take(index), "step " + std::to_string(index));
      ++thrown;
    } else {
      REQUIRE(ahead.take(index)[0].ids[0] == index);
    }
    index = random.below(3) == 0 ? static_cast<int64_t>(random.below(40)) : index + static_cast<int64_t>(random.below(2));
  }
  REQUIRE(thrown > 50);
}

TEST_CASE("it ends cleanly, whatever it is doing", "[cpu]") {
  std::atomic<int> running = 0, made = 0;
  for (int i = 0; i < 60; ++i) {
    {
      ReadAhead ahead(1 + i % 4, [&](int64_t index) {
        ++running;
        std::this_thread::sleep_for(std::chrono::microseconds(50 * (index % 7)));
        ++made;
        --running;
        return step_of(index);
      });
      if (i % 5 > 0) ahead.take(i);
      if (i % 2 > 0) std::this_thread::sleep_for(std::chrono::microseconds(30 * i));
    }
    REQUIRE(running == 0);
  }
  REQUIRE(made >= 48);
}
