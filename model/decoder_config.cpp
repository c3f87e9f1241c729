// config.json of Qwen2 and Qwen2.5 folders, as transformers 4 and 5 write it (models/qwen2/configuration_qwen2.py).
#include "model/decoder_config.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "model/stored.h"
#include "model/strict_json.h"

namespace smooth {
namespace {

using Json = nlohmann::json;

constexpr int kDepth = 16;
constexpr int64_t kMaxSize = int64_t{1} << 31, kMaxLayers = 10000;  // far above any model; products of two sizes fit into int64

class Fields {
 public:
  Fields(const std::string& json, const std::string& file) : file_(file) {
    try {
      json_ = parse_strict_json(json, kDepth);
    } catch (const std::exception& error) {
      refuse(error.what());
    }
    if (!json_.is_object()) refuse("expected a JSON object");
  }
  Fields(const Fields& outer, const std::string& key) : file_(outer.file_), json_(outer.has(key) ? outer.json_.at(key) : Json::object()) {
    if (!json_.is_object()) refuse(key + " is " + shown(json_.dump()) + ", expected an object");
  }
  bool has(const std::string& key) const { return json_.contains(key) && !json_.at(key).is_null(); }
  template <class T>
  T get(const std::string& key) const {
    if (!has(key)) refuse(key + " is missing");
    try {
      return json_.at(key).get<T>();
    } catch (const Json::exception&) {
      refuse_type(key);
    }
  }
  template <class T>
  T get(const std::string& key, T otherwise) const {
    return has(key) ? get<T>(key) : otherwise;
  }
  // get<int64_t> would also take fractions, and numbers beyond int64.
  int64_t integer(const std::string& key, int64_t least, int64_t most) const {
    if (!has(key)) refuse(key + " is missing");
    const Json& value = json_.at(key);
    if (!value.is_number_integer()) refuse_type(key);
    const bool beyond = value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX;
    if (beyond || value.get<int64_t>() < least || value.get<int64_t>() > most) {
      refuse(key + " is " + value.dump() + ", expected " + std::to_string(least) + " to " + std::to_string(most));
    }
    return value.get<int64_t>();
  }
  int64_t size(const std::string& key) const { return integer(key, 1, kMaxSize); }
  double positive(const std::string& key) const {
    const auto value = get<double>(key);
    if (!(value > 0)) refuse(key + " is " + json_.at(key).dump() + ", expected more than 0");
    return value;
  }
  [[noreturn]] void refuse(const std::string& why) const { throw std::runtime_error(file_ + ": " + why); }

 private:
  [[noreturn]] void refuse_type(const std::string& key) const {
    refuse(key + " is " + shown(json_.at(key).dump()) + ", which is of the wrong type");
  }
  std::string file_;
  Json json_;
};

// An explicit layer_types wins; else layers from max_window_layers on are windowed, if use_sliding_window says so.
std::vector<int64_t> windows_of(const Fields& fields, int64_t num_layers) {
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

double theta_of(const Fields& fields) {
  const Fields rope(fields, fields.has("rope_parameters") ? "rope_parameters" : "rope_scaling");
  const auto type = rope.get<std::string>("rope_type", rope.get<std::string>("type", "default"));
  if (type != "default") fields.refuse("rope type " + shown(type) + " is not supported; only default is");
  if (rope.has("rope_theta")) return rope.positive("rope_theta");
  return fields.has("rope_theta") ? fields.positive("rope_theta") : 10000.0;
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
}

DecoderConfig parse_decoder_config(const std::string& json, const std::string& file) {
  const Fields fields(json, file);
  if (fields.get<std::string>("model_type") != "qwen2") {
    fields.refuse("model_type is " + shown(fields.get<std::string>("model_type")) + ", expected qwen2");
  }
  if (fields.get<std::string>("hidden_act", "silu") != "silu") fields.refuse("hidden_act must be silu");
  DecoderConfig config;
  config.vocab_size = fields.size("vocab_size");
  config.hidden_size = fields.size("hidden_size");
  config.num_hidden_layers = fields.integer("num_hidden_layers", 1, kMaxLayers);
  config.num_attention_heads = fields.size("num_attention_heads");
  config.num_key_value_heads = fields.has("num_key_value_heads") ? fields.size("num_key_value_heads") : config.num_attention_heads;
  config.head_dim = fields.has("head_dim") ? fields.size("head_dim") : config.hidden_size / config.num_attention_heads;
  config.intermediate_size = fields.size("intermediate_size");
  config.rope_theta = theta_of(fields);
  config.rms_norm_eps = fields.positive("rms_norm_eps");
  config.tie_word_embeddings = fields.get<bool>("tie_word_embeddings", false);
  config.windows = windows_of(fields, config.num_hidden_layers);
  try {
    config.validate();
  } catch (const std::exception& error) {
    fields.refuse(error.what());
  }
  return config;
}

std::string decoder_config_json(const DecoderConfig& config, const std::string& dtype) {
  const int64_t window = *std::max_element(config.windows.begin(), config.windows.end());
  nlohmann::ordered_json json = {
      {"architectures", {"Qwen2ForCausalLM"}},
      {"model_type", "qwen2"},
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
      {"max_position_embeddings", 32768},
      {"tie_word_embeddings", config.tie_word_embeddings},
      {"attention_dropout", 0.0},
      {"use_cache", true},
      {"torch_dtype", dtype},
  };
  json["use_sliding_window"] = window > 0;
  if (window > 0) {
    json["sliding_window"] = window;
  } else {
    json["sliding_window"] = nullptr;
  }
  json["max_window_layers"] = window > 0 ? 0 : config.num_hidden_layers;
  for (const int64_t layer_window : config.windows) {
    json["layer_types"].push_back(layer_window > 0 ? "sliding_attention" : "full_attention");
  }
  return json.dump(2) + "\n";
}

}  // namespace smooth
