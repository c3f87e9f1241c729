// The sizes of a Qwen2, Qwen2.5 or Mistral decoder, and config.json of its Hugging Face folder.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "model/ops/yarn.h"

namespace smooth {

class ConfigFields;

struct DecoderConfig {
  std::string family = "qwen2";  // or "mistral": no biases, and a window on every layer or none
  int64_t vocab_size = 0, hidden_size = 0, num_hidden_layers = 0, num_attention_heads = 0, num_key_value_heads = 0;
  int64_t head_dim = 0, intermediate_size = 0, max_position_embeddings = 32768;
  double rope_theta = 1e6, rms_norm_eps = 1e-6;
  std::optional<Yarn> yarn;
  bool tie_word_embeddings = true;
  std::vector<int64_t> windows;  // [L], as model/window.h says

  bool attention_bias() const { return family == "qwen2"; }
  void validate() const;  // throws, naming the field
};

// config.json of a Hugging Face folder, transformers 4 or 5. Throws naming file, key and value.
DecoderConfig parse_decoder_config(const std::string& json, const std::string& file);  // `file`: for messages
// What transformers needs to open the folder; `dtype` as it names them: "float32", "bfloat16".
std::string decoder_config_json(const DecoderConfig& config, const std::string& dtype);

// The same fields within a config.json of another type, whose decoder is of that family.
DecoderConfig read_decoder_fields(const ConfigFields& fields, const std::string& family);
nlohmann::ordered_json decoder_fields(const DecoderConfig& config, const std::string& dtype);

}  // namespace smooth
