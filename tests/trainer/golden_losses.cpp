// Twenty steps of each architecture against the losses that were recorded (tests/golden/losses.json): a change that is not meant to move
// numbers shows them equal. One that is meant to writes them anew: SMOOTH_WRITE_GOLDEN=1 build/release/tests_trainer "[golden-losses]".
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "configs/run.h"
#include "data/random.h"
#include "model/checkpoint.h"
#include "trainer/adamw.h"
#include "trainer/schedule.h"

using namespace smooth;

namespace {

constexpr const char* kFile = "tests/golden/losses.json";
constexpr int64_t kSteps = 20, kWords = 97;
// Of a loss: processors with other vectors, and other numbers of threads, sum in another order. Seen: 1.1e-6 in fp32, 2.1e-2 in bf16.
constexpr double kClose = 1e-5, kCloseInHalf = 5e-2;

// One of two packs of documents that repeat themselves: something can be learnt in twenty steps.
Batch pack_of(int64_t step) {
  Random random(7, "golden losses " + std::to_string(step % 2));
  Batch pack;
  for (const int64_t length : {70, 1, 45}) {
    Example document;
    const int64_t period = 5 + static_cast<int64_t>(random.below(6));
    for (int64_t i = 0; i < length; ++i) {
      document.ids.push_back(i < period ? static_cast<int64_t>(random.below(kWords)) : document.ids[i - period]);
      document.target.push_back(i % 3 != 0 ? 1 : 0);
    }
    pack.add(document);
  }
  return pack;
}

std::vector<double> losses_of(const std::string& architecture, std::optional<int64_t> window, const std::string& dtype) {
  ModelConfig sizes;
  sizes.architecture = architecture;
  sizes.hidden_size = 64;
  sizes.num_hidden_layers = 3;
  sizes.intermediate_size = 160;
  if (architecture == "rwkv7") sizes.head_dim = 32;
  const auto model = make_model(sizes, kWords, window, /*seed=*/3, at::kCPU);
  Ranks alone({}, {}, at::kCPU);
  PrecisionConfig precision;
  precision.weights = dtype;
  const OptimConfig optim{.lr = 2e-3, .warmup_steps = 4};
  Buckets buckets(model->parameters(), precision, {}, alone);
  AdamW optimizer(buckets, optim, precision, alone);
  std::vector<double> losses;
  for (int64_t step = 0; step < kSteps; ++step) {
    const Batch pack = pack_of(step);
    buckets.zero_gradients();
    buckets.begin_pass(true);
    const at::Tensor loss = add_gradients(*model, pack, buckets.gradient(model->head()), {.recomputed = 1});
    buckets.end_pass();
    losses.push_back(loss.item<double>() / static_cast<double>(pack.num_targets));
    optimizer.update(static_cast<double>(pack.num_targets), learning_rate(optim, step, kSteps));
  }
  return losses;
}

}  // namespace

TEST_CASE("twenty steps of each architecture have the losses that were recorded", "[cpu][golden-losses]") {
  const nlohmann::ordered_json now = {{"dense", losses_of("qwen2", {}, "float32")},
                                      {"SWA-16", losses_of("qwen2", 16, "float32")},
                                      {"SWA-16 bf16", losses_of("qwen2", 16, "bfloat16")},
                                      {"RWKV-7", losses_of("rwkv7", {}, "float32")}};
  if (std::getenv("SMOOTH_WRITE_GOLDEN") != nullptr) write_file(kFile, now.dump(1) + "\n");
  const auto recorded = nlohmann::ordered_json::parse(read_file(kFile));
  REQUIRE(recorded.size() == now.size());
  for (const auto& [name, losses] : recorded.items()) {
    const double close = name.find("bf16") != std::string::npos ? kCloseInHalf : kClose;
    REQUIRE(losses.size() == kSteps);
    for (size_t i = 0; i < kSteps; ++i) {
      INFO(name << ", step " << i + 1);
      CHECK(now[name][i].get<double>() == Approx(losses[i].get<double>()).epsilon(close));
    }
    CHECK(losses.back().get<double>() < 0.8 * losses.front().get<double>());  // something was learnt
  }
}
