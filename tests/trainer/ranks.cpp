// Several processes against one: the same losses whatever they share out, and how they end together. Each rank is a smooth-train.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "configs/load.h"
#include "model/checkpoint.h"
#include "tests/trainer/workplace.h"

using namespace smooth;

namespace {

// The ranks of one run; what they print goes to FOLDER/rank-R.txt.
class Processes {
 public:
  Processes(const TrainConfig& config, int64_t size) {
    static int runs = 0;
    const std::string yaml = config.run + ".yaml", program = fs::read_symlink("/proc/self/exe").parent_path() / "smooth-train";
    write_file(yaml, dump_config(config));
    const std::string port = std::to_string(21000 + (getpid() * 16 + runs++) % 9000);
    for (int64_t r = 0; r < size; ++r) {
      const std::string said = config.run + ".rank-" + std::to_string(r);
      std::vector<std::string> variables = {"OMP_NUM_THREADS=1", "RANK=" + std::to_string(r), "WORLD_SIZE=" + std::to_string(size),
                                            "LOCAL_RANK=" + std::to_string(r), "MASTER_ADDR=127.0.0.1", "MASTER_PORT=" + port};
      std::vector<char*> environment, arguments;
      for (std::string& variable : variables) environment.push_back(variable.data());
      environment.push_back(nullptr);
      std::vector<std::string> words = {program, yaml};
      for (std::string& word : words) arguments.push_back(word.data());
      arguments.push_back(nullptr);
      posix_spawn_file_actions_t files;
      posix_spawn_file_actions_init(&files);
      posix_spawn_file_actions_addopen(&files, 2, said.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
      pid_t child = 0;
      REQUIRE(posix_spawn(&child, program.c_str(), &files, nullptr, arguments.data(), environment.data()) == 0);
      posix_spawn_file_actions_destroy(&files);
      children_.push_back(child);
      said_.push_back(said);
    }
  }
  ~Processes() {
    for (const pid_t child : children_) {
      if (child > 0) kill(child, SIGKILL);
      if (child > 0) waitpid(child, nullptr, 0);
    }
  }
  // Exit status of a rank, 128 + the signal that ended it.
  int wait(size_t rank) {
    int status = 0;
    waitpid(children_[rank], &status, 0);
    children_[rank] = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  void signal(size_t rank, int number) { kill(children_[rank], number); }
  std::string said(size_t rank) const { return read_file(said_[rank]); }

 private:
  std::vector<pid_t> children_;
  std::vector<std::string> said_;
};

void train_by(int64_t size, const TrainConfig& config) {
  Processes ranks(config, size);
  for (int64_t r = 0; r < size; ++r) {
    const int status = ranks.wait(r);
    INFO("rank " << r << " said: " << ranks.said(r));
    REQUIRE(status == 0);
  }
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]) / std::abs(a[i]));
  return largest;
}

std::vector<double> heldout(const std::string& run) {
  std::ifstream lines(fs::path(run) / "metrics.jsonl");
  std::vector<double> values;
  for (std::string line; std::getline(lines, line);) {
    const auto json = nlohmann::json::parse(line);
    if (json.contains("heldout_loss")) values.push_back(json.at("heldout_loss").get<double>());
  }
  REQUIRE(values.size() == 2);
  return values;
}

void wait_for_steps(const TrainConfig& config, size_t steps) {
  for (int i = 0; i < 600; ++i) {
    std::ifstream lines(fs::path(config.run) / "metrics.jsonl");
    size_t count = 0;
    for (std::string line; std::getline(lines, line);) ++count;
    if (count >= steps) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  FAIL("no " << steps << " steps in half a minute");
}

TrainConfig small_run(const Workplace& place, const std::string& name, bool rwkv) {
  TrainConfig config = place.config(name);
  if (rwkv) {
    config.model->architecture = "rwkv7";
    config.model->head_dim = 16;
    config.sliding_window.reset();
  }
  config.steps = 50;
  config.batch = 3;
  config.batch_of = "packs";
  config.data.context = 128;
  return config;
}

}  // namespace

TEST_CASE("two ranks, and three, take the steps of one, whatever they share out", "[ranks]") {
  const Workplace place;
  const bool rwkv = GENERATE(false, true);
  TrainConfig one = small_run(place, "one", rwkv);
  train(one);
  for (const int64_t zero : {0, 1, 2}) {
    TrainConfig config = small_run(place, "ranks-" + std::to_string(zero), rwkv);
    config.ranks.zero = zero;
    config.checkpoint.every = 20;
    const int64_t size = zero == 1 ? 3 : 2;
    train_by(size, config);
    INFO((rwkv ? "RWKV-7" : "SWA") << ", ZeRO " << zero << ", " << size << " ranks");
    CHECK(largest_difference(metric(one.run, "loss"), metric(config.run, "loss")) < 1e-6);
    CHECK(metric(one.run, "tokens") == metric(config.run, "tokens"));

    // From the checkpoint in the middle on, by another number of ranks and with AdamW's state laid out anew.
    fs::remove_all(last_checkpoint(config, 50));
    train_by(zero == 1 ? 2 : 1, config);
    CHECK(largest_difference(metric(one.run, "loss"), metric(config.run, "loss")) < 1e-6);
  }
}

