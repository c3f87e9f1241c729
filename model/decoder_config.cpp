// config.json of Qwen2, Qwen2.5 and Mistral folders, as transformers 4 and 5 write it (models/qwen2/configuration_qwen2.py,
// models/mistral/configuration_mistral.py).
#include "model/decoder_config.h"

#include <algorithm>
#include <cmath>

#include "model/config_fields.h"
#include "model/files/stored.h"

namespace smooth {
namespace {

// Mistral: every layer, whenever there is a window. Qwen2: an explicit layer_types wins; else layers from max_window_layers on
// are windowed, if use_sliding_window says so.
std::vector<int64_t> windows_of(const ConfigFields& fields, const std::string& family, int64_t num_layers) {
  if (family == "mistral") return std::vector<int64_t>(num_layers, fields.has("sliding_window") ? fields.size("sliding_window") : 0);
  const bool use = fields.get<bool>("use_sliding_window", false);
  const int64_t window = use ? fields.size("sliding_window") : 0;
  const int64_t first = fields.has("max_window_layers") ? fields.integer("max_window_layers", 0, kMaxSize) : num_layers;
  std::vector<int64_t> windows(num_layers, 0);
  for (int64_t l = 0; l < num_layers && use; ++l) windows[l] = l >= first ? window : 0;
  if (!fields.has("layer_types")) return windows;
  const auto types = fields.get<std::vector<std::string>>("layer_types");
  if (static_cast<int64_t>(types.size()) != num_layers) fields.refuse("layer_types does not name every layer");
  for (int64_t l = 0; l < num_layers; ++l) {
    if (types[l] != "full_attention" && types[l] != "sliding_attention") fields.refuse("layer_types: " + shown(types[l]) + " is not known");
    windows[l] = types[l] == "full_attention" ? 0 : fields.size("sliding_window");
  }
  return windows;
}

Yarn yarn_of(const ConfigFields& rope, int64_t max_position_embeddings) {
  for (const char* key : {"mscale", "mscale_all_dim"}) {
    if (rope.has(key)) rope.refuse(std::string("rope: ") + key + " is not implemented");
  }
  rope.expect("truncate", true);
  Yarn yarn;
  yarn.factor = rope.positive("factor");
  yarn.original_max_position_embeddings = rope.size("original_max_position_embeddings", max_position_embeddings);
  yarn.attention_factor = rope.positive("attention_factor", yarn.factor > 1 ? 0.1 * std::log(yarn.factor) + 1 : 1);
  yarn.beta_fast = rope.positive("beta_fast", yarn.beta_fast);
  yarn.beta_slow = rope.positive("beta_slow", yarn.beta_slow);
  return yarn;
}

// transformers 5 keeps all of RoPE in rope_parameters, 4 rope_theta beside rope_scaling.
void read_rope(const ConfigFields& fields, DecoderConfig& config) {
  const ConfigFields rope(fields, fields.has("rope_parameters") ? "rope_parameters" : "rope_scaling");
  config.rope_theta = rope.has("rope_theta") ? rope.positive("rope_theta") : fields.positive("rope_theta", 10000);
  const auto type = rope.get<std::string>("rope_type", rope.get<std::string>("type", "default"));
  if (type == "yarn") {
    config.yarn = yarn_of(rope, config.max_position_embeddings);
  } else if (type != "default") {
    fields.refuse("rope type " + shown(type) + " is not implemented; default and yarn are");
  }
}

}  // namespace

void DecoderConfig::validate() const {
  const auto positive = [](int64_t value, const char* key) {
    if (value < 1) throw std::runtime_error(std::string(key) + " is " + std::to_string(value) + ", expected at least 1");
  };
  positive(vocab_size, "vocab_size");
  positive(hidden_size, "hidden_size");
  positive(num_hidden_layers, "num_hidden_layers");
  positive(num_attention_heads, "num_attention_heads");
  positive(num_key_value_heads, "num_key_value_heads");
  positive(head_dim, "head_dim");
  positive(intermediate_size, "intermediate_size");
  if (head_dim % 2) throw std::runtime_error("head_dim " + std::to_string(head_dim) + " is odd, RoPE turns pairs");
  if (num_attention_heads % num_key_value_heads) {
    throw std::runtime_error("num_key_value_heads " + std::to_string(num_key_value_heads) + " does not divide num_attention_heads " +
                             std::to_string(num_attention_heads));
  }
  if (static_cast<int64_t>(windows.size()) != num_hidden_layers) throw std::runtime_error("windows needs one entry per layer");
  const bool mixed = std::adjacent_find(windows.begin(), windows.end(), std::not_equal_to<>()) != windows.end();
  if (family == "mistral" && mixed) throw std::runtime_error("a Mistral has one window for all layers");
}

DecoderConfig parse_decoder_config(const std::string& json, const std::string& file) {
  const ConfigFields fields(json, file);
  const auto family = fields.get<std::string>("model_type");
  if (family != "qwen2" && family != "mistral") fields.refuse("model_type is " + shown(family) + ", expected qwen2 or mistral");
  return read_decoder_fields(fields, family);
}

DecoderConfig read_decoder_fields(const ConfigFields& fields, const std::string& family) {
  DecoderConfig config;
  config.family = family;
  fields.expect<std::string>("hidden_act", "silu");
  config.vocab_size = fields.size("vocab_size");
  config.hidden_size = fields.size("hidden_size");
  config.num_hidden_layers = fields.integer("num_hidden_layers", 1, kMaxLayers);
  config.num_attention_heads = fields.size("num_attention_heads");
  config.num_key_value_heads = fields.size("num_key_value_heads", config.num_attention_heads);
  config.head_dim = fields.size("head_dim", config.hidden_size / config.num_attention_heads);
  if (config.num_attention_heads > kMaxSize / std::max<int64_t>(config.head_dim, 1)) fields.refuse("num_attention_heads heads of head_dim are wider than any model");
  config.intermediate_size = fields.size("intermediate_size");
  config.max_position_embeddings = fields.size("max_position_embeddings", 32768);
  config.rms_norm_eps = fields.positive("rms_norm_eps", 1e-6);
  config.tie_word_embeddings = fields.get<bool>("tie_word_embeddings", false);
  config.windows = windows_of(fields, config.family, config.num_hidden_layers);
  read_rope(fields, config);
  try {
    config.validate();
  } catch (const std::exception& error) {
    fields.refuse(error.what());
  }
  return config;
}

nlohmann::ordered_json decoder_fields(const DecoderConfig& config, const std::string& dtype) {
  const bool mistral = config.family == "mistral";
  const int64_t window = *std::max_element(config.windows.begin(), config.windows.end());
  nlohmann::ordered_json json = {
      {"architectures", {mistral ? "MistralForCausalLM" : "Qwen2ForCausalLM"}},
      {"model_type", config.family},
      {"vocab_size", config.vocab_size},
      {"hidden_size", config.hidden_size},
      {"num_hidden_layers", config.num_hidden_layers},
      {"num_attention_heads", config.num_attention_heads},
      {"num_key_value_heads", config.num_key_value_heads},
      {"head_dim", config.head_dim},
      {"intermediate_size", config.intermediate_size},
      {"hidden_act", "silu"},
      {"rms_norm_eps", config.rms_norm_eps},
      {"rope_theta", config.rope_theta},
      {"max_position_embeddings", config.max_position_embeddings},
      {"tie_word_embeddings", config.tie_word_embeddings},
      {"attention_dropout", 0.0},
      {"use_cache", true},
      {"torch_dtype", dtype},
  };
  if (config.yarn) {
    const Yarn& yarn = *config.yarn;
    json["rope_scaling"] = {{"rope_type", "yarn"}, {"factor", yarn.factor}, {"attention_factor", yarn.attention_factor},
                            {"original_max_position_embeddings", yarn.original_max_position_embeddings},
                            {"beta_fast", yarn.beta_fast}, {"beta_slow", yarn.beta_slow}};
  }
  if (window > 0) {
    json["sliding_window"] = window;
  } else {
    json["sliding_window"] = nullptr;
  }
  if (mistral) return json;
  json["use_sliding_window"] = window > 0;
  json["max_window_layers"] = window > 0 ? 0 : config.num_hidden_layers;
  for (const int64_t layer_window : config.windows) {
    json["layer_types"].push_back(layer_window > 0 ? "sliding_attention" : "full_attention");
  }
  return json;
}

std::string decoder_config_json(const DecoderConfig& config, const std::string& dtype) { return decoder_fields(config, dtype).dump(2) + "\n"; }

}  // namespace smooth
