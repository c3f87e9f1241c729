// LongBench read by a model of random weights: cells, predictions as the benchmark's own script takes them, and parts that several jobs do.
#include "eval/benchmarks/longbench.h"

#include <catch2/catch.hpp>

#include <cmath>

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

  // A file of one more task; its records' lengths are in words, as LongBench counts them.
  void add(const std::string& file, const std::vector<std::string>& answers, const std::vector<int64_t>& words) const {
    std::string lines;
    for (size_t i = 0; i < answers.size(); ++i) {
      lines += nlohmann::json{{"_id", file + std::to_string(i)}, {"input", "Which?"}, {"context", "Paragraph 1: one.\n\nParagraph 2: two " + std::string(4 * i, 'x') + "."},
                              {"answers", {answers[i]}}, {"length", words[i]}, {"dataset", file}, {"language", "en"}, {"all_classes", nullptr}}.dump() + "\n";
    }
    write_file(folder.path / "raw" / (file + ".jsonl"), lines);
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

TEST_CASE("readings that fail are left out, counted and told, and stay so", "[longbench]") {
  const SmallLongBench place;
  place.add("passage_retrieval_en", {"Paragraph 2", "2", "Paragraph 1"}, {5, 6, 7});  // LongBench's own script ends at the second
  EvalConfig config = place.longbench("out");
  config.longbench->tasks = {"trec", "passage_retrieval_en"};
  const std::vector<Cell> cells = evaluate(config, false);
  REQUIRE(cells.size() == 4);
  CHECK((cells[0].n == 5 && cells[0].failed == 0 && cells[1].n == 2 && cells[1].failed == 1));
  const auto folder = place.folder.path / "out" / "pred" / config.models[0].file();
  for (const std::string& line : WatchedRun::lines_of(folder / "passage_retrieval_en.jsonl")) {
    const auto json = nlohmann::json::parse(line);
    const bool failed = json.at("answers")[0] == "2";
    CHECK((json.contains("error") == failed && json.at("score").is_null() == failed));
    if (failed) CHECK_THAT(json.at("error").get<std::string>(), Contains("the answer '2' does not say 'Paragraph N'"));
  }
  std::vector<std::string> warnings;
  const LongBenchResult result = score_longbench(folder.string(), false, "difflib", [&](const std::string& warning) { warnings.push_back(warning); });
  CHECK(result.tasks.at("passage_retrieval_en")[0] == cells[1].score);
  CHECK(std::any_of(warnings.begin(), warnings.end(), [](const std::string& one) { return one.find("1 of 3 readings failed and are left out") != one.npos; }));
  CHECK_THAT(results_table(cells, 0), Contains("1 failed") && Contains("One on passage_retrieval_en: 1 of 3 readings failed and is not scored\n"));
  write_report({config.out}, place.folder.path / "report.html");
  CHECK_THAT(read_file(place.folder.path / "report.html"), Contains("One on passage_retrieval_en: 1 of 3 readings failed"));

  const auto before = WatchedRun::contents(config.out);
  CHECK(cells_to_json(evaluate(config, false)) == cells_to_json(cells));
  CHECK(WatchedRun::contents(config.out) == before);
  EvalConfig shared = config;
  shared.out = place.folder.path / "shared";
  for (const int64_t index : {1, 0}) evaluate(shared, false, {index, 2});
  merge_shards(shared);
  auto merged = WatchedRun::contents(shared.out);
  std::erase_if(merged, [](const auto& file) { return file.first.starts_with("shards/"); });
  CHECK(merged == before);
}

TEST_CASE("LongBench-E is scored by length as its own script does it, and code's scores name what compared it", "[longbench]") {
  const SmallLongBench place;
  place.add("lcc_e", {"x = 1", "return y", "Paragraph", "  z"}, {10, 20, 4000, 9000});
  place.add("passage_retrieval_en_e", {"Paragraph 1", "Paragraph 2", "Paragraph 3"}, {10, 3999, 4000});
  EvalConfig config = place.longbench("out");
  config.longbench->tasks = {"lcc", "passage_retrieval_en"};
  config.longbench->e = true;
  config.longbench->code_backend = "levenshtein";
  const std::vector<Cell> cells = evaluate(config, false);
  REQUIRE(cells.size() == 4);
  for (size_t line = 0; line < 2; ++line) {
    const auto folder = place.folder.path / "out" / "pred" / config.models[line].file();
    const LongBenchResult result = score_longbench(folder.string(), true, "levenshtein", [](const std::string&) {});
    for (size_t task = 0; task < 2; ++task) {
      const Cell& cell = cells[2 * line + task];
      for (size_t bucket = 0; bucket < 3; ++bucket) {
        const double expected = result.tasks.at(cell.dataset)[bucket];
        CHECK((std::isnan(expected) ? !cell.by_length[bucket] : cell.by_length[bucket] == expected));
      }
    }
    CHECK(cells[2 * line].code_backend == "levenshtein");
    CHECK((!cells[2 * line + 1].code_backend && cells[2 * line + 1].by_length[0] && !cells[2 * line + 1].by_length[2]));
  }
  const std::string text = results_table(cells, 0);
  CHECK_THAT(text, Contains("8k+") && Contains("One 4-8k") && Contains("Code is compared by levenshtein") && !Contains("paper:"));
  write_report({config.out}, place.folder.path / "report.html");
  CHECK_THAT(read_file(place.folder.path / "report.html"), Contains("<h2>LongBench-E</h2>") && !Contains("<h2>LongBench</h2>"));
  CHECK_THAT(read_file(place.folder.path / "longbench-e.csv"), Contains("model,mode,words,SQA") && Contains("One,OS,0-4k,"));
}

TEST_CASE("prompts of the benchmark's own, as its script would have them answered", "[longbench]") {
  const SmallLongBench place;
  const auto templates = [&](const std::string& trec) {
    write_file(place.folder.path / "config/dataset2prompt.json", nlohmann::json{{"trec", trec}, {"hotpotqa", "{context}\n{input}"}}.dump());
    write_file(place.folder.path / "config/dataset2maxlen.json", R"({"trec": 5, "hotpotqa": 7})");
  };
  templates("Say which. {context}\n{input}");
  EvalConfig config = place.longbench("out");
  config.sampling.temperature = 0;
  config.longbench->prompts = "official";
  config.longbench->config = place.folder.path / "config";
  config.longbench->max_length = 61;
  config.models.resize(1);
  config.models[0].reading = {};
  config.models[0].reading.mode = "os";
  const std::vector<Cell> cells = evaluate(config, false);
  REQUIRE((cells.size() == 2 && cells[0].failed + cells[1].failed == 0));
  const std::string checkpoint = find_checkpoint(place.checkpoint(1));
  const auto tokenizer = load_tokenizer(checkpoint);
  for (const std::string task : {"trec", "hotpotqa"}) {
    const auto lines = WatchedRun::lines_of(config.out + "/traces/one/" + task + ".jsonl");
    REQUIRE(lines.size() == (task == "trec" ? 5u : 3u));
    for (const std::string& line : lines) {
      const Transcript transcript = transcript_from_json(line);
      const Exchange& only = transcript.exchanges.at(0);
      const std::vector<int64_t> ids = tokenizer->encode(only.given);
      CHECK((only.plain == (task == "trec") && only.written_tokens <= (task == "trec" ? 5 : 7)));
      CHECK(only.given_tokens == std::ssize(only.plain ? ids : Layout(tokenizer, config.chat_template).given(only.given, true)));
      CHECK((transcript.length == std::ssize(ids) && transcript.length <= 62));
      if (task == "trec") CHECK(only.given.starts_with("Say which. Question: "));
      CHECK(only.given.ends_with("Question: Who?\nType:"));
    }
  }
  CHECK(evaluate(config, false).size() == 2);
  templates("Say what. {context}\n{input}");
  CHECK_THROWS_WITH(evaluate(config, false), Contains("cell one/trec was made with another config"));
  config.longbench->tasks = {"hotpotqa"};
  CHECK(evaluate(config, false).size() == 1);
  config.longbench->tasks = {"lcc"};
  CHECK_THROWS_WITH(evaluate(config, false), Contains("dataset2prompt.json: has no lcc"));
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
