// config.json of Qwen2 and Qwen2.5 folders, as transformers 4 and 5 write it (models/qwen2/configuration_qwen2.py).
#include <nlohmann/json.hpp>

#include "model/config_fields.h"
#include "model/decoder.h"

namespace smooth {
namespace {

using Json = nlohmann::ordered_json;

// An explicit layer_types wins; else layers from max_window_layers on are windowed, if use_sliding_window says so.
std::vector<int64_t> windows_of(const ConfigFields& fields, int64_t num_layers) {
  const bool use = fields.get<bool>("use_sliding_window", false);
  const int64_t window = use ? fields.get<int64_t>("sliding_window") : 0;
  const int64_t first = fields.get<int64_t>("max_window_layers", num_layers);
  std::vector<int64_t> windows(num_layers, 0);
  for (int64_t l = 0; l < num_layers && use; ++l) windows[l] = l >= first ? window : 0;
  if (!fields.has("layer_types")) return windows;
  const auto types = fields.get<std::vector<std::string>>("layer_types");
  if (static_cast<int64_t>(types.size()) != num_layers) fields.refuse("layer_types does not name every layer");
  for (int64_t l = 0; l < num_layers; ++l) {
    if (types[l] != "full_attention" && types[l] != "sliding_attention") fields.refuse("layer_types: " + types[l] + " is not known");
    windows[l] = types[l] == "full_attention" ? 0 : fields.get<int64_t>("sliding_window");
  }
  return windows;
}

double theta_of(const ConfigFields& fields) {
  const Json rope = fields.get<Json>("rope_parameters", fields.get<Json>("rope_scaling", Json::object()));
  const std::string type = rope.value("rope_type", rope.value("type", "default"));
  if (type != "default") fields.refuse("rope type " + type + " is not supported; only default is");
  return rope.contains("rope_theta") ? rope.at("rope_theta").get<double>() : fields.get<double>("rope_theta", 10000.0);
}

}  // namespace

DecoderConfig read_decoder_config(const std::string& file) {
  const ConfigFields fields(file);
  if (fields.get<std::string>("model_type") != "qwen2") {
    fields.refuse("model_type is " + fields.get<std::string>("model_type") + ", expected qwen2");
  }
  if (fields.get<std::string>("hidden_act", "silu") != "silu") fields.refuse("hidden_act must be silu");
  DecoderConfig config;
  config.vocab_size = fields.get<int64_t>("vocab_size");
  config.hidden_size = fields.get<int64_t>("hidden_size");
  config.num_hidden_layers = fields.get<int64_t>("num_hidden_layers");
  config.num_attention_heads = fields.get<int64_t>("num_attention_heads");
  config.num_key_value_heads = fields.get<int64_t>("num_key_value_heads", config.num_attention_heads);
  config.head_dim = fields.get<int64_t>("head_dim", config.hidden_size / config.num_attention_heads);
  config.intermediate_size = fields.get<int64_t>("intermediate_size");
  config.rope_theta = theta_of(fields);
  config.rms_norm_eps = fields.get<double>("rms_norm_eps");
  config.tie_word_embeddings = fields.get<bool>("tie_word_embeddings", false);
  config.windows = windows_of(fields, config.num_hidden_layers);
  try {
    config.validate();
  } catch (const std::exception& error) {
    fields.refuse(error.what());
  }
  return config;
}

std::string Decoder::config_json() const {
  Json json = {{"architectures", {"Qwen2ForCausalLM"}},
               {"model_type", "qwen2"},
               {"vocab_size", config_.vocab_size},
               {"hidden_size", config_.hidden_size},
               {"num_hidden_layers", config_.num_hidden_layers},
               {"num_attention_heads", config_.num_attention_heads},
               {"num_key_value_heads", config_.num_key_value_heads},
               {"head_dim", config_.head_dim},
               {"intermediate_size", config_.intermediate_size},
               {"hidden_act", "silu"},
               {"rms_norm_eps", config_.rms_norm_eps},
               {"rope_theta", config_.rope_theta},
               {"max_position_embeddings", 32768},
               {"tie_word_embeddings", config_.tie_word_embeddings},
               {"attention_dropout", 0.0},
               {"use_cache", true},
               {"torch_dtype", embed_tokens_.scalar_type() == at::kBFloat16 ? "bfloat16" : "float32"}};
  json["use_sliding_window"] = window() > 0;
  json["sliding_window"] = window() > 0 ? Json(window()) : Json(nullptr);
  json["max_window_layers"] = window() > 0 ? 0 : config_.num_hidden_layers;
  for (const int64_t layer_window : config_.windows) {
    json["layer_types"].push_back(layer_window > 0 ? "sliding_attention" : "full_attention");
  }
  return json.dump(2) + "\n";
}

}  // namespace smooth
