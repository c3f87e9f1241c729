#include "eval/paired.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "configs/run.h"

using namespace smooth;
using Catch::Contains;
using Catch::StartsWith;
using Json = nlohmann::json;
namespace fs = std::filesystem;

namespace {

std::vector<TaskScore> scored(const std::vector<double>& scores) {
  std::vector<TaskScore> tasks;
  for (const double score : scores) tasks.push_back({std::to_string(1000 + tasks.size()), "[\"x\"]", score});
  return tasks;
}

void check(const Difference& found, const Json& expected) {
  CHECK(found.mean == Approx(expected.at("mean").get<double>()).epsilon(1e-12).margin(1e-10));
  CHECK(found.low == Approx(expected.at("low").get<double>()).epsilon(1e-12).margin(1e-10));
  CHECK(found.high == Approx(expected.at("high").get<double>()).epsilon(1e-12).margin(1e-10));
  CHECK(found.p == Approx(expected.at("p").get<double>()).epsilon(1e-12));
}

struct File {
  fs::path path = fs::temp_directory_path() / ("smooth-paired-" + std::to_string(::getpid()) + ".jsonl");
  explicit File(const std::string& text) { write_file(path, text); }
  ~File() { fs::remove(path); }
};

}  // namespace

TEST_CASE("the paired bootstrap is numpy's over Python's draws", "[paired]") {
  const Json golden = Json::parse(read_file("tests/golden/paired.json"));
  std::vector<std::vector<DrawnMean>> means;
  for (const Json& one : golden.at("cases")) {
    std::vector<std::vector<TaskScore>> lists;
    for (const Json& scores : one.at("scores")) lists.push_back(scored(scores.get<std::vector<double>>()));
    means.push_back(draw_means(lists, one.at("name")));
    check(difference(means.back()[0], means.back()[1]), one.at("difference"));
  }
  check(difference(mean_of({&means[0][0], &means[1][0]}), mean_of({&means[0][1], &means[1][1]})), golden.at("mean_of_both"));
}

TEST_CASE("differences that are known without drawing", "[paired]") {
  const auto same = draw_means({scored({1, 0, 0.5}), scored({1, 0, 0.5})}, "");
  const Difference none = difference(same[0], same[1]);
  CHECK((none.mean == 0 && none.low == 0 && none.high == 0 && none.p == 1));
  // Each task scores a quarter more: so does every draw, and no draw lies at or below zero.
  const auto shifted = draw_means({scored({0.5, 0.75, 1}), scored({0.25, 0.5, 0.75})}, "");
  const Difference quarter = difference(shifted[0], shifted[1]);
  CHECK(quarter.mean == Approx(25));
  CHECK(quarter.low == Approx(25));
  CHECK(quarter.high == Approx(25));
  CHECK(quarter.p == Approx(2.0 / 10001));
  const Difference back = difference(shifted[1], shifted[0]);
  CHECK((back.mean == -quarter.mean && back.p == quarter.p));
  // One task of two differs: the mean of the draws' differences is 0, 50 or 100, at a quarter, a half and a quarter.
  const auto half = draw_means({scored({1, 1}), scored({0, 1})}, "");
  const Difference d = difference(half[0], half[1]);
  CHECK((d.mean == 50 && d.low == 0 && d.high == 100));
  CHECK(d.p == Approx(0.5).margin(0.03));
}

TEST_CASE("the same tasks draw the same in two calls, and others of another stream", "[paired]") {
  const auto list = scored({1, 0, 0, 1, 1, 0, 1});
  CHECK(draw_means({list}, "a")[0].draws == draw_means({list, list}, "a")[1].draws);
  CHECK(draw_means({list}, "a")[0].draws != draw_means({list}, "b")[0].draws);
  CHECK(draw_means({list}, "a")[0].draws.size() == static_cast<size_t>(kPairedDraws));
}

TEST_CASE("what is not of the same tasks is refused by the id at which it parts", "[paired]") {
  const auto one = scored({1, 0, 1});
  auto other = one;
  other[1].answers = "[\"y\"]";
  CHECK(first_other_task(one, one).empty());
  CHECK(first_other_task(one, other) == "1001 is to be answered by [\"x\"] in the first, by [\"y\"] in the second");
  other.erase(other.begin() + 1);
  CHECK(first_other_task(one, other) == "1001 is lacking in the second");
  CHECK(first_other_task(other, one) == "1001 is lacking in the first");
  CHECK_THROWS_AS(draw_means({one, other}, ""), std::invalid_argument);
  CHECK_THROWS_AS(draw_means({std::vector<TaskScore>()}, ""), std::invalid_argument);
  CHECK_THROWS_AS(mean_of({}), std::invalid_argument);
  CHECK(draw_means({}, "").empty());
}

TEST_CASE("predictions are read in the order of their ids, and refused by file, line and field", "[paired]") {
  const std::string b = "{\"_id\":\"b\",\"answers\":[\"x\"],\"score\":0.5}\n", a = "{\"_id\":\"a\",\"answers\":[\"y\",\"z\"],\"score\":1}\n";
  const File whole(b + a + "{\"_id\":\"c\",\"ans");
  const auto scores = read_scores(whole.path);
  REQUIRE(scores.size() == 2);
  CHECK((scores[0].id == "a" && scores[0].answers == "[\"y\",\"z\"]" && scores[1].score == 0.5));
  const auto refused = [](const std::string& text) {
    const File file(text);
    std::string message;
    try {
      read_scores(file.path);
    } catch (const std::runtime_error& error) {
      message = error.what();
    }
    CHECK_THAT(message, StartsWith(file.path.string() + ":"));
    return message.substr(std::min(message.size(), file.path.string().size()));
  };
  CHECK(refused(a + "[]\n") == ":2: expected a JSON object with _id, answers and score");
  CHECK(refused("{\"_id\":\"a\",\"score\":1}\n") == ":1: answers: is missing");
  CHECK(refused("{\"_id\":\"a\",\"answers\":[],\"score\":null}\n") == ":1: score: expected a number, got null");
  CHECK(refused("{\"_id\":7,\"answers\":[],\"score\":1}\n") == ":1: _id: expected a text, got 7");
  CHECK(refused(a + b + a) == ": _id: a stands there twice");
}

TEST_CASE("tasks of which a reading failed are left out of every list", "[paired]") {
  std::vector<std::vector<TaskScore>> lists = {scored({1, 0, 0.5, 1}), scored({0, 1, 1, 0})};
  CHECK(drop_failed(lists) == 0);
  lists[0][1].score.reset();
  lists[1][3].score.reset();
  lists[1][1].score.reset();
  CHECK(drop_failed(lists) == 2);
  REQUIRE((lists[0].size() == 2 && lists[1].size() == 2));
  CHECK((first_other_task(lists[0], lists[1]).empty() && lists[0][1].score == 0.5 && lists[1][1].score == 1));
  CHECK(draw_means(lists, "")[0].mean == 75);
  const File file("{\"_id\":\"a\",\"answers\":[],\"score\":null,\"error\":\"too long\"}\n");
  CHECK_FALSE(read_scores(file.path)[0].score);
}
