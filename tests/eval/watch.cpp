// A run that is watched: which checkpoints are evaluated, in what order, and what is left after kills, prunings and changes of mind.
#include "eval/watch.h"

#include <catch2/catch.hpp>
#include <iostream>

#include "configs/load.h"
#include "tests/eval/watched_run.h"

using namespace smooth;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

// What is told while it lives.
class Told {
 public:
  Told() : before_(std::cerr.rdbuf(text_.rdbuf())) {}
  ~Told() { std::cerr.rdbuf(before_); }
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::streambuf* before_;
};

std::vector<int64_t> steps_of(const std::vector<std::string>& lines) {
  std::vector<int64_t> steps;
  for (const std::string& line : lines) steps.push_back(nlohmann::json::parse(line).at("step").get<int64_t>());
  return steps;
}

void cut(const fs::path& file, size_t count, const std::string& rest = "") {
  std::string text;
  const std::vector<std::string> lines = WatchedRun::lines_of(file);
  REQUIRE(lines.size() > count);
  for (size_t i = 0; i < count; ++i) text += lines[i] + "\n";
  write_file(file, text + rest);
}

}  // namespace

TEST_CASE("watch: checkpoints are evaluated as they appear, the oldest first, up to the run's last step", "[watch]") {
  const WatchedRun run(6);
  const EvalConfig config = run.evaluation("out");
  const fs::path out(config.out);
  Watch watch(config, run.run.string() + "/", false);
  CHECK_FALSE(watch.next());
  CHECK_THAT(watch.waits_for(), Contains("does not exist yet"));
  run.begin();
  CHECK_FALSE(watch.next());
  CHECK_THAT(watch.waits_for(), Contains("first checkpoint"));

  run.save(4);
  run.save(2);
  CHECK(watch.next());
  CHECK(fs::exists(out / "step-2/results.json"));
  CHECK_FALSE(fs::exists(out / "step-4"));
  CHECK(watch.next());
  run.write(6, 6);
  CHECK_FALSE(watch.next());  // it is not DONE
  CHECK_THAT(watch.waits_for(), Contains("after step 4"));
  CHECK_FALSE(watch.complete());
  run.finish(6);
  CHECK(watch.next());
  CHECK(watch.complete());
  CHECK_FALSE(watch.next());

  CHECK(steps_of(run.accuracies()) == std::vector<int64_t>{2, 2, 2, 2, 4, 4, 4, 4, 6, 6, 6, 6});
  CHECK_THAT(run.accuracies()[1], Contains(R"("step":2,"model":"One","mode":"os","benchmark":"niah")") && Contains(R"("length":300,"n":3)"));
  CHECK(read_file(out / "step-2/traces/one.256.jsonl") != read_file(out / "step-4/traces/one.256.jsonl"));  // each its own weights
  for (const char* step : {"step-2", "step-4", "step-6"}) {
    CHECK_FALSE(fs::exists(out / step / "checkpoint"));
    CHECK_FALSE(fs::exists(out / step / "checkpoint.part"));
    CHECK_THAT(read_file(out / step / "config.yaml"), Contains((run.run / "checkpoints" / step).string()));
  }
  const std::vector<fs::path> events(fs::directory_iterator(run.run / "events/out"), {});
  REQUIRE(events.size() == 1);
  CHECK_THAT(read_file(events[0]), Contains("accuracy/One/256") && Contains("accuracy/Two/300"));
}

TEST_CASE("watch: a checkpoint that is removed before its turn is told and passed by", "[watch]") {
  const WatchedRun run(6);
  run.begin();
  run.save(2);
  run.save(4);
  Watch watch(run.evaluation("out"), run.run, false);
  CHECK(watch.next());
  run.prune(4);
  run.save(6);
  const Told told;
  CHECK(watch.next());
  CHECK_THAT(told.text(), Contains("step 4 of " + run.run.string() + " is skipped") && Contains("checkpoint.keep"));
  CHECK_FALSE(watch.complete());
  CHECK(watch.next());
  CHECK(watch.complete());
  CHECK(steps_of(run.accuracies()) == std::vector<int64_t>{2, 2, 2, 2, 6, 6, 6, 6});
  CHECK_FALSE(fs::exists(run.folder.path / "out/step-4/results.json"));
}

TEST_CASE("watch: killed while it reads a checkpoint that is then removed, it ends in the same bytes", "[watch]") {
  const WatchedRun run(4);
  run.begin();
  run.save(2);
  run.save(4);
  const fs::path calm = run.folder.path / "calm", killed = run.folder.path / "killed";
  Watch(run.evaluation("calm"), run.run, false).next();
  const std::string accuracies = read_file(run.run / "accuracies.jsonl");

  // Killed in the second wave of the third cell, and in the middle of a line.
  fs::copy(calm, killed, fs::copy_options::recursive);
  fs::copy(run.checkpoint(2), killed / "step-2/checkpoint", fs::copy_options::recursive);
  fs::create_directories(killed / "step-2/checkpoint.part");
  cut(killed / "step-2/waves/two.256.jsonl", 1);
  cut(killed / "step-2/pred/two.256.jsonl", 2, "{\"_id\"");
  cut(killed / "step-2/traces/two.256.jsonl", 2);
  for (const char* folder : {"waves", "pred", "traces"}) fs::remove(killed / "step-2" / folder / "two.300.jsonl");
  fs::remove(killed / "step-2/results.json");
  cut(run.run / "accuracies.jsonl", 3, "{\"step\":2,\"mod");
  run.prune(2);

  Watch again(run.evaluation("killed"), run.run, false);
  CHECK(again.next());
  CHECK(WatchedRun::contents(killed / "step-2") == WatchedRun::contents(calm / "step-2"));
  CHECK(read_file(run.run / "accuracies.jsonl") == accuracies);
  CHECK(again.next());
  CHECK(again.complete());
}

