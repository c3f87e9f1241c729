// Adapters: their gradients against those of the matrices they make up, what is trained and what is not, and resuming.
#include "trainer/lora.h"

#include <catch2/catch.hpp>

#include "model/checkpoint.h"
#include "model/decoder.h"
#include "tests/trainer/workplace.h"

using namespace smooth;

namespace {

std::unique_ptr<Decoder> small_decoder() {
  DecoderConfig config{.vocab_size = 40, .hidden_size = 24, .num_hidden_layers = 2, .num_attention_heads = 4, .num_key_value_heads = 2,
                       .head_dim = 8, .intermediate_size = 40, .rope_theta = 1e4};
  config.windows.assign(2, 8);
  auto decoder = std::make_unique<Decoder>(config);
  decoder->initialise(1, 0.2);
  return decoder;
}

Batch small_batch() {
  at::manual_seed(4);
  Batch batch;
  for (const int64_t length : {13, 30}) {
    const at::Tensor ids = at::randint(40, {length}, at::kLong);
    Example example{{ids.const_data_ptr<int64_t>(), ids.const_data_ptr<int64_t>() + length}, std::vector<uint8_t>(length, 1)};
    batch.add(example);
  }
  return batch;
}

}  // namespace

TEST_CASE("the gradients of A and B are those of W + s B A", "[cpu]") {
  const int64_t recomputed = GENERATE(0, 2);
  const LoraConfig config{.rank = 3, .alpha = 6, .targets = {"q_proj.weight", "down_proj"}};
  Ranks ranks({}, {}, at::kCPU);
  const auto model = small_decoder(), twin = small_decoder();
  Lora lora(*model, config, 1);
  Buckets buckets(lora.parameters(), {}, {}, ranks);
  lora.give_gradients_to(buckets);
  at::manual_seed(2);
  at::NoGradGuard no_grad;
  for (const Parameter& parameter : lora.parameters()) parameter.value.add_(at::randn_like(parameter.value), 0.1);
  lora.merge();
  for (size_t i = 0; i < twin->parameters().size(); ++i) twin->parameters()[i].value.copy_(model->parameters()[i].value);
  Buckets whole(twin->parameters(), {}, {}, ranks);
  {
    at::AutoGradMode on(true);
    buckets.begin_pass(true);
    const double loss = add_gradients(*model, small_batch(), buckets.gradient(model->head()), {.recomputed = recomputed}).item<double>();
    buckets.end_pass();
    whole.begin_pass(true);
    CHECK(add_gradients(*twin, small_batch(), whole.gradient(twin->head())).item<double>() == loss);
    whole.end_pass();
  }
  size_t adapters = 0;
  const std::vector<Parameter> trained = lora.parameters();
  for (const Parameter& parameter : twin->parameters()) {
    for (size_t i = 0; i < trained.size(); i += 2) {
      if (trained[i].name != parameter.name + ".lora_A") continue;
      const at::Tensor d = whole.gradient(parameter.value), a = trained[i].value, b = trained[i + 1].value;
      CHECK(at::allclose(buckets.gradient(a), 2 * b.t().mm(d), 1e-4, 1e-5));
      CHECK(at::allclose(buckets.gradient(b), 2 * d.mm(a.t()), 1e-4, 1e-5));
      ++adapters;
    }
  }
  CHECK(adapters == 4);
}

TEST_CASE("LoRA trains its targets alone, saves merged weights, and resumes bit for bit", "[cpu]") {
  const Workplace place;
  TrainConfig base = place.config("base");
  base.steps = 1;
  train(base);
  TrainConfig config = place.config("lora");
  config.model.reset();
  config.init = last_checkpoint(base, 1);
  config.precision.weights = GENERATE(as<std::string>{}, "float32", "bfloat16");
  config.lora = LoraConfig{.rank = 4, .alpha = 8, .targets = {"v_proj.weight", "up_proj"}};
  config.checkpoint.every = 4;
  config.checkpoint.keep = 5;
  train(config);
  check_resumed(config, place.folder / "stopped", 9, {"/model.safetensors", "/lora.safetensors", "/optimizer-0.safetensors"});
  const Weights before(config.init), after(last_checkpoint(config, 9));
  REQUIRE(before.names() == after.names());
  for (const std::string& name : before.names()) {
    INFO(name);
    const bool target = name.find("v_proj.weight") != std::string::npos || name.find("up_proj") != std::string::npos;
    const at::Tensor now = after.get(name);
    CHECK(at::equal(before.get(name).to(now.scalar_type()), now) == !target);
  }
  const std::vector<double> loss = metric(config.run, "loss");
  CHECK(loss.back() < loss.front());
}

TEST_CASE("a target that no matrix has is refused", "[cpu]") {
  const auto model = small_decoder();
  CHECK_THROWS_WITH(Lora(*model, {.targets = {"q_proj", "nothing"}}, 1), Catch::Contains("`nothing`"));
}
