// The formulas of trainer/plan/costs.cpp: keys and operations by counting, and the bytes that autograd keeps against what is allocated.
#include "trainer/plan/costs.h"

#include <ATen/ATen.h>

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <catch2/catch.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>

#include "configs/run.h"
#include "data/random.h"
#include "model/checkpoint.h"
#include "model/rwkv_hybrid.h"
#include "trainer/buckets.h"
#include "trainer/plan/rank_memory.h"
#include "trainer/plan/shapes.h"

using namespace smooth;

namespace {

// Every `every`-th token is a target.
Batch pack_of(int64_t tokens, int64_t documents, int64_t vocab_size, int64_t every) {
  Random random(1, "pack");
  Batch pack;
  for (int64_t d = 0; d < documents; ++d) {
    Example document;
    for (int64_t i = 0; i < tokens / documents; ++i) {
      document.ids.push_back(static_cast<int64_t>(random.below(static_cast<uint64_t>(vocab_size))));
      document.target.push_back(i % every == every - 1 ? 1 : 0);
    }
    pack.add(document);
  }
  return pack;
}

// The bytes of tensors that live at a time, told by LibTorch's allocator.
struct Allocated : c10::MemoryReportingInfoBase {
  void reportMemoryUsage(void*, int64_t bytes, size_t, size_t, c10::Device) override {
    now += bytes;
    most = std::max(most, now);
  }
  bool memoryProfilingEnabled() const override { return true; }
  int64_t now = 0, most = 0;
};

// How far they grow during a forward and backward pass, beyond weights and gradients.
double allocated(const Model& model, const TrainConfig& config, const Pass& pass) {
  Ranks alone({}, {}, at::kCPU);
  Buckets buckets(model.parameters(), config.precision, {}, alone);
  const Batch pack = pack_of(config.data.context, 2, model.vocab_size(), 1);
  buckets.begin_pass(true);
  const auto told = std::make_shared<Allocated>();
  {
    const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, told);
    add_gradients(model, pack, buckets.gradient(model.head()), pass);
  }
  buckets.end_pass();
  return static_cast<double>(told->most);
}

std::unique_ptr<Model> small(const std::string& architecture, std::optional<int64_t> window, std::optional<int64_t> head_dim = {}) {
  ModelConfig config;
  config.head_dim = head_dim;
  config.architecture = architecture;
  config.hidden_size = 256;
  config.num_hidden_layers = 4;
  config.intermediate_size = 1024;
  return make_model(config, 512, window, 1, at::kCPU);
}

// A folder's model, larger.
std::unique_ptr<Model> small_hybrid(const std::string& name) {
  nlohmann::json json = nlohmann::json::parse(read_file("tests/golden/" + name + "/config.json"));
  json.update({{"vocab_size", 512}, {"hidden_size", 256}, {"num_attention_heads", 4}, {"num_key_value_heads", 2}, {"intermediate_size", 1024}});
  auto model = std::make_unique<RwkvHybrid>(parse_rwkv_hybrid_config(json.dump(), "config.json"));
  at::NoGradGuard no_grad;
  for (const Parameter& parameter : model->parameters()) parameter.value.normal_(0, 0.02);
  return model;
}

void compare(const std::function<std::unique_ptr<Model>()>& make, const std::string& dtype, bool as_on_gpu = false, bool holds = false) {
  for (const int64_t some : {0, 2, 4}) {
    const int64_t recomputed = std::min(some, make()->num_layers());
    double planned_before = 0, grown_before = 0;
    for (const int64_t tokens : {512, 1024}) {
      const auto model = make();
      TrainConfig config;
      config.data.context = tokens;
      config.precision.weights = dtype;
      config.recompute_keeps = holds ? "attention" : "inputs";
      const RankMemory memory = rank_memory(*model, config, {.ranks = 1, .on_gpu = as_on_gpu, .bytes = 0}, recomputed);
      const double planned = memory.activations + memory.at_work, grown = allocated(*model, config, {.recomputed = recomputed, .holds_attention = holds});
      INFO(model->architecture() << " " << dtype << ", " << tokens << " tokens, " << recomputed << " layers computed again: planned " << planned / 1e6
                                 << " MB, allocated " << grown / 1e6 << " MB");
      CHECK(planned == Approx(grown).epsilon(0.12));
      if (planned_before > 0) CHECK(planned - planned_before == Approx(grown - grown_before).epsilon(0.12));
      planned_before = planned;
      grown_before = grown;
    }
  }
}

}  // namespace

