// The sizes of an RWKV-7 model, and config.json of its Hugging Face folder as flash-linear-attention writes it
// (fla/models/rwkv7/configuration_rwkv7.py).
#pragma once

#include <cstdint>
#include <string>

namespace smooth {

struct Rwkv7Config {
  int64_t vocab_size = 0, hidden_size = 0, num_hidden_layers = 0, head_dim = 64, intermediate_size = 0;
  int64_t decay_low_rank_dim = 0, a_low_rank_dim = 0, v_low_rank_dim = 0, gate_low_rank_dim = 0;
  double norm_eps = 1e-5;

  int64_t heads() const { return hidden_size / head_dim; }
  void validate() const;  // throws, naming the field
};

// Throws naming file, key and value.
Rwkv7Config parse_rwkv7_config(const std::string& json, const std::string& file);
std::string rwkv7_config_json(const Rwkv7Config& config, const std::string& dtype);

}  // namespace smooth
