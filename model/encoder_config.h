// The sizes of a BERT or MPNet encoder, and config.json of its Hugging Face folder.
#pragma once

#include <cstdint>
#include <string>

namespace smooth {

struct EncoderConfig {
  std::string family = "bert";  // or "mpnet": no token types, positions from 2, and a bias by distance in every layer
  int64_t vocab_size = 0, hidden_size = 0, num_hidden_layers = 0, num_attention_heads = 0, intermediate_size = 0;
  int64_t max_position_embeddings = 512, type_vocab_size = 2, relative_attention_num_buckets = 32;
  double layer_norm_eps = 1e-12;

  int64_t first_position() const { return family == "mpnet" ? 2 : 0; }  // MPNet counts on from its padding's id, 1
  int64_t longest() const { return max_position_embeddings - first_position(); }
};

EncoderConfig parse_encoder_config(const std::string& json, const std::string& file);  // throws naming file, key and value

}  // namespace smooth