TEST_CASE("the activations of a plan are those that are allocated: dense", "[cpu]") {
  compare([] { return small("qwen2", {}); }, "float32");
}

TEST_CASE("the activations of a plan are those that are allocated: a sliding window", "[cpu]") {
  compare([] { return small("qwen2", 128); }, "float32");
}

TEST_CASE("the activations of a plan are those that are allocated: what attention gave is held", "[cpu]") {
  compare([] { return small("qwen2", 128); }, "float32", /*as_on_gpu=*/false, /*holds=*/true);
}

TEST_CASE("the activations of a plan are those that are allocated: RWKV-7", "[cpu]") {
  compare([] { return small("rwkv7", {}); }, "float32");
}

TEST_CASE("the activations of a plan are those that are allocated: bf16", "[cpu]") {
  compare([] { return small("qwen2", 128); }, "bfloat16");
  compare([] { return small("rwkv7", {}); }, "bfloat16");
}

TEST_CASE("the activations of a plan are those that are allocated: hybrids", "[cpu]") {
  const std::string name = GENERATE(as<std::string>{}, "arwkv_tiny/gate", "arwkv_tiny/plain", "qrwkv7_tiny/balanced", "qrwkv7_tiny/hybrid",
                                    "qrwkv7_tiny/qwerky7");
  INFO(name);
  compare([&] { return small_hybrid(name); }, "float32");
  compare([&] { return small_hybrid(name); }, "bfloat16");
}

TEST_CASE("the activations of a plan are those that are allocated: WKV in chunks, as on a GPU", "[cpu]") {
  compare([] { return small("rwkv7", {}, 8); }, "float32", /*as_on_gpu=*/true);  // heads that the CPU's kernel does not take
}

TEST_CASE("keys that a token sees are counted", "[cpu]") {
  for (const int64_t length : {1, 5, 64, 100}) {
    for (const int64_t window : {0, 1, 4, 64, 200}) {
      double keys = 0;
      for (int64_t t = 0; t < length; ++t) keys += static_cast<double>(window == 0 ? t + 1 : std::min(t + 1, window));
      CHECK(mean_keys(static_cast<double>(length), window) == Approx(keys / static_cast<double>(length)));
    }
  }
}

TEST_CASE("operations are those of the matrices, of the keys in the window, and of the head at targets", "[cpu]") {
  const auto dense = small("qwen2", {}), windowed = small("qwen2", 128);
  const Batch pack = pack_of(1024, 2, 512, 4);
  const Text text = text_of({pack});
  CHECK(text.tokens() == 1024);
  CHECK(text.target_share == Approx(0.25));
  const Counts counts = count_parameters(*dense);
  // 4 layers of q [256, 256] and o, k and v [128, 256], and three of [1024, 256]
  const double matrices = 4.0 * (2 * 256 * 256 + 2 * 128 * 256 + 3 * 1024 * 256);
  const TokenFlops flops = token_flops(*dense, counts, text, {.recomputed = 2});
  const double rest = 0.75 * (256 * 256 + 3 * 1024 * 256);  // of the last layer, what follows attention is computed at targets alone
  CHECK(flops.matrices == Approx(6 * (matrices - rest)).epsilon(0.01));  // and the norms'
  CHECK(flops.attention == Approx(4 * 12.0 * 256 * 256.5));
  CHECK(flops.head == Approx(6 * 512.0 * 256 * 0.25));
  CHECK(flops.recompute == Approx(matrices + flops.attention / 6).epsilon(0.01));  // half of the layers, a third of the work
  CHECK(token_flops(*dense, counts, text, {.recomputed = 2, .holds_attention = true}).recompute == Approx(matrices).epsilon(0.01));
  CHECK(token_flops(*dense, counts, text, {.recomputed = 4, .holds_attention = true}).recompute == Approx(2 * (matrices - rest)).epsilon(0.01));
  CHECK(token_flops(*windowed, counts, text).attention == Approx(4 * 12.0 * 256 * mean_keys(512, 128)));
}