TEST_CASE("with ZeRO 2 more buckets than may travel at once are summed all the same", "[ranks]") {
  const Workplace place;
  TrainConfig whole = small_run(place, "whole", false);
  whole.model->hidden_size = 256;
  whole.model->intermediate_size = 1024;
  whole.model->num_hidden_layers = 3;
  whole.batch = 2;  // a pack for each: every sum has two terms, and so one result
  whole.optim.clip = 0;
  whole.steps = 6;
  train_by(2, whole);
  TrainConfig shared = whole;
  shared.run = place.folder / "shared";
  shared.ranks.zero = 2;
  shared.ranks.bucket_mb = 1;  // three matrices of a layer have one each
  train_by(2, shared);
  CHECK(metric(whole.run, "loss") == metric(shared.run, "loss"));
}

TEST_CASE("ranks that split every pack take the steps of one", "[ranks]") {
  const Workplace place;
  const bool rwkv = GENERATE(false, true);
  TrainConfig one = small_run(place, "one", rwkv);
  one.data.context = 256;
  one.optim.lr = 1e-3;
  one.heldout = HeldoutConfig{.files = one.data.files, .every = 25};
  train(one);
  const auto [size, context, zero] = GENERATE(table<int64_t, int64_t, int64_t>({{2, 2, 0}, {3, 3, 2}, {4, 2, 1}}));
  TrainConfig config = one;
  config.run = place.folder / "split";
  config.ranks.context = context;
  config.ranks.zero = zero;
  config.recompute = context - 1;
  train_by(size, config);
  INFO((rwkv ? "RWKV-7" : "SWA") << ", " << size << " ranks, " << context << " to a pack, ZeRO " << zero);
  CHECK(largest_difference(metric(one.run, "loss"), metric(config.run, "loss")) < 1e-6);
  CHECK(metric(one.run, "targets") == metric(config.run, "targets"));
  CHECK(largest_difference(heldout(one.run), heldout(config.run)) < 1e-6);
}

TEST_CASE("dense layers and ranks that cannot be grouped are refused", "[ranks]") {
  const Workplace place;
  TrainConfig config = small_run(place, "refused", false);
  config.ranks.context = 2;
  CHECK_THROWS_WITH(train(config), Catch::Contains("does not divide the 1 ranks"));
  config.sliding_window.reset();
  config.run = place.folder / "dense";
  Processes ranks(config, 2);
  for (size_t r = 0; r < 2; ++r) {
    CHECK(ranks.wait(r) == 1);
    CHECK_THAT(ranks.said(r), Catch::Contains("dense layers"));
  }
}

TEST_CASE("weights in bf16 are shared out as well, with masters in fp32", "[ranks]") {
  const Workplace place;
  TrainConfig one = small_run(place, "one", false);
  one.precision.weights = "bfloat16";
  train(one);
  TrainConfig config = one;
  config.run = place.folder / "two";
  config.ranks.zero = 2;
  train_by(2, config);
  // Sums in another order are rounded to other bf16 numbers at times.
  CHECK(largest_difference(metric(one.run, "loss"), metric(config.run, "loss")) < 2e-2);
  fs::remove_all(last_checkpoint(config, 50));
}

TEST_CASE("a rank that is killed ends the other one with its name, and the run goes on bit for bit", "[ranks]") {
  const Workplace place;
  const size_t victim = GENERATE(0, 1);
  TrainConfig calm = small_run(place, "calm", false);
  calm.ranks.zero = 2;
  calm.checkpoint.every = 4;
  train_by(2, calm);
  TrainConfig config = calm;
  config.run = place.folder / "killed";
  {
    Processes ranks(config, 2);
    wait_for_steps(config, 6);
    ranks.signal(victim, SIGKILL);
    const auto begin = std::chrono::steady_clock::now();
    CHECK(ranks.wait(victim) == 137);
    CHECK(ranks.wait(1 - victim) == 1);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(30));
    CHECK_THAT(ranks.said(1 - victim), Catch::Contains("smooth: "));
  }
  train_by(2, config);
  for (const char* file : {"/model.safetensors", "/optimizer-0.safetensors", "/optimizer-1.safetensors"}) {
    INFO(file);
    CHECK(read_file(last_checkpoint(calm, 50) + file) == read_file(last_checkpoint(config, 50) + file));
  }
}

TEST_CASE("SIGTERM to one rank saves and ends all of them, and the same command goes on bit for bit", "[ranks]") {
  const Workplace place;
  TrainConfig calm = small_run(place, "calm", false);
  calm.steps = 400;
  train_by(2, calm);
  TrainConfig config = calm;
  config.run = place.folder / "asked";
  {
    Processes ranks(config, 2);
    wait_for_steps(config, 5);
    ranks.signal(1, SIGTERM);
    for (size_t r = 0; r < 2; ++r) {
      const int status = ranks.wait(r);
      INFO(ranks.said(r));
      CHECK(status == 75);
    }
    CHECK(finished_steps(fs::path(config.run) / "checkpoints").size() == 1);
  }
  train_by(2, config);
  CHECK(read_file(last_checkpoint(calm, 400) + "/model.safetensors") == read_file(last_checkpoint(config, 400) + "/model.safetensors"));
  CHECK(metric(config.run, "loss") == metric(calm.run, "loss"));
}

TEST_CASE("an error of one rank is what the others say too", "[ranks]") {
  const Workplace place;
  TrainConfig config = small_run(place, "explodes", false);
  config.optim.lr = 1e30;
  config.optim.clip = 0;
  Processes ranks(config, 2);
  for (size_t r = 0; r < 2; ++r) {
    CHECK(ranks.wait(r) == 1);
    CHECK_THAT(ranks.said(r), Catch::Contains("is not finite"));
  }
}
