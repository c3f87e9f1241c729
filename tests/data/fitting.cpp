// data.too_long: what stops, what is left out, what is cut, and what is said.
#include "data/training/fitting.h"

#include <catch2/catch.hpp>

#include "data/training/dataset.h"
#include "tests/data/cached.h"

using namespace smooth;

namespace {

// A document of so many tokens, numbered from 100, of which `target` is the one to be predicted.
Example document_of(int64_t length, int64_t target) {
  Example document;
  for (int64_t t = 0; t < length; ++t) {
    document.ids.push_back(100 + t);
    document.target.push_back(t == target);
  }
  return document;
}

// At a context of 10: two samples fit, two are longer (the first of them keeps its target when it is cut), one has no target at all.
const std::vector<Sample> kSamples = {{"short", {document_of(4, 2)}, 0, 1},
                                      {"cut", {document_of(5, 3), document_of(12, 9)}, 0, 2},
                                      {"lost", {document_of(15, 10)}, 1, 1},
                                      {"full", {document_of(10, 9), document_of(3, 0)}, 1, 2},
                                      {"none", {document_of(6, 0), document_of(6, -1)}, 1, 3}};

TrainDataConfig config_of(int64_t context, const std::string& too_long) {
  TrainDataConfig config;
  config.context = context;
  config.too_long = too_long;
  config.order = "as-is";
  return config;
}

using Numbers = std::vector<int64_t>;

}  // namespace

TEST_CASE("too_long: stop names the first by file, line and id, and otherwise takes every sample", "[cpu]") {
  const auto cache = cache_of(kSamples);
  const auto message = [&](int64_t context) { return message_of<std::runtime_error>([&] { fitting_samples(*cache, config_of(context, "stop")); }); };
  const std::string advice = "; raise data.context or build shorter samples, or let data.too_long drop or truncate them";
  CHECK(message(10) == "first.jsonl:2: sample cut has a document of 12 tokens, data.context allows 10" + advice);
  CHECK(message(14) == "second.jsonl:1: sample lost has a document of 15 tokens, data.context allows 14" + advice);
  CHECK(said_by([&] { CHECK(fitting_samples(*cache, config_of(15, "stop")) == Numbers{0, 1, 2, 3, 4}); }) == "");
}

TEST_CASE("too_long: drop leaves samples out and says how many", "[cpu]") {
  const auto cache = cache_of(kSamples);
  const std::string useless = "smooth: data.too_long: drop: 1 of 5 samples are left out, as none of their tokens carries loss\n";
  CHECK(said_by([&] { CHECK(fitting_samples(*cache, config_of(10, "drop")) == Numbers{0, 3}); }) ==
        "smooth: data.too_long: drop: 2 of 5 samples have a document of more than 10 tokens (data.context) and are left out; the longest has 15 "
        "(sample lost, second.jsonl:1)\n" + useless);
  CHECK(said_by([&] { CHECK(fitting_samples(*cache, config_of(15, "drop")) == Numbers{0, 1, 2, 3}); }) == useless);
}

TEST_CASE("too_long: truncate keeps the first tokens of each document and says of how many", "[cpu]") {
  const auto cache = cache_of(kSamples);
  CHECK(said_by([&] { CHECK(fitting_samples(*cache, config_of(10, "truncate")) == Numbers{0, 1, 3}); }) ==
        "smooth: data.too_long: truncate: 2 of 5 samples have a document of more than 10 tokens (data.context) and are cut; the longest has 15 "
        "(sample lost, second.jsonl:1)\n"
        "smooth: data.too_long: truncate: 2 of 5 samples are left out, as none of their tokens carries loss\n");
  CHECK(fitting_samples(*cache, config_of(11, "truncate")) == Numbers{0, 1, 2, 3});  // the eleventh token of `lost` is its target

  Loader loader(cache, config_of(10, "truncate"), 1, "samples", 1);
  REQUIRE(loader.num_samples() == 3);
  REQUIRE(loader.samples_of(1) == std::vector<std::string>{"cut"});
  const std::vector<Batch> step = loader.step(1);
  REQUIRE(step.size() == 2);
  REQUIRE(step[0].ids == Numbers{100, 101, 102, 103, 104, 105, 106, 107, 108, 109});
  REQUIRE(step[0].targets == Numbers{-1, -1, -1, -1, -1, -1, -1, -1, 109, -1});
  REQUIRE(step[1].ids == Numbers{100, 101, 102, 103, 104});
}

TEST_CASE("a set of which nothing is left is refused", "[cpu]") {
  const auto cache = cache_of({kSamples[2], kSamples[4]});
  for (const std::string rule : {"drop", "truncate"}) {
    std::string message;
    said_by([&] { message = message_of<std::runtime_error>([&] { fitting_samples(*cache, config_of(10, rule)); }); });
    CHECK(message == "data.files hold no sample that can be trained on with data.context: 10; raise data.context");
  }
}
