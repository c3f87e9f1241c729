#include "model/rwkv7_config.h"

#include <stdexcept>

#include "model/config_fields.h"

namespace smooth {

void Rwkv7Config::validate() const {
  const auto positive = [](int64_t value, const char* key) {
    if (value < 1) throw std::runtime_error(std::string(key) + " is " + std::to_string(value) + ", expected at least 1");
  };
  positive(vocab_size, "vocab_size");
  positive(hidden_size, "hidden_size");
  positive(num_hidden_layers, "num_hidden_layers");
  positive(head_dim, "head_dim");
  positive(intermediate_size, "intermediate_size");
  positive(decay_low_rank_dim, "decay_low_rank_dim");
  positive(a_low_rank_dim, "a_low_rank_dim");
  positive(v_low_rank_dim, "v_low_rank_dim");
  positive(gate_low_rank_dim, "gate_low_rank_dim");
  if (hidden_size % head_dim) {
    throw std::runtime_error("head_dim " + std::to_string(head_dim) + " does not divide hidden_size " + std::to_string(hidden_size));
  }
}

Rwkv7Config parse_rwkv7_config(const std::string& json, const std::string& file) {
  const ConfigFields fields(json, file);
  fields.expect<std::string>("model_type", "rwkv7");
  fields.expect<std::string>("hidden_act", "sqrelu");
  fields.expect("norm_first", true);
  fields.expect("norm_bias", true);
  fields.expect("tie_word_embeddings", false);
  if (fields.has("attn")) fields.refuse("attn asks for layers of softmax attention, which are not implemented");
  Rwkv7Config config;
  config.vocab_size = fields.size("vocab_size");
  config.hidden_size = fields.size("hidden_size");
  config.num_hidden_layers = fields.integer("num_hidden_layers", 1, kMaxLayers);
  config.head_dim = fields.size("head_dim", 64);
  const double inner = fields.positive("hidden_ratio", 4) * static_cast<double>(config.hidden_size);
  if (inner > static_cast<double>(kMaxSize)) fields.refuse("hidden_ratio is too large");
  config.intermediate_size = fields.size("intermediate_size", static_cast<int64_t>(inner));
  config.decay_low_rank_dim = fields.size("decay_low_rank_dim");
  config.a_low_rank_dim = fields.size("a_low_rank_dim");
  config.v_low_rank_dim = fields.size("v_low_rank_dim");
  config.gate_low_rank_dim = fields.size("gate_low_rank_dim");
  config.norm_eps = fields.positive("norm_eps", 1e-5);
  for (const double dim : fields.get<std::vector<double>>("value_dim", {})) {  // as int64 a number too large would be any
    if (dim != static_cast<double>(config.hidden_size)) fields.refuse("value_dim differs from hidden_size, which is not implemented");
  }
  try {
    config.validate();
  } catch (const std::exception& error) {
    fields.refuse(error.what());
  }
  return config;
}

std::string rwkv7_config_json(const Rwkv7Config& config, const std::string& dtype) {
  const nlohmann::ordered_json json = {
      {"architectures", {"RWKV7ForCausalLM"}},
      {"model_type", "rwkv7"},
      {"vocab_size", config.vocab_size},
      {"hidden_size", config.hidden_size},
      {"num_hidden_layers", config.num_hidden_layers},
      {"head_dim", config.head_dim},
      {"num_heads", config.heads()},
      {"hidden_ratio", static_cast<double>(config.intermediate_size) / static_cast<double>(config.hidden_size)},
      {"intermediate_size", config.intermediate_size},
      {"value_dim", std::vector<int64_t>(config.num_hidden_layers, config.hidden_size)},
      {"decay_low_rank_dim", config.decay_low_rank_dim},
      {"gate_low_rank_dim", config.gate_low_rank_dim},
      {"a_low_rank_dim", config.a_low_rank_dim},
      {"v_low_rank_dim", config.v_low_rank_dim},
      {"hidden_act", "sqrelu"},
      {"attn", nullptr},
      {"attn_mode", "chunk"},
      {"norm_first", true},
      {"norm_bias", true},
      {"norm_eps", config.norm_eps},
      {"fuse_norm", false},
      {"fuse_cross_entropy", false},
      {"use_cache", true},
      {"tie_word_embeddings", false},
      {"torch_dtype", dtype},
  };
  return json.dump(2) + "\n";
}

}  // namespace smooth
