// Against draws of the real Python: tests/golden/python_random.py.
#include "data/random.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <fstream>

using namespace smooth;
using nlohmann::json;

namespace {

void check_draws(Random random, const json& expected) {
  for (const auto& word : expected["words"]) REQUIRE(random.getrandbits(32) == word.get<uint32_t>());
  for (const auto& [bits, value] : expected["bits"].get<std::vector<std::pair<int, std::string>>>()) {
    INFO(bits << " bits");
    REQUIRE(std::to_string(random.getrandbits(bits)) == value);
  }
  for (const auto& value : expected["uniform"]) REQUIRE(random.uniform() == std::stod(value.get<std::string>()));
  for (const auto& [n, value] : expected["below"].get<std::vector<std::pair<std::string, std::string>>>()) {
    INFO("below " << n);
    REQUIRE(std::to_string(random.below(std::stoull(n))) == value);
  }
  for (const auto& row : expected["randint"]) REQUIRE(random.randint(row[0], row[1]) == row[2].get<int64_t>());
  for (const auto& row : expected["sample"]) {
    INFO("sample " << row[1] << " of " << row[0]);
    REQUIRE(random.sample(row[0], row[1]) == row[2].get<std::vector<int64_t>>());
  }
  std::vector<int> items(50);
  for (int i = 0; i < 50; ++i) items[i] = i;
  random.shuffle(items);
  REQUIRE(items == expected["shuffle"].get<std::vector<int>>());
  std::vector<int> choices(617);
  for (int i = 0; i < 617; ++i) choices[i] = i;
  for (const auto& value : expected["choice"]) REQUIRE(random.choice(choices) == value.get<int>());
  for (const auto& value : expected["uuids"]) REQUIRE(random.uuid4() == value.get<std::string>());
  for (int i = 0; i < 5000; ++i) random.word();
  REQUIRE(random.word() == expected["late"].get<uint32_t>());
}

}  // namespace

TEST_CASE("every draw equals Python's", "[cpu]") {
  const json golden = json::parse(std::ifstream("tests/golden/python_random.json"));
  REQUIRE(golden["seeds"].size() == 7);
  for (const auto& row : golden["seeds"]) {
    INFO("seed " << row["seed"]);
    check_draws(Random(std::stoull(row["seed"].get<std::string>())), row["draws"]);
  }
  REQUIRE(golden["streams"].size() == 4);
  for (const auto& row : golden["streams"]) {
    INFO("stream " << row["name"]);
    check_draws(Random(std::stoull(row["seed"].get<std::string>()), row["name"].get<std::string>()), row["draws"]);
  }
}

TEST_CASE("seed 42 gives RULER's first uuid", "[cpu]") {
  REQUIRE(Random(42).uuid4() == "bdd640fb-0667-4ad1-9c80-317fa3b1799d");
}

TEST_CASE("streams differ by seed and by name", "[cpu]") {
  REQUIRE(Random(1, "a").getrandbits(64) != Random(1, "b").getrandbits(64));
  REQUIRE(Random(1, "a").getrandbits(64) != Random(2, "a").getrandbits(64));
  REQUIRE(Random(1, std::string("a\0", 2)).getrandbits(64) != Random(1, "a").getrandbits(64));
  REQUIRE(Random(1, "a").getrandbits(64) == Random(1, "a").getrandbits(64));
}

TEST_CASE("draws that cannot be made are refused", "[cpu]") {
  Random random(1);
  REQUIRE_THROWS(random.below(0));
  REQUIRE_THROWS(random.randint(2, 1));
  REQUIRE_THROWS(random.sample(3, 4));
  REQUIRE_THROWS(random.sample(3, -1));
  REQUIRE_THROWS(random.getrandbits(0));
  REQUIRE_THROWS(random.getrandbits(65));
}
