// Needles as a benchmark: RULER's variants and files, distances, and what predictions tell of them.
#include "eval/benchmarks/niah.h"

#include <catch2/catch.hpp>
#include <set>

#include "eval/accuracies.h"
#include "eval/report/report.h"
#include "eval/run.h"
#include "tests/eval/watched_run.h"

using namespace smooth;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

// A model of random weights in two modes.
struct SmallNiah : WatchedRun {
  SmallNiah() : WatchedRun(1) {
    begin();
    save(1);
  }
  EvalConfig needles(const std::string& name) const {
    EvalConfig config = evaluation(name);
    for (EvalModelConfig& line : config.models) line.checkpoint = checkpoint(1);
    return config;
  }
  std::vector<nlohmann::json> predictions(const EvalConfig& config, const std::string& cell) const {
    std::vector<nlohmann::json> lines;
    for (const std::string& line : lines_of(fs::path(config.out) / "pred" / (cell + ".jsonl"))) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }
};

}  // namespace

TEST_CASE("niah: every line is asked the same tasks, at the depths that its predictions tell", "[niah]") {
  const SmallNiah place;
  const EvalConfig config = place.needles("out");
  const std::vector<Cell> cells = evaluate(config, false);
  REQUIRE(cells.size() == 4);
  CHECK((cells[0].dataset == "sentences" && cells[0].length == 256 && !cells[0].distance));
  const auto one = place.predictions(config, "one.256"), two = place.predictions(config, "two.256");
  REQUIRE(one.size() == 3);
  std::set<double> depths;
  for (size_t i = 0; i < one.size(); ++i) {
    CHECK(one[i].at("_id") == two[i].at("_id"));
    CHECK(one[i].at("answers") == two[i].at("answers"));
    CHECK(one[i].at("depth") == two[i].at("depth"));
    CHECK((one[i].at("depth") >= 0 && one[i].at("depth") < 100));
    depths.insert(one[i].at("depth").get<double>());
  }
  CHECK(depths.size() > 1);
}

TEST_CASE("niah: each distance makes cells of its own, which shards and reports know", "[niah]") {
  const SmallNiah place;
  EvalConfig config = place.needles("out");
  config.niah.distance = {20, 60};
  const std::vector<Cell> cells = evaluate(config, false);
  REQUIRE(cells.size() == 8);
  CHECK((cells[0].distance == 20 && cells[0].length == 256 && cells[1].length == 300 && cells[2].distance == 60));
  CHECK(cells[2].dataset == "sentences, 60 from the end");
  CHECK(cells_from_json(read_file(fs::path(config.out) / "results.json"))[2].distance == 60);
  const auto near = place.predictions(config, "one.300.20-from-end"), far = place.predictions(config, "one.300.60-from-end");
  REQUIRE(near.size() == 3);
  for (size_t i = 0; i < near.size(); ++i) {
    CHECK(near[i].at("answers") == far[i].at("answers"));
    CHECK(near[i].at("depth") > far[i].at("depth"));
  }
  config.niah.distance = {20};  // a cell depends on its own distance alone: it is not one of another config now
  CHECK(evaluate(config, false).size() == 4);
  const std::set<std::string> curves = [&] {
    std::set<std::string> names;
    for (const Accuracy& accuracy : accuracies_of(1, cells)) names.insert(accuracy.curve());
    return names;
  }();
  CHECK(curves.size() == 8);
  CHECK(curves.contains("One/300/sentences, 20 from the end"));
  CHECK_THAT(results_table(cells, 0), Contains("60 from the end"));
  config.niah.distance = {20, 60};
  evaluate(config, false);
  write_report({config.out}, place.folder.path / "report.html");
  CHECK_THAT(read_file(place.folder.path / "report.html"), Contains("Needles at fixed distances from the end"));

  EvalConfig shared = config;
  shared.out = place.folder.path / "shared";
  evaluate(shared, false, {0, 2});
  evaluate(shared, false, {1, 2});
  CHECK(merge_shards(shared).size() == 8);
}

TEST_CASE("niah: a variant names its cells, unless another key makes another task of it", "[niah]") {
  const SmallNiah place;
  EvalConfig config = place.needles("out");
  config.lengths = {600};
  config.niah = {};
  config.niah.set_variant("multikey_3");
  CHECK(evaluate(config, false)[0].dataset == "multikey_3");
  config.niah.keys = 2;
  config.out = place.folder.path / "other";
  CHECK(evaluate(config, false)[0].dataset == "needle");
}

TEST_CASE("niah: RULER's files are read by length, and scored as RULER scores", "[niah]") {
  const SmallNiah place;
  EvalConfig config = place.needles("out");
  config.niah = {};
  config.samples = 2;
  config.lengths = {512, 900};
  for (const char* length : {"512", "900"}) {
    fs::create_directories(place.folder.path / length / "niah_multivalue");
    fs::copy(std::string("tests/golden/ruler/") + (length[0] == '5' ? "niah_multivalue" : "niah_single_3") + "/validation.jsonl",
             place.folder.path / length / "niah_multivalue/validation.jsonl");
  }
  config.niah.file = place.folder.path / "{length}/niah_multivalue/validation.jsonl";
  const std::vector<Cell> cells = evaluate(config, false);
  REQUIRE(cells.size() == 4);
  CHECK((cells[0].dataset == "niah_multivalue" && cells[0].length == 512 && cells[1].length == 900 && cells[0].n == 2));
  const auto lines = place.predictions(config, "two.900"), several = place.predictions(config, "two.512");
  const RulerFile file(place.folder.path / "900/niah_multivalue/validation.jsonl");
  CHECK(lines[1].at("_id") == "niah_multivalue-1");
  CHECK(lines[1].at("answers") == nlohmann::json(file.task(1).answers));
  CHECK(lines[1].at("depth") == *depth_percent(file.task(1)));
  CHECK_FALSE(several[0].contains("depth"));  // four needles have no one depth

  const auto tokenizer = load_tokenizer(place.checkpoint(1));
  const NiahBenchmark benchmark(config, tokenizer);
  const auto datasets = benchmark.datasets(config.models[0]);
  const std::vector<Task> tasks = benchmark.tasks(datasets[0], 0, 2);
  for (const Task& task : tasks) {
    CHECK(task.length == std::ssize(tokenizer->encode(task.instruction + "\n" + task.context + "\n" + task.question)));
    CHECK(benchmark.score(task, "They are " + task.answers[0] + " and " + task.answers[2]) == 0.5);
  }
  CHECK(datasets[0].checksum != datasets[1].checksum);

  // Other texts under the same name are other cells.
  fs::copy("tests/golden/ruler/niah_single_2/validation.jsonl", place.folder.path / "900/niah_multivalue/validation.jsonl", fs::copy_options::overwrite_existing);
  CHECK_THROWS_WITH(evaluate(config, false), Contains("cell one.900 was made with another config"));
  config.samples = 3;
  CHECK_THROWS_WITH(evaluate(config, false), Contains("holds 2 tasks, and samples asks for 3"));
  config.samples = 2;
  config.lengths = {900, 1000};
  CHECK_THROWS_WITH(evaluate(config, false), Contains("1000/niah_multivalue/validation.jsonl: cannot be opened"));
}
