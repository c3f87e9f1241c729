// configs/reference.md is what the tree says today.
#include <algorithm>
#include <sstream>

#include <catch2/catch.hpp>

#include "configs/load.h"
#include "configs/read.h"
#include "configs/run.h"

using namespace smooth;
using Catch::Matchers::Contains;

namespace {

template <class Config>
std::vector<std::string> all_keys() {
  Config config;
  KeyLister lister("");
  config.visit(lister);
  return lister.below;
}

}  // namespace

TEST_CASE("reference: configs/reference.md is up to date") {
  INFO("write it anew: ./smooth data reference > configs/reference.md");
  CHECK(read_file("configs/reference.md") == config_reference());
}

TEST_CASE("reference: every key of every command has its row") {
  const std::string text = config_reference();
  const std::vector<std::string> sections = {"\n## data build\n", "\n## the chat teacher\n", "\n## train\n", "\n## eval\n",
                                             "\n## bench\n", "\n## a cluster, for submit\n"};
  const std::vector<std::vector<std::string>> keys = {
      all_keys<DataConfig>(), all_keys<TeacherConfig>(), all_keys<TrainConfig>(), all_keys<EvalConfig>(), all_keys<BenchConfig>(), all_keys<ClusterConfig>()};
  for (size_t i = 0; i < sections.size(); ++i) {
    const size_t begin = text.find(sections[i]);
    REQUIRE(begin != std::string::npos);
    const std::string section = text.substr(
        begin, i + 1 < sections.size() ? text.find(sections[i + 1]) - begin : std::string::npos);
    REQUIRE(keys[i].size() > 10);
    for (std::string key : keys[i]) {
      for (size_t at; (at = key.find(".0.")) != std::string::npos;) key.replace(at, 3, ".N.");
      CHECK_THAT(section, Contains("\n| `" + key + "` | "));
    }
  }
}

TEST_CASE("reference: no `|` in a help, a choice or a default breaks a row") {
  std::istringstream lines(config_reference());
  int64_t rows = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("|")) continue;
    INFO(line);
    CHECK(std::count(line.begin(), line.end(), '|') == 6);
    ++rows;
  }
  CHECK(rows > 50);
}

TEST_CASE("reference: type, default, allowed values and help") {
  const std::string text = config_reference();
  CHECK_THAT(text, Contains("\n| `optim.lr` | number | `4e-5` | above 0 | peak learning rate |\n"));
  CHECK_THAT(text, Contains("\n| `run` | text | required |  | run folder |\n"));
  CHECK_THAT(text, Contains("\n| `model` | map or null | `null` |"));
  CHECK_THAT(text, Contains("| list of maps | required |"));
}
