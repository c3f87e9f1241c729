// The optimizer against its formula, the schedule, accumulation, overfitting, and a resumed run against one never stopped.
#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "configs/run.h"
#include "model/checkpoint.h"
#include "model/rwkv_hybrid.h"
#include "trainer/adamw.h"
#include "trainer/schedule.h"
#include "tests/trainer/workplace.h"

using namespace smooth;
namespace fs = std::filesystem;

TEST_CASE("AdamW is the paper's algorithm, with the norm clipped", "[cpu]") {
  at::manual_seed(1);
  OptimConfig config;
  config.weight_decay = 0.1;
  config.clip = 0.5;
  const std::vector<Parameter> parameters = {{"matrix", at::randn({3, 4})}, {"bias", at::randn({4})}};
  std::vector<at::Tensor> expected, m, v;
  for (const Parameter& parameter : parameters) {
    expected.push_back(parameter.value.to(at::kDouble).clone());
    m.push_back(at::zeros_like(expected.back()));
    v.push_back(at::zeros_like(expected.back()));
  }
  Ranks ranks({}, {}, at::kCPU);
  Buckets buckets(parameters, {}, {}, ranks);
  AdamW optimizer(buckets, config, {}, ranks);
  for (int t = 1; t <= 5; ++t) {
    const double lr = 0.01 * t, divisor = 3;
    double squares = 0;
    for (const Parameter& parameter : parameters) {
      buckets.gradient(parameter.value).copy_(at::randn(parameter.value.sizes()) * 2);
      squares += (buckets.gradient(parameter.value).to(at::kDouble) / divisor).square().sum().item<double>();
    }
    const double shrink = std::min(1.0, config.clip / std::sqrt(squares));
    for (size_t i = 0; i < parameters.size(); ++i) {
      const at::Tensor g = buckets.gradient(parameters[i].value).to(at::kDouble) / divisor * shrink;
      m[i] = config.beta1 * m[i] + (1 - config.beta1) * g;
      v[i] = config.beta2 * v[i] + (1 - config.beta2) * g * g;
      const at::Tensor m_hat = m[i] / (1 - std::pow(config.beta1, t)), v_hat = v[i] / (1 - std::pow(config.beta2, t));
      const double decay = i == 0 ? config.weight_decay : 0;  // biases do not decay
      expected[i] = expected[i] * (1 - lr * decay) - lr * m_hat / (v_hat.sqrt() + config.eps);
    }
    CHECK(optimizer.update(divisor, lr) == Approx(std::sqrt(squares)).epsilon(1e-6));
    for (size_t i = 0; i < parameters.size(); ++i) {
      CHECK((parameters[i].value.detach().to(at::kDouble) - expected[i]).abs().max().item<double>() < 2e-6);
    }
  }
}

TEST_CASE("a gradient that is not finite changes nothing", "[cpu]") {
  const std::vector<Parameter> parameters = {{"matrix", at::ones({2, 2}).requires_grad_()}};
  Ranks ranks({}, {}, at::kCPU);
  Buckets buckets(parameters, {}, {}, ranks);
  AdamW optimizer(buckets, {}, {}, ranks);
  buckets.gradient(parameters[0].value).fill_(std::nan(""));
  CHECK(!std::isfinite(optimizer.update(1, 0.1)));
  CHECK(at::equal(parameters[0].value.detach(), at::ones({2, 2})));
}

TEST_CASE("warm-up is linear, then a cosine ends at min_lr", "[cpu]") {
  OptimConfig config;
  config.lr = 1;
  config.min_lr = 0.1;
  config.warmup_steps = 4;
  CHECK(learning_rate(config, 0, 24) == Approx(0.25));
  CHECK(learning_rate(config, 3, 24) == Approx(1));
  CHECK(learning_rate(config, 4, 24) == Approx(1));
  CHECK(learning_rate(config, 14, 24) == Approx(0.55));
  CHECK(learning_rate(config, 24, 24) == Approx(0.1));
}

