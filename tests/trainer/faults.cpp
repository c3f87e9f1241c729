// What a run goes on from after a fault: killed between the files of a checkpoint, damaged ones, disks that take nothing.
#include <catch2/catch.hpp>

#include "model/checkpoint.h"
#include "tests/trainer/workplace.h"
#include "trainer/journal_files.h"

using namespace smooth;

namespace {

// A run of nine steps with checkpoints of steps 4 (gone again), 8 and 9.
TrainConfig saving_run(const Workplace& place) {
  TrainConfig config = place.config("run");
  config.checkpoint = {.every = 4, .keep = 2};
  return config;
}

std::optional<Standing> newest(const TrainConfig& config) {
  Ranks ranks({}, config.ranks, at::kCPU);
  return Checkpoints(config.run, config.checkpoint, ranks).newest();
}

// Of a checkpoint, as they are written.
std::vector<std::string> files_in_order(const std::string& folder) {
  const std::vector<std::string> first = {"optimizer-0.safetensors", "config.json", "model.safetensors"}, last = {"trainer.json", "checksums.json", "DONE"};
  std::vector<std::string> between;
  size_t known = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    const auto is_in = [&](const std::vector<std::string>& names) { return std::count(names.begin(), names.end(), name) > 0; };
    if (is_in(first) || is_in(last)) ++known;
    else between.push_back(name);
  }
  REQUIRE(known == first.size() + last.size());
  REQUIRE_FALSE(between.empty());  // the tokenizer's
  std::sort(between.begin(), between.end());
  std::vector<std::string> all = first;
  all.insert(all.end(), between.begin(), between.end());
  all.insert(all.end(), last.begin(), last.end());
  return all;
}

std::string flipped(std::string bytes, size_t at, int bit) {
  bytes[at] = static_cast<char>(bytes[at] ^ 1 << bit);
  return bytes;
}

}  // namespace

TEST_CASE("a run that was killed between any two files of a checkpoint goes on bit for bit", "[faults]") {
  const Workplace place;
  const TrainConfig config = saving_run(place);
  train(config);
  const fs::path calm = place.folder / "calm", run = config.run;
  fs::copy(run, calm, fs::copy_options::recursive);
  const std::vector<std::string> files = files_in_order(last_checkpoint(config, 9));
  for (size_t written = 0; written < files.size(); ++written) {
    INFO("killed when " << written << " files were written, and half of " << files[written]);
    fs::remove_all(run);
    fs::copy(calm, run, fs::copy_options::recursive);
    const fs::path folder = last_checkpoint(config, 9);
    for (size_t i = written; i < files.size(); ++i) fs::remove(folder / files[i]);
    const std::string whole = read_file(calm / "checkpoints/step-9" / files[written]);
    std::ofstream(folder / ("." + files[written] + ".12345.0.tmp")) << whole.substr(0, whole.size() / 2);
    fs::copy(calm / "checkpoints/step-8", last_checkpoint(config, 4));  // the oldest was still there
    CHECK_FALSE(is_complete(config));
    REQUIRE(newest(config)->step == 8);
    train(config);
    CHECK(is_complete(config));
    CHECK(files_in_order(folder) == files);
    for (const std::string& file : files) CHECK(read_file(folder / file) == read_file(calm / "checkpoints/step-9" / file));
    CHECK(metric(config.run, "loss") == metric(calm, "loss"));
    CHECK(finished_steps(run / "checkpoints") == std::vector<int64_t>{9, 8});
  }
  fs::copy(calm / "checkpoints/step-8", last_checkpoint(config, 4));  // killed while it removed the oldest
  fs::remove(last_checkpoint(config, 4) + "/DONE");
  fs::remove(last_checkpoint(config, 4) + "/model.safetensors");
  train(config);
  CHECK_FALSE(fs::exists(last_checkpoint(config, 4)));
  CHECK(is_complete(config));
}

