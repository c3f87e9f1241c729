// LongBench read by a model of random weights: cells, predictions as the benchmark's own script takes them, and parts that several jobs do.
#include "eval/benchmarks/longbench.h"

#include <catch2/catch.hpp>

#include "data/scores/longbench_folder.h"
#include "eval/report/report.h"
#include "eval/run.h"
#include "tests/eval/watched_run.h"

using namespace smooth;
using Catch::Contains;

namespace {

// Two tasks of five and three records, and a model in two modes.
struct SmallLongBench : WatchedRun {
  SmallLongBench() : WatchedRun(1) {
    begin();
    save(1);
    Random random(9);
    for (const std::string task : {"trec", "hotpotqa"}) {
      std::string lines;
      for (int i = 0; i < (task == "trec" ? 5 : 3); ++i) {
        std::string context;
        for (int unit = 1; unit <= 3 + i; ++unit) {
          context += task == "trec" ? "Question: " + sentence(random) + "\nType: Human\n" : "Passage " + std::to_string(unit) + ":\n" + sentence(random) + "\n";
        }
        const nlohmann::json classes = task == "trec" ? nlohmann::json({"Human", "Date"}) : nlohmann::json();
        lines += nlohmann::json{{"_id", task + std::to_string(i)}, {"input", "Question: Who?\nType:"}, {"context", context}, {"answers", {"Human"}},
                                {"length", 100 * i}, {"dataset", task}, {"language", "en"}, {"all_classes", classes}}.dump() + "\n";
      }
      write_file(folder.path / "raw" / (task + ".jsonl"), lines);
    }
  }

  EvalConfig longbench(const std::string& name) const {
    EvalConfig config = evaluation(name);
    config.benchmark = "longbench";
    config.lengths.clear();
    config.longbench = LongBenchConfig{.path = folder.path / "raw", .tasks = {"trec", "hotpotqa"}};
    for (EvalModelConfig& line : config.models) line.checkpoint = checkpoint(1);
    return config;
  }
};

}  // namespace

TEST_CASE("LongBench's cells are its tasks, and its own script takes the predictions", "[longbench]") {
  const SmallLongBench place;
  const EvalConfig config = place.longbench("out");
  const std::vector<Cell> cells = evaluate(config, false);
  REQUIRE(cells.size() == 4);
  CHECK((cells[0].dataset == "trec" && cells[0].n == 5 && cells[1].dataset == "hotpotqa" && cells[1].n == 3 && !cells[0].length));
  CHECK(cells[0].context_tokens > 0);
  for (size_t line = 0; line < 2; ++line) {
    const auto folder = place.folder.path / "out" / "pred" / config.models[line].file();
    const LongBenchResult result = score_longbench(folder.string(), false, "difflib", [](const std::string&) {});
    CHECK(result.tasks.at("trec")[0] == cells[2 * line].score);
    CHECK(result.tasks.at("hotpotqa")[0] == cells[2 * line + 1].score);
    // The longest first.
    const auto first = nlohmann::json::parse(WatchedRun::lines_of(folder / "trec.jsonl")[0]);
    CHECK((first.at("_id") == "trec4" && first.at("length") == 400 && first.at("all_classes").size() == 2));
  }
  const std::string text = results_table(cells, 0);
  CHECK_THAT(text, Contains("FewShot") && Contains("hotpotqa") && Contains("paper: SWA-4k-OS"));
  write_report({config.out}, place.folder.path / "report.html");
  CHECK_THAT(read_file(place.folder.path / "report.html"), Contains("LongBench") && Contains("classification"));
}

