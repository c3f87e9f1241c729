#include <sys/resource.h>

#include "tests/model/support.h"

using namespace smooth;

TEST_CASE("memory that a tensor leaves is the next one's", "[cpu]") {
  const auto pages_taken = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
  };
  const auto fill = [] { at::ones({1 << 22}, at::TensorOptions(at::kFloat)); };  // 4096 pages
  prepare_process(1);
  // The first ones leave slivers behind them that keep a block from being used again: glibc sets seven aside of each of a few small sizes.
  for (int i = 0; i < 40; ++i) fill();
  const int64_t before = pages_taken();
  for (int i = 0; i < 10; ++i) fill();
  CHECK(pages_taken() - before < 1000);
}
