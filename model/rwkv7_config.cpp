// config.json of RWKV-7 folders as flash-linear-attention writes it (fla/models/rwkv7/configuration_rwkv7.py).
#include <nlohmann/json.hpp>

#include "model/config_fields.h"
#include "model/rwkv7.h"

namespace smooth {

Rwkv7Config read_rwkv7_config(const std::string& file) {
  const ConfigFields fields(file);
  fields.expect<std::string>("model_type", "rwkv7");
  fields.expect<std::string>("hidden_act", "sqrelu");
  fields.expect("norm_first", true);
  fields.expect("norm_bias", true);
  fields.expect("tie_word_embeddings", false);
  if (fields.has("attn")) fields.refuse("attn asks for softmax attention layers, which are not implemented");
  Rwkv7Config config;
  config.vocab_size = fields.get<int64_t>("vocab_size");
  config.hidden_size = fields.get<int64_t>("hidden_size");
  config.num_hidden_layers = fields.get<int64_t>("num_hidden_layers");
  config.head_dim = fields.get<int64_t>("head_dim", 64);
  const double ratio = fields.get<double>("hidden_ratio", 4.0);
  config.intermediate_size = fields.get<int64_t>("intermediate_size", static_cast<int64_t>(ratio * static_cast<double>(config.hidden_size)));
  config.decay_low_rank_dim = fields.get<int64_t>("decay_low_rank_dim");
  config.a_low_rank_dim = fields.get<int64_t>("a_low_rank_dim");
  config.v_low_rank_dim = fields.get<int64_t>("v_low_rank_dim");
  config.gate_low_rank_dim = fields.get<int64_t>("gate_low_rank_dim");
  config.norm_eps = fields.get<double>("norm_eps", 1e-5);
  if (fields.has("value_dim")) {
    for (const int64_t dim : fields.get<std::vector<int64_t>>("value_dim")) {
      if (dim != config.hidden_size) fields.refuse("value_dim " + std::to_string(dim) + " differs from hidden_size, which is not implemented");
    }
  }
  try {
    config.validate();
  } catch (const std::exception& error) {
    fields.refuse(error.what());
  }
  return config;
}

std::string Rwkv7::config_json() const {
  const nlohmann::ordered_json json = {{"architectures", {"RWKV7ForCausalLM"}},
                                       {"model_type", "rwkv7"},
                                       {"vocab_size", config_.vocab_size},
                                       {"hidden_size", config_.hidden_size},
                                       {"num_hidden_layers", config_.num_hidden_layers},
                                       {"head_dim", config_.head_dim},
                                       {"num_heads", config_.heads()},
                                       {"hidden_ratio", static_cast<double>(config_.intermediate_size) / static_cast<double>(config_.hidden_size)},
                                       {"intermediate_size", config_.intermediate_size},
                                       {"value_dim", std::vector<int64_t>(config_.num_hidden_layers, config_.hidden_size)},
                                       {"decay_low_rank_dim", config_.decay_low_rank_dim},
                                       {"gate_low_rank_dim", config_.gate_low_rank_dim},
                                       {"a_low_rank_dim", config_.a_low_rank_dim},
                                       {"v_low_rank_dim", config_.v_low_rank_dim},
                                       {"hidden_act", "sqrelu"},
                                       {"attn", nullptr},
                                       {"attn_mode", "chunk"},
                                       {"norm_first", true},
                                       {"norm_bias", true},
                                       {"norm_eps", config_.norm_eps},
                                       {"fuse_norm", false},
                                       {"fuse_cross_entropy", false},
                                       {"use_cache", true},
                                       {"tie_word_embeddings", false},
                                       {"torch_dtype", embeddings_.scalar_type() == at::kBFloat16 ? "bfloat16" : "float32"}};
  return json.dump(2) + "\n";
}

}  // namespace smooth
