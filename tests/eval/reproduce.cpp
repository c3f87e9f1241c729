// Reproductions: every YAML of configs/reproduce is whole, and a plan says what is run and what is done.
#include "eval/reproduce.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "configs/load.h"
#include "configs/reproduce_config.h"
#include "configs/run.h"
#include "tests/configs/folder.h"

using namespace smooth;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> reproductions() {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator("configs/reproduce")) {
    if (entry.path().extension() == ".yaml" && read_file(entry.path()).find("\nshows: ") != std::string::npos) files.push_back(entry.path());
  }
  return files;
}

// What its steps leave: folders, and files of timings.
std::set<std::string> outputs(const ReproductionConfig& config, const fs::path& folder) {
  std::set<std::string> all;
  for (const ReproductionStep& step : config.steps) {
    const std::string yaml = folder / step.yaml();
    if (!step.data.empty()) all.insert(load_config<DataConfig>(yaml, step.set, Paths::as_given).out);
    if (!step.train.empty()) all.insert(load_config<TrainConfig>(yaml, step.set, Paths::as_given).run);
    if (!step.eval.empty()) all.insert(load_config<EvalConfig>(yaml, step.set, Paths::as_given).out);
    if (!step.bench.empty()) all.insert(fs::path(step.out).parent_path());
  }
  return all;
}

// Is there a folder of `all` that this one is, holds or lies in?
bool meets(const std::string& folder, const std::set<std::string>& all) {
  return std::any_of(all.begin(), all.end(), [&](const std::string& one) { return (one + "/").starts_with(folder + "/") || (folder + "/").starts_with(one + "/"); });
}

}  // namespace

TEST_CASE("every reproduction's steps make what later ones and the report read", "[reproduce]") {
  const std::vector<std::string> files = reproductions();
  CHECK(files.size() >= 5);
  for (const std::string& file : files) {
    INFO(file);
    const auto config = load_config<ReproductionConfig>(file);
    CHECK(fs::path(file).stem() == config.shows);
    const fs::path folder = fs::path(file).parent_path();
    const std::set<std::string> made = outputs(config, folder);
    for (const std::string& one : config.folders) CHECK(meets(one, made));
    std::set<std::string> before;
    for (const ReproductionStep& step : config.steps) {
      INFO(step.yaml());
      const std::string yaml = folder / step.yaml();
      std::vector<std::string> read;
      if (!step.train.empty()) {
        const auto train = load_config<TrainConfig>(yaml, step.set, Paths::as_given);
        read = train.data.files;
        if (train.init.starts_with("runs/")) read.push_back(train.init);
      }
      if (!step.eval.empty()) {
        for (const EvalModelConfig& line : load_config<EvalConfig>(yaml, step.set, Paths::as_given).models) read.push_back(line.checkpoint);
      }
      for (const std::string& path : read) {
        INFO(path);
        CHECK(meets(path, before));
      }
      before.merge(outputs({.steps = {step}}, folder));
    }
  }
}

TEST_CASE("a plan lists programs with their arguments, and leaves out what is timed already", "[reproduce]") {
  const TestFolder folder;
  const std::string in = folder.path.string() + "/";
  write_file(folder.path / "bench.yaml", "model: {}\n");
  write_file(folder.path / "data.yaml", "out: " + in + "set\nrows: [{row: niah-a, samples: 1}]\n");
  write_file(folder.path / "all.yaml", "shows: fig4\nout: " + in + "shown\nfolders: [" + in + "times]\nsteps:\n  - {data: data.yaml, minutes: 2, set: [seed=7]}\n"
                                       "  - {bench: bench.yaml, out: " + in + "times/bench.json, set: [prompt=64], minutes: 0.5}\n");
  const std::string data = "smooth-data\t-\tbuild\t" + in + "data.yaml\t--set\tseed=7\n", bench = "smooth-train\t" + in + "times/bench.json\t--bench\t" + in + "bench.yaml\t--set\tprompt=64\n",
                    report = "smooth-eval\t-\treport\t--as\tfig4\t--out\t" + in + "shown/report.html\t" + in + "times\n";
  ReproductionPlan plan = plan_reproduction(in + "all.yaml");
  CHECK(plan.commands == data + bench + report);
  CHECK(plan.time == "fig4: 2 steps, about 3 minutes on two cores");

  const auto timed = load_config<BenchConfig>(in + "bench.yaml", {"prompt=64"});
  write_file(folder.path / "times/bench.json", nlohmann::json{{"config", checksum(dump_config(timed))}}.dump());
  plan = plan_reproduction(in + "all.yaml");
  CHECK(plan.commands == data + report);
  CHECK(plan.time == "fig4: 2 steps, about 3 minutes on two cores; done: 1, left: about 2 minutes on two cores");

  write_file(folder.path / "set/manifest.json", "{}");
  CHECK_THAT(plan_reproduction(in + "all.yaml").time, Contains("done: 2, left: the report"));

  write_file(folder.path / "bench.yaml", "model: {hidden_size: 64}\n");  // other numbers than those that are there
  CHECK(plan_reproduction(in + "all.yaml").commands == data + bench + report);

  write_file(folder.path / "bench.yaml", "modell: {}\n");
  CHECK_THROWS_WITH(plan_reproduction(in + "all.yaml"), Contains("bench.yaml:1:1") && Contains("modell"));
  write_file(folder.path / "all.yaml", "shows: fig4\nout: x\nfolders: [x]\nsteps: [{data: data.yaml, eval: data.yaml}]\n");
  CHECK_THROWS_WITH(plan_reproduction(in + "all.yaml"), Contains("expected one of data, train, eval and bench, got 2"));
}
