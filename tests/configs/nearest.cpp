#include "configs/nearest.h"

#include <catch2/catch.hpp>

using smooth::nearest;

TEST_CASE("nearest: slips of the keyboard") {
  const std::vector<std::string> keys = {"lr",    "min_lr", "weight_decay",
                                         "beta1", "beta2",  "warmup_steps"};
  CHECK(nearest("lrr", keys) == "lr");
  CHECK(nearest("rl", keys) == "lr");  // swapped: one slip
  CHECK(nearest("wieght_decay", keys) == "weight_decay");
  CHECK(nearest("weigth-dcay", keys) == "weight_decay");
  CHECK(nearest("Beta2", keys) == "beta2");
  CHECK(nearest("warmup", keys) == "warmup_steps");
  CHECK(nearest("total_warmup_steps", keys) == "warmup_steps");
}

TEST_CASE("nearest: nothing rather than a wild guess") {
  const std::vector<std::string> keys = {"lr", "min_lr", "weight_decay"};
  CHECK(nearest("x", keys).empty());
  CHECK(nearest("momentum", keys).empty());
  CHECK(nearest("ab", keys).empty());
  CHECK(nearest("x", {"k"}).empty());  // one slip, but nothing in common
  CHECK(nearest("", keys).empty());
  CHECK(nearest("lr", {}).empty());
  CHECK(smooth::did_you_mean("").empty());
  CHECK(smooth::did_you_mean("lr") == "; did you mean lr?");
}
