// A model's folder that lies: a config.json that contradicts the weights, sizes that no memory has, an index that is damaged, JSON
// without an end. Each is refused with file, tensor or key, and reason, before memory is taken.
#include <catch2/catch.hpp>
#include <functional>
#include <nlohmann/json.hpp>

#include "model/checkpoint.h"
#include "model/encoder.h"
#include "model/files/shard_index.h"
#include "model/files/torch_save.h"
#include "model/rwkv7.h"
#include "model/rwkv7_layouts.h"
#include "tests/model/files.h"
#include "tests/model/support.h"

using namespace smooth;
using Catch::Contains;
using Catch::StartsWith;
using nlohmann::json;

namespace {

const int64_t kHuge = int64_t{1} << 28;

Rwkv7 small_rwkv7() {
  return Rwkv7(Rwkv7Config{.vocab_size = 20, .hidden_size = 32, .num_hidden_layers = 2, .head_dim = 16, .intermediate_size = 48,
                           .decay_low_rank_dim = 8, .a_low_rank_dim = 8, .v_low_rank_dim = 8, .gate_low_rank_dim = 8},
               at::TensorOptions(at::kFloat));
}

// Says `why` of `where` when the config of the saved folder says `value` for `key`.
using Load = std::function<void(const std::string& folder)>;
void check_contradiction(const Scratch& scratch, const json& config, const Load& load, const std::string& key, const json& value, const std::string& where, const std::string& why) {
  json wrong = config;
  wrong[key] = value;
  scratch.write("config.json", wrong.dump());
  INFO(key << " " << value.dump());
  CHECK_THROWS_WITH(load(scratch.path("")), StartsWith(scratch.path(where) + ": ") && Contains(why));
}

std::vector<Parameter> zeros_of(std::vector<Parameter> parameters) {
  for (Parameter& parameter : parameters) parameter.value = at::zeros_like(parameter.value);
  return parameters;
}

}  // namespace

TEST_CASE("a decoder's config.json that contradicts the weights names tensor, shape and expected shape", "[cpu]") {
  const Scratch scratch;
  const Decoder decoder(small_config(0));
  save_model(decoder, scratch.path(""));
  const json config = json::parse(decoder.config_json());
  const auto load = [](const std::string& folder) { load_model(folder, {}, at::kCPU); };
  const auto refused = [&](const std::string& key, const json& value, const std::string& where, const std::string& why) {
    check_contradiction(scratch, config, load, key, value, where, why);
  };
  const std::string weights = "model.safetensors";
  refused("vocab_size", 51, weights, "model.embed_tokens.weight has shape [50, 32], expected [51, 32]");
  refused("intermediate_size", 47, weights, "model.layers.0.mlp.gate_proj.weight has shape [48, 32], expected [47, 32]");
  refused("num_key_value_heads", 4, weights, "model.layers.0.self_attn.k_proj.weight has shape [16, 32], expected [32, 32]");
  refused("hidden_size", 64, weights, "model.embed_tokens.weight has shape [50, 32], expected [50, 64]");
  refused("num_hidden_layers", 2, "config.json", "layer_types does not name every layer");
  refused("tie_word_embeddings", false, weights, "does not fit config.json: 1 tensor missing (lm_head.weight)");
  refused("model_type", "rwkv7", "config.json", "hidden_act is \"silu\"");
  refused("model_type", "gpt2", "config.json", "model_type gpt2 is not known");
  refused("vocab_size", kHuge, weights, "expected [268435456, 32]");
  refused("hidden_size", kHuge, weights, "model.embed_tokens.weight has shape [50, 32], expected [50, 268435456]");
  refused("vocab_size", kHuge + 1, "config.json", "vocab_size is 268435457, expected 1 to 268435456");
  refused("head_dim", kHuge, "config.json", "num_attention_heads heads of head_dim are wider than any model");
}

TEST_CASE("an RWKV-7's config.json that contradicts the weights names tensor, shape and expected shape", "[cpu]") {
  const Scratch scratch;
  const Rwkv7 model = small_rwkv7();
  save_model(model, scratch.path(""));
  const json config = json::parse(model.config_json());
  const auto load = [](const std::string& folder) { load_model(folder, {}, at::kCPU); };
  const auto refused = [&](const std::string& key, const json& value, const std::string& where, const std::string& why) {
    check_contradiction(scratch, config, load, key, value, where, why);
  };
  const std::string weights = "model.safetensors";
  refused("vocab_size", 21, weights, "model.embeddings.weight has shape [20, 32], expected [21, 32]");
  refused("head_dim", 8, weights, "model.layers.0.attn.r_k has shape [2, 16], expected [4, 8]");
  refused("gate_low_rank_dim", kHuge, weights, "model.layers.0.attn.g_lora.lora.0.weight has shape [8, 32], expected [268435456, 32]");
  refused("num_hidden_layers", 1, weights, "left over, for which this model has no place");
  refused("head_dim", 5, "config.json", "head_dim 5 does not divide hidden_size 32");
  refused("value_dim", {32, 64}, "config.json", "value_dim differs from hidden_size");
  refused("value_dim", {32, 1e300}, "config.json", "value_dim differs from hidden_size");
  refused("value_dim", "32", "config.json", "value_dim is \"32\", which is of the wrong type");
  refused("hidden_ratio", 1e300, "config.json", "hidden_ratio is too large");
}