TEST_CASE("any flipped bit and any missing file of a checkpoint is refused by name; without DONE it is none", "[faults]") {
  const Workplace place;
  const TrainConfig config = saving_run(place);
  train(config);
  const std::string folder = last_checkpoint(config, 9) + "/";
  for (const std::string& file : files_in_order(folder)) {
    if (file == "DONE") continue;
    const std::string bytes = read_file(folder + file);
    const bool small = file == "trainer.json" || file == "checksums.json";
    const size_t stride = small ? 1 : bytes.size() / 40 + 1;
    for (size_t at = 0; at < bytes.size(); at += stride) {
      std::ofstream(folder + file, std::ios::binary) << flipped(bytes, at, static_cast<int>(at % 8));
      INFO(file << ", byte " << at);
      CHECK_THROWS_WITH(newest(config), Catch::Contains(folder.substr(0, folder.size() - 1)) && Catch::Contains("the run goes on from step 8"));
    }
    fs::remove(folder + file);
    CHECK_THROWS_WITH(newest(config), Catch::Contains(file) && Catch::Contains("the run goes on from step 8"));
    write_file(folder + file, bytes);
    CHECK(newest(config)->step == 9);
  }
  fs::remove(folder + "DONE");
  CHECK(newest(config)->step == 8);
}

TEST_CASE("a checkpoint that cannot be written ends the run, or is left out until the last one", "[faults]") {
  const Workplace place;
  TrainConfig config = saving_run(place);
  config.checkpoint.background = GENERATE(false, true);
  const fs::path checkpoints = fs::path(config.run) / "checkpoints";
  write_file(checkpoints, "in the way");
  SECTION("stop") {
    CHECK_THROWS_WITH(train(config), Catch::Contains("the checkpoint of step 4 could not be written"));
    CHECK(metric(config.run, "loss").size() < 9);
  }
  SECTION("go-on") {
    config.checkpoint.failure = "go-on";
    CHECK_THROWS_WITH(train(config), Catch::Contains("the checkpoint of step 9 could not be written") && Catch::Contains("the same command goes on"));
    CHECK(metric(config.run, "loss").size() == 9);
  }
  CHECK_FALSE(is_complete(config));
  fs::remove(checkpoints);
  train(config);
  CHECK(is_complete(config));
}

TEST_CASE("the best checkpoint that could be written stays, whatever better one could not", "[faults]") {
  const Workplace place;
  TrainConfig config = place.config("run");
  train(config);
  const std::shared_ptr<const Tokenizer> tokenizer = load_tokenizer(config.data.tokenizer);
  const auto model = load_model(last_checkpoint(config, 9), {}, at::kCPU);
  Ranks ranks({}, config.ranks, at::kCPU);
  config.checkpoint = {.keep = 1, .background = GENERATE(false, true), .failure = "go-on"};
  Checkpoints checkpoints(place.folder / "kept", config.checkpoint, ranks);
  Standing at{.steps = 9};
  const auto save = [&](int64_t step, std::optional<double> loss, const std::string& trouble) {
    at.step = step;
    at.meet(loss);
    checkpoints.save(at, *model, {}, *tokenizer, {}, trouble);
  };
  const auto kept = [&] {
    checkpoints.finish();
    return finished_steps(place.folder / "kept/checkpoints");
  };
  save(1, 5.0, "");
  save(2, 3.0, "the disk is full");
  CHECK(at.best_step == 2);
  save(3, 4.5, "");
  save(4, std::nullopt, "");
  CHECK(kept() == std::vector<int64_t>{4, 3});
  CHECK(checkpoints.newest()->best_step == 3);
  CHECK(checkpoints.newest()->best_loss == 4.5);
  save(5, 2.0, "");
  save(6, 2.5, "");
  CHECK(kept() == std::vector<int64_t>{6, 5});
}

TEST_CASE("what a step tells is thrown where it cannot be written, or waits", "[faults]") {
  const Workplace place;
  const fs::path metrics = place.folder / "metrics.jsonl";
  fs::create_directories(metrics);  // in the way
  JournalFiles strict(place.folder, false), waits(place.folder, true);
  CHECK_THROWS_WITH(strict.append("metrics.jsonl", "one"), Catch::Contains("metrics.jsonl"));
  waits.append("metrics.jsonl", "one");
  waits.append("log.txt", "two");
  waits.curves(1, {{"loss", 1}});
  CHECK_THAT(waits.flush(), Catch::Contains("metrics.jsonl"));
  fs::remove(metrics);
  waits.append("metrics.jsonl", "three");
  CHECK(waits.flush().empty());
  CHECK(read_file(metrics) == "one\nthree\n");
  CHECK(read_file(place.folder / "log.txt") == "two\n");
  CHECK(std::distance(fs::directory_iterator(place.folder / "events"), {}) == 1);
}