TEST_CASE("watch: what is done is not done again, and no line is doubled", "[watch]") {
  const WatchedRun run(4);
  run.begin();
  run.save(2);
  run.save(4);
  const EvalConfig config = run.evaluation("out");
  const auto watch_all = [&] {
    Watch watch(config, run.run, false);
    while (watch.next()) {
    }
    CHECK(watch.complete());
  };
  watch_all();
  const std::string accuracies = read_file(run.run / "accuracies.jsonl");
  const auto written = fs::last_write_time(fs::path(config.out) / "step-2/results.json");
  run.prune(2);
  cut(run.run / "accuracies.jsonl", 2);  // killed before step 2 was whole
  watch_all();
  CHECK(read_file(run.run / "accuracies.jsonl") == accuracies);
  CHECK(fs::last_write_time(fs::path(config.out) / "step-2/results.json") == written);
}

TEST_CASE("watch: results of another run, other weights or another config are refused, or replaced", "[watch]") {
  const WatchedRun run(2);
  run.begin();
  run.save(2);
  EvalConfig config = run.evaluation("out");
  const auto next = [&](bool replace) {
    Watch watch(config, run.run, replace);
    CHECK(watch.next());
    CHECK(watch.complete());
  };
  next(false);
  const auto refused_then_replaced = [&](const std::string& why) {
    INFO(why);
    const std::string traces = fs::path(config.out) / "step-2/traces/one.256.jsonl", before = read_file(traces);
    CHECK_THROWS_WITH(Watch(config, run.run, false).next(), Contains(why) && Contains("--replace"));
    CHECK(read_file(traces) == before);
    next(true);
    CHECK(run.accuracies().size() == 4);
    next(false);
  };
  run.begin("seed: 2\n");
  refused_then_replaced("another training run");
  run.prune(2);
  run.save(2, 77);
  refused_then_replaced("another checkpoint");
  config.samples = 5;
  refused_then_replaced("another config");
  CHECK_THAT(run.accuracies()[0], Contains("\"n\":5"));
}

TEST_CASE("watch: another evaluation of the same names does not mix with the curves", "[watch]") {
  const WatchedRun run(2);
  run.begin();
  run.save(2);
  Watch(run.evaluation("out"), run.run, false).next();
  EvalConfig other = run.evaluation("other");
  other.samples = 2;
  CHECK_THROWS_WITH(Watch(other, run.run, false).next(), Contains("accuracies.jsonl") && Contains("One/256 at step 2") && Contains("other names"));
  for (EvalModelConfig& line : other.models) line.name += "-again";
  other.out = run.folder.path / "third";
  CHECK(Watch(other, run.run, false).next());
  CHECK(run.accuracies().size() == 8);
}

TEST_CASE("watch: a line's own checkpoint is neither needed nor looked up", "[watch]") {
  const TestFolder folder;
  const std::string lines = "out: " + (folder.path / "out").string() + "\nlengths: [512]\nmodels:\n  - {name: a, reading: {mode: os}}\n";
  const std::string without = folder.file("without.yaml", lines), elsewhere = folder.file("elsewhere.yaml", lines + "  - {name: b, checkpoint: nowhere, reading: {mode: os}}\n");
  CHECK(load_watching(without, {"samples=7"}).samples == 7);
  CHECK(load_watching(elsewhere, {}).models.size() == 2);
  CHECK_THROWS_WITH(load_config<EvalConfig>(without), Contains("models.0.checkpoint"));
  CHECK_THROWS_WITH(load_watching(folder.file("none.yaml", "out: x\nlengths: [512]\n"), {}), Contains("models"));
  CHECK_THROWS_WITH(load_watching(without, {"models.0.checkpont=x"}), Contains("did you mean"));
}

TEST_CASE("watch: what is no training run's folder is refused", "[watch]") {
  const WatchedRun run(2);
  run.save(2);
  const EvalConfig config = run.evaluation("out");
  CHECK_THROWS_AS(Watch(config, run.checkpoint(2), false), ConfigError);
  CHECK_THROWS_AS(Watch(config, run.checkpoint(2) / "DONE", false), ConfigError);
  CHECK_THROWS_AS(Watch(config, config.out + "/", false), ConfigError);
  CHECK_FALSE(fs::exists(config.out));
}
