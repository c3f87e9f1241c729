// What stands beside results: with what they were computed.
#include "model/environment.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <nlohmann/json.hpp>

using namespace smooth;

TEST_CASE("an environment is an object of texts, with the commit where it is known", "[cpu]") {
  const auto told = [] { return nlohmann::json::parse(environment(at::Device(at::kCPU))); };
  unsetenv("SMOOTH_COMMIT");
  const nlohmann::json without = told();
  CHECK((without.contains("libtorch") && without.contains("cpu") && !without.contains("gpu") && !without.contains("commit")));
  for (const auto& [key, value] : without.items()) CHECK(value.is_string());
  setenv("SMOOTH_COMMIT", "0123abc-dirty", 1);
  CHECK(told().at("commit") == "0123abc-dirty");
  unsetenv("SMOOTH_COMMIT");
}