TEST_CASE("a run that was stopped and resumed has the bits of one that was not", "[cpu]") {
  const Workplace place;
  TrainConfig config = place.config("whole");
  config.checkpoint.every = 4;
  config.checkpoint.keep = 5;
  train(config);

  TrainConfig stopped = place.config("stopped");
  stopped.checkpoint = config.checkpoint;
  train(stopped);
  fs::remove_all(last_checkpoint(stopped, 9));
  fs::remove(last_checkpoint(stopped, 8) + "/DONE");  // not finished: as if it had been killed while saving
  train(stopped);

  for (const char* file : {"/model.safetensors", "/optimizer-0.safetensors", "/config.json", "/trainer.json"}) {
    INFO(file);
    CHECK(read_file(last_checkpoint(config, 9) + file) == read_file(last_checkpoint(stopped, 9) + file));
  }
  std::ifstream lines(fs::path(stopped.run) / "metrics.jsonl");
  int64_t count = 0;
  for (std::string line; std::getline(lines, line);) ++count;
  CHECK(count == 9);
  const auto before = fs::last_write_time(last_checkpoint(config, 9) + "/model.safetensors");
  train(config);  // finished: nothing to do
  CHECK(fs::last_write_time(last_checkpoint(config, 9) + "/model.safetensors") == before);
}

TEST_CASE("ARWKV and QRWKV7 train from a folder and resume; what nothing computes with stays", "[cpu]") {
  const std::string name = GENERATE(as<std::string>{}, "arwkv_tiny/gate", "qrwkv7_tiny/balanced");
  INFO(name);
  const Workplace place;
  TrainConfig config = place.config("whole");
  nlohmann::json json = nlohmann::json::parse(read_file("tests/golden/" + name + "/config.json"));
  json["vocab_size"] = load_tokenizer(config.data.tokenizer)->vocab_size();
  RwkvHybridConfig hybrid = parse_rwkv_hybrid_config(json.dump(), "config.json");
  const std::string idle = hybrid.prefix(0) + "v0";
  hybrid.idle[idle] = {1, 1, 32};
  const RwkvHybrid model(hybrid);
  at::manual_seed(1);
  for (const Parameter& tensor : stored_tensors(model)) tensor.value.normal_(tensor.name.ends_with("norm.weight") ? 1 : 0, 0.1);
  save_model(model, place.folder / "init");

  config.model.reset();
  config.init = place.folder / "init";
  config.sliding_window.reset();
  config.checkpoint = {.every = 4, .keep = 5};
  train(config);
  check_resumed(config, place.folder / "stopped", 9, {"/model.safetensors"});

  const Weights before(config.init), after(last_checkpoint(config, 9));
  REQUIRE(before.names() == after.names());
  for (const std::string& tensor : before.names()) {
    INFO(tensor);
    CHECK(at::equal(before.get(tensor), after.get(tensor)) == (tensor == idle));
  }
}

TEST_CASE("a run is complete when its last step is saved and nothing is left to tidy up", "[cpu]") {
  const Workplace place;
  TrainConfig config = place.config("run");
  config.checkpoint = {.every = 4, .keep = 2};
  CHECK_FALSE(is_complete(config));
  train(config);
  CHECK(is_complete(config));
  TrainConfig other = config;
  other.optim.lr = 1e-4;
  CHECK_FALSE(is_complete(other));
  fs::create_directories(last_checkpoint(config, 4));  // a kill left it behind
  CHECK_FALSE(is_complete(config));
  fs::remove(last_checkpoint(config, 4));
  CHECK(is_complete(config));
  fs::remove_all(last_checkpoint(config, 9));
  CHECK_FALSE(is_complete(config));
}

TEST_CASE("a step in many small packs is the step in one large one", "[cpu]") {
  const Workplace place;
  const auto weights = [&](const std::string& run, int64_t context) {
    TrainConfig config = place.config(run);
    config.data.context = context;
    config.steps = 1;
    train(config);
    return Safetensors(last_checkpoint(config, 1) + "/model.safetensors").get("model.layers.0.mlp.up_proj.weight").clone();
  };
  const at::Tensor large = weights("large", 4096), small = weights("small", 112);
  CHECK((large - small).abs().max().item<double>() < 1e-5);
}