TEST_CASE("shards that are merged are one run, and what is lacking is told", "[longbench]") {
  const SmallLongBench place;
  const auto contents = [&](const std::string& name) {
    auto files = WatchedRun::contents(place.folder.path / name);
    std::erase_if(files, [](const auto& file) { return file.first.starts_with("shards/"); });
    return files;
  };
  for (const bool needles : {false, true}) {
    const auto config_of = [&](const std::string& name) {
      EvalConfig config = place.longbench(name + (needles ? "-niah" : ""));
      if (needles) {
        config.benchmark = "niah";
        config.longbench.reset();
        config.lengths = {256, 300};
        config.samples = 7;
      }
      return config;
    };
    const EvalConfig whole = config_of("whole"), shared = config_of("shared");
    evaluate(whole, false);
    CHECK_THROWS_WITH(merge_shards(shared), Contains("has no shards; run --shard 0/n"));
    evaluate(shared, false, {0, 3});
    CHECK_THROWS_WITH(merge_shards(shared), Contains("1-of-3: has not begun cell one"));
    evaluate(shared, false, {2, 3});
    evaluate(shared, false, {1, 3});
    const auto last = std::filesystem::path(shared.out) / "shards" / "1-of-3";
    const std::filesystem::path waves = last / "waves" / (needles ? "two.256.jsonl" : "two/trec.jsonl");
    const std::string all = read_file(waves);
    write_file(waves, "");
    CHECK_THROWS_WITH(merge_shards(shared), Contains("run --shard 1/3 to its end"));
    write_file(waves, all);
    evaluate(shared, false, {1, 3});
    CHECK(merge_shards(shared).size() == 4);
    CHECK(contents(std::filesystem::path(shared.out).filename()) == contents(std::filesystem::path(whole.out).filename()));
    EvalConfig other = shared;
    other.seed = 7;
    CHECK_THROWS_WITH(merge_shards(other), Contains("was made with another config"));
    std::filesystem::create_directories(std::filesystem::path(shared.out) / "shards" / "0-of-2");
    CHECK_THROWS_WITH(merge_shards(shared), Contains("shards of 2 and of 3"));
  }
  for (const char* wrong : {"", "1", "3/3", "-1/3", "1/0", "1/3x"}) CHECK_THROWS_WITH(Shard::from_text(wrong), Contains("expected i/n"));
  CHECK((Shard::from_text("2/8").index == 2 && Shard::from_text("2/8").of == 8));
}

TEST_CASE("what LongBench does not have is refused by name", "[longbench]") {
  const SmallLongBench place;
  EvalConfig config = place.longbench("out");
  config.longbench->tasks = {"trec", "lsht"};
  CHECK_THROWS_WITH(evaluate(config, false), Contains("longbench.tasks: lsht is not known; LongBench's are narrativeqa, qasper"));
  config.longbench->tasks = {"trec", "trec"};
  CHECK_THROWS_WITH(evaluate(config, false), Contains("trec is given twice"));
  config.longbench->tasks = {"musique"};
  config.longbench->e = true;
  CHECK_THROWS_WITH(evaluate(config, false), Contains("musique is not known; LongBench-E's are qasper"));
  config.longbench->tasks = {};
  config.longbench->e = false;
  CHECK_THROWS_WITH(evaluate(config, false), Contains("narrativeqa.jsonl"));
}

TEST_CASE("intervals of graded scores hold their mean and shrink with samples", "[longbench]") {
  const auto width = [](size_t copies) {
    std::vector<double> scores;
    for (size_t i = 0; i < copies; ++i) scores.insert(scores.end(), {0.1, 0.5, 0.5, 0.9, 1.0});
    const Interval interval = interval_of(scores);
    CHECK((interval.low < 60 && interval.high > 60));
    return interval.high - interval.low;
  };
  // 1.96 standard errors to each side: the deviation is 0.3162.
  CHECK(width(20) == Approx(200 * 1.96 * 0.3162 / std::sqrt(100)).epsilon(0.05));
  CHECK(width(80) == Approx(200 * 1.96 * 0.3162 / std::sqrt(400)).epsilon(0.05));
  const Interval hits = interval_of({1, 0, 1, 1}), wilsons = wilson(3, 4);
  CHECK((hits.low == wilsons.low && hits.high == wilsons.high));
}
