// Layouts of one and the same model: bit for bit there and back.
#include "model/convert.h"

#include <filesystem>

#include "configs/run.h"
#include "model/checkpoint.h"
#include "model/rwkv7.h"
#include "model/rwkv7_layouts.h"
#include "model/files/torch_save.h"
#include "tests/model/files.h"
#include "tests/model/support.h"

using namespace smooth;
using Catch::Contains;

namespace {

void check_same_tensors(const std::string& expected, const std::string& got) {
  const Weights a(expected), b(got);
  CHECK(a.names() == b.names());
  for (const std::string& name : a.names()) {
    INFO(name);
    const at::Tensor x = a.get(name), y = b.get(name);
    CHECK(x.scalar_type() == y.scalar_type());
    CHECK(at::equal(x, y));
  }
}

std::unique_ptr<Rwkv7> small_rwkv(at::ScalarType dtype) {
  auto model = std::make_unique<Rwkv7>(Rwkv7Config{.vocab_size = 20, .hidden_size = 32, .num_hidden_layers = 2, .head_dim = 16, .intermediate_size = 48,
                                                   .decay_low_rank_dim = 4, .a_low_rank_dim = 5, .v_low_rank_dim = 6, .gate_low_rank_dim = 7},
                                       at::TensorOptions(dtype));
  model->initialise(1);
  return model;
}

}  // namespace

TEST_CASE("a .pth that was written here reads back as it was", "[cpu]") {
  const Scratch scratch;
  const std::string file = scratch.path("all.pth");
  const std::vector<Parameter> tensors = {{"a", at::arange(6, at::kFloat).view({2, 3})}, {"scalar", at::ones({}, at::kLong)},
                                          {"empty", at::zeros({0, 4}, at::kBFloat16)}, {"turned", at::rand({3, 2}).t()},
                                          {"half", at::rand({7}).to(at::kHalf)}, {"bool", at::ones({3}, at::kBool)}};
  save_torch_file(file, tensors);
  const Weights weights(file);
  for (const Parameter& tensor : tensors) {
    INFO(tensor.name);
    CHECK(at::equal(weights.get(tensor.name), tensor.value));
    CHECK(weights.get(tensor.name).scalar_type() == tensor.value.scalar_type());
  }
  CHECK_THROWS_WITH(save_torch_file(file, {tensors[0], tensors[0]}), Contains("two tensors are to be saved as a"));
}

TEST_CASE("RWKV-7: Hugging Face's layout to BlinkDL's and back, bit for bit", "[cpu]") {
  const Scratch scratch;
  const at::ScalarType dtype = GENERATE(at::kFloat, at::kBFloat16);
  save_model(*small_rwkv(dtype), scratch.path("hf"));
  for (const std::string name : {"model.pth", "model.safetensors"}) {
    const std::string file = scratch.path("blinkdl-" + name), back = scratch.path("back-" + name);
    convert_weights({.from = scratch.path("hf"), .to = file, .layout = "blinkdl"});
    convert_weights({.from = file, .to = back});
    check_same_tensors(scratch.path("hf"), back);
    CHECK(read_file(back + "/config.json") == read_file(scratch.path("hf/config.json")));
    const Batch text = one_document(at::arange(15, at::kLong));
    CHECK(at::equal(load_model(scratch.path("hf"), {}, at::kCPU)->forward(text), load_model(file, {}, at::kCPU)->forward(text)));
  }
}

TEST_CASE("the same for a checkpoint in shards and another dtype", "[cpu]") {
  const Scratch scratch;
  const std::string from = "tests/golden/qwen2_yarn";
  convert_weights({.from = from, .to = scratch.path("shards"), .shard_bytes = 20000});
  CHECK(std::filesystem::exists(scratch.path("shards/model.safetensors.index.json")));
  convert_weights({.from = scratch.path("shards"), .to = scratch.path("one")});
  check_same_tensors(from, scratch.path("one"));
  convert_weights({.from = from, .to = scratch.path("narrow"), .dtype = "bfloat16"});
  CHECK(Weights(scratch.path("narrow")).get("model.norm.weight").scalar_type() == at::kBFloat16);
  CHECK_THAT(read_file(scratch.path("narrow/config.json")), Contains("\"torch_dtype\": \"bfloat16\""));
}

TEST_CASE("what cannot be converted is refused, and nothing is written", "[cpu]") {
  const Scratch scratch;
  const std::string to = scratch.path("to.pth");
  CHECK_THROWS_WITH(convert_weights({.from = "tests/golden/qwen2_yarn", .to = to, .layout = "blinkdl"}), Contains("no RWKV-7"));
  CHECK_THROWS_WITH(convert_weights({.from = "tests/golden/qwen2_yarn", .to = to, .layout = "gguf"}), Contains("layouts are hf and blinkdl"));
  std::vector<Parameter> tensors = to_blinkdl(small_rwkv(at::kFloat)->parameters());
  tensors.pop_back();
  tensors.push_back({"blocks.0.att.extra", at::zeros({1})});
  tensors.push_back({"blocks.0.att.v0", at::zeros({1, 1, 32})});  // which nobody uses
  save_torch_file(scratch.path("bad.pth"), tensors);
  CHECK_THROWS_WITH(convert_weights({.from = scratch.path("bad.pth"), .to = to}), Contains("1 tensor missing (head.weight)") && Contains("blocks.0.att.extra"));
  CHECK_FALSE(std::filesystem::exists(to));
}

TEST_CASE("BlinkDL's files of the fixtures: .pth in fp32 and bf16", "[cpu][fixtures]") {
  if (fixtures().empty()) return;
  const Scratch scratch;
  const std::string folder = fixtures() + "/rwkv7/rwkv7_tiny";
  convert_weights({.from = folder + "/model.pth", .to = scratch.path("hf")});
  check_same_tensors(folder + "/fla/model.safetensors", scratch.path("hf"));
  convert_weights({.from = scratch.path("hf"), .to = scratch.path("back.pth"), .layout = "blinkdl"});
  check_same_tensors(folder + "/model.pth", scratch.path("back.pth"));
  convert_weights({.from = folder + "/model_bf16.pth", .to = scratch.path("narrow")});
  convert_weights({.from = scratch.path("narrow"), .to = scratch.path("narrow.pth"), .layout = "blinkdl"});
  check_same_tensors(folder + "/model_bf16.pth", scratch.path("narrow.pth"));
}