TEST_CASE("a small set is learned by heart", "[cpu]") {
  const Workplace place;
  TrainConfig config = place.config("heart");
  config.steps = 120;
  config.batch = 12;
  config.optim.lr = 1e-2;
  train(config);
  std::ifstream lines(fs::path(config.run) / "metrics.jsonl");
  std::string line, last;
  while (std::getline(lines, line)) last = line;
  const double loss = std::stod(last.substr(last.find("\"loss\":") + 7));
  CHECK(loss < 0.05);
}

TEST_CASE("another run's folder is refused, and begun anew on demand", "[cpu]") {
  const Workplace place;
  TrainConfig config = place.config("run");
  config.steps = 1;
  train(config);
  config.optim.lr = 1e-4;
  CHECK_THROWS_WITH(train(config), Catch::Contains("holds another run") && Catch::Contains("config.yaml"));
  remove_other_run(config);
  CHECK_NOTHROW(train(config));
  write_file(place.folder / "set.jsonl", read_file(place.folder / "set.jsonl") + read_file(place.folder / "set.jsonl"));
  CHECK_THROWS_WITH(train(config), Catch::Contains("inputs.json"));
  remove_other_run(config);
  CHECK_NOTHROW(train(config));
  write_file(place.folder / "tokenizer/tokenizer_config.json", "{}");
  CHECK_THROWS_WITH(train(config), Catch::Contains("inputs.json"));
}

TEST_CASE("a folder whose run was refused before its first step is free for another", "[cpu]") {
  const Workplace place;
  TrainConfig config = place.config("run");
  config.ranks.context = 2;
  CHECK_THROWS_WITH(train(config), Catch::Contains("ranks.context"));
  config.ranks.context = 1;
  CHECK_NOTHROW(train(config));
  CHECK(read_file(fs::path(config.run) / "config.yaml").find("context: 1") != std::string::npos);
}

TEST_CASE("a loss that is not finite stops the run before the update", "[cpu]") {
  const Workplace place;
  TrainConfig config = place.config("explodes");
  config.optim.lr = 1e30;
  config.optim.clip = 0;
  CHECK_THROWS_WITH(train(config), Catch::Contains("is not finite") && Catch::Contains("optim.lr"));
}

TEST_CASE("layers computed again change no bit of a run", "[cpu]") {
  const Workplace place;
  TrainConfig kept = place.config("kept"), again = place.config("again");
  again.recompute = 2;
  train(kept);
  train(again);
  CHECK(read_file(last_checkpoint(kept, 9) + "/model.safetensors") == read_file(last_checkpoint(again, 9) + "/model.safetensors"));
}

TEST_CASE("weights in bf16 follow masters in fp32, and a resumed run has the same bits", "[cpu]") {
  const Workplace place;
  TrainConfig config = place.config("whole");
  config.precision.weights = "bfloat16";
  config.precision.moments = GENERATE(as<std::string>{}, "float32", "bfloat16");
  config.precision.gradients = GENERATE(as<std::string>{}, "float32", "bfloat16");
  config.checkpoint = {.every = 4, .keep = 5};
  train(config);
  const Safetensors optimizer(last_checkpoint(config, 9) + "/optimizer-0.safetensors");
  const Weights weights(last_checkpoint(config, 9));
  for (const std::string& name : weights.names()) {
    INFO(name);
    CHECK(weights.get(name).scalar_type() == at::kBFloat16);
    CHECK(at::equal(optimizer.get(name + ".master").to(at::kBFloat16), weights.get(name)));
  }
  check_resumed(config, place.folder / "stopped", 9, {"/optimizer-0.safetensors"});
  TrainConfig wide = place.config("wide");
  train(wide);
  const std::vector<double> narrow = metric(config.run, "loss"), exact = metric(wide.run, "loss");
  for (size_t i = 0; i < exact.size(); ++i) CHECK(narrow[i] == Approx(exact[i]).epsilon(0.05));
}