TEST_CASE("an RWKV-7's .pth whose tensors contradict each other is refused with the tensor", "[cpu]") {
  const Scratch scratch;
  const auto refused = [&](const std::string& name, const at::Tensor& value, const std::string& why) {
    std::vector<Parameter> tensors = to_blinkdl(zeros_of(small_rwkv7().parameters()));
    for (Parameter& tensor : tensors) {
      if (tensor.name == name) tensor.value = value;
    }
    save_torch_file(scratch.path("x.pth"), tensors);
    INFO(name);
    CHECK_THROWS_WITH(load_model(scratch.path("x.pth"), {}, at::kCPU), StartsWith(scratch.path("x.pth") + ": ") && Contains(why));
  };
  refused("head.weight", at::zeros({20, 31}), "head.weight has shape [20, 31], expected [20, 32]");
  refused("blocks.1.att.w1", at::zeros({32, 9}), "blocks.1.att.w1 has shape [32, 9], expected [32, 8]");
  refused("blocks.1.att.w0", at::zeros({32}), "blocks.1.att.w0 has shape [32], expected [1, 1, 32]");
  refused("blocks.0.att.w1", at::zeros({32}), "blocks.0.att.w1 has 1 axes, expected 2");
  refused("blocks.0.att.w1", at::zeros({0, int64_t{1} << 40}), "blocks.0.att.w1 has shape [0, 1099511627776], as no model has");
  refused("blocks.0.att.r_k", at::zeros({2, 0}), "blocks.0.att.r_k has shape [2, 0], as no model has");
  refused("blocks.0.att.r_k", at::zeros({2, 15}), "blocks.0.att.r_k has heads of 15, which do not divide the width 32");
}

TEST_CASE("an encoder's config.json that contradicts the weights names tensor, shape and expected shape", "[cpu]") {
  const json config = {{"model_type", "mpnet"}, {"vocab_size", 20}, {"hidden_size", 8}, {"num_hidden_layers", 1}, {"num_attention_heads", 2},
                       {"intermediate_size", 16}, {"max_position_embeddings", 12}};
  const Scratch scratch;
  save_weights(scratch.path(""), zeros_of(Encoder(parse_encoder_config(config.dump(), "c"), at::TensorOptions(at::kFloat)).parameters()));
  const auto load = [](const std::string& folder) { load_encoder(folder, at::kCPU); };
  const auto refused = [&](const std::string& key, const json& value, const std::string& where, const std::string& why) {
    check_contradiction(scratch, config, load, key, value, where, why);
  };
  const std::string weights = "model.safetensors";
  refused("vocab_size", 21, weights, "embeddings.word_embeddings.weight has shape [20, 8], expected [21, 8]");
  refused("hidden_size", kHuge, weights, "embeddings.word_embeddings.weight has shape [20, 8], expected [20, 268435456]");
  refused("num_attention_heads", 4, weights, "encoder.relative_attention_bias.weight has shape [32, 2], expected [32, 4]");
  refused("num_hidden_layers", 2, weights, "encoder.layer.1.attention.attn.q.weight is missing");
  refused("num_attention_heads", 3, "config.json", "num_attention_heads does not divide hidden_size");
  refused("relative_attention_num_buckets", 2, "config.json", "relative_attention_num_buckets is 2, expected 4 to 508");
  refused("max_position_embeddings", 2, "config.json", "max_position_embeddings is 2, expected 3 to");
  scratch.write("config.json", config.dump());
  CHECK_NOTHROW(load(scratch.path("")));
}

TEST_CASE("a config.json nested a million deep is refused by every family", "[cpu]") {
  const std::string deep = R"({"model_type": )" + std::string(1'000'000, '[') + std::string(1'000'000, ']') + "}";
  const Scratch scratch;
  save_model(Decoder(small_config(0)), scratch.path(""));
  scratch.write("config.json", deep);
  CHECK_THROWS_WITH(load_model(scratch.path(""), {}, at::kCPU), StartsWith(scratch.path("config.json") + ": ") && Contains("nested deeper than 16"));
  CHECK_THROWS_WITH(parse_decoder_config(deep, "c"), StartsWith("c: ") && Contains("nested deeper than 16"));
  CHECK_THROWS_WITH(parse_rwkv7_config(deep, "c"), StartsWith("c: ") && Contains("nested deeper than 16"));
  CHECK_THROWS_WITH(parse_encoder_config(deep, "c"), StartsWith("c: ") && Contains("nested deeper than 16"));
}

TEST_CASE("an index of shards that is cut off or has a flipped bit is refused, or names files beside it", "[cpu]") {
  const std::string whole = R"({"metadata": {"total_size": 10}, "weight_map": {"a": "x-1.safetensors", "b": "x-2.safetensors"}})";
  for (size_t size = 0; size < whole.size(); ++size) CHECK_THROWS_WITH(parse_shard_index(whole.substr(0, size), "i"), StartsWith("i: not an index of shards: "));
  size_t refused = 0, read = 0;
  for (size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    try {
      for (const auto& [tensor, file] : parse_shard_index(flipped, "i")) CHECK(file.find_first_of("/\\") == std::string::npos);
      ++read;
    } catch (const std::runtime_error& error) {
      refused += std::string(error.what()).starts_with("i: ") ? 1 : 0;
    }
  }
  CHECK(refused + read == 8 * whole.size());
  CHECK(refused > 0);
}