TEST_CASE("held-out loss is told, and its best checkpoint stays", "[cpu]") {
  const Workplace place;
  TrainConfig config = place.config("heldout");
  config.steps = 40;
  config.optim.lr = 0.1;  // comes down, then leaps about
  config.checkpoint = {.every = 5, .keep = 1};
  config.heldout = HeldoutConfig{.files = config.data.files, .every = 4};
  train(config);
  std::ifstream lines(fs::path(config.run) / "metrics.jsonl");
  double best = 1e9;
  int64_t step = 0, count = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto json = nlohmann::json::parse(line);
    if (!json.contains("heldout_loss")) continue;
    ++count;
    if (json["heldout_loss"].get<double>() >= best) continue;
    best = json["heldout_loss"].get<double>();
    step = json["step"].get<int64_t>();
  }
  CHECK(count == 10);
  CHECK(fs::exists(last_checkpoint(config, step) + "/DONE"));
  CHECK(fs::exists(last_checkpoint(config, 40) + "/DONE"));
  CHECK(std::distance(fs::directory_iterator(fs::path(config.run) / "checkpoints"), {}) == (step == 40 ? 1 : 2));
  CHECK(is_complete(config));
}

TEST_CASE("a damaged checkpoint is refused, and the one before it offered", "[cpu]") {
  const Workplace place;
  TrainConfig config = place.config("damaged");
  config.checkpoint = {.every = 4, .keep = 3};
  train(config);
  const std::string folder = last_checkpoint(config, 9);
  SECTION("a flipped bit") {
    const std::string file = GENERATE(as<std::string>{}, "/model.safetensors", "/optimizer-0.safetensors", "/trainer.json");
    std::string bytes = read_file(folder + file);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
    write_file(folder + file, bytes);
    CHECK_THROWS_WITH(train(config), Catch::Contains(folder) && Catch::Contains(file.substr(1)) && Catch::Contains("checksum") && Catch::Contains("goes on from step 8"));
  }
  SECTION("a missing file") {
    fs::remove(folder + "/optimizer-0.safetensors");
    CHECK_THROWS_WITH(train(config), Catch::Contains("optimizer-0.safetensors is missing") && Catch::Contains("step 8"));
  }
  const std::string before = read_file(last_checkpoint(config, 8) + "/model.safetensors");
  fs::remove_all(folder);
  train(config);
  CHECK(fs::exists(folder + "/DONE"));
}

TEST_CASE("a loss that leaps is told with its samples; one that is not finite leaves its tokens", "[cpu]") {
  const Workplace place;
  TrainConfig config = place.config("spikes");
  config.steps = 30;
  config.spike = 0.01;
  train(config);
  const std::string told = read_file(fs::path(config.run) / "spikes.txt");
  CHECK_THAT(told, Catch::Contains("step 21: the loss") && Catch::Contains("Its samples: t"));
  TrainConfig broken = place.config("broken");
  broken.optim.lr = 1e30;
  broken.optim.clip = 0;
  CHECK_THROWS_WITH(train(broken), Catch::Contains("not-finite-step-"));
  bool found = false;
  for (const auto& entry : fs::directory_iterator(broken.run)) {
    if (!entry.path().filename().string().starts_with("not-finite-step-")) continue;
    const auto json = nlohmann::json::parse(read_file(entry.path()));
    found = json.at("samples").size() == 4 && !json.at("packs").at(0).at("ids").empty();
  }
  CHECK(found);
}

TEST_CASE("a step is profiled on request", "[cpu]") {
  const Workplace place;
  TrainConfig config = place.config("profile");
  config.steps = 3;
  config.profile = {2};
  train(config);
  const auto events = nlohmann::json::parse(read_file(fs::path(config.run) / "profile-step-2.json"));
  CHECK(std::any_of(events.begin(), events.end(), [](const auto& event) { return event.at("name") == "aten::mm"; }));
  CHECK_FALSE(fs::exists(fs::path(config.run) / "profile-step-1.json"));
}
