#include "model/encoder_config.h"

#include "model/config_fields.h"
#include "model/files/stored.h"

namespace smooth {

EncoderConfig parse_encoder_config(const std::string& json, const std::string& file) {
  const ConfigFields fields(json, file);
  EncoderConfig config;
  config.family = fields.get<std::string>("model_type");
  if (config.family != "bert" && config.family != "mpnet") fields.refuse("model_type is " + shown(config.family) + ", expected bert or mpnet");
  fields.expect<std::string>("hidden_act", "gelu");
  fields.expect<std::string>("position_embedding_type", "absolute");
  config.vocab_size = fields.size("vocab_size");
  config.hidden_size = fields.size("hidden_size");
  config.num_hidden_layers = fields.integer("num_hidden_layers", 1, kMaxLayers);
  config.num_attention_heads = fields.size("num_attention_heads");
  config.intermediate_size = fields.size("intermediate_size");
  config.max_position_embeddings = fields.integer("max_position_embeddings", 3, kMaxSize);
  config.type_vocab_size = fields.size("type_vocab_size", 2);
  // A quarter of the buckets is for the nearest keys ahead, alone each; the next quarter reaches to 128 by logarithms.
  const std::string buckets = "relative_attention_num_buckets";
  if (fields.has(buckets)) config.relative_attention_num_buckets = fields.integer(buckets, 4, 508);
  config.layer_norm_eps = fields.positive("layer_norm_eps", config.family == "bert" ? 1e-12 : 1e-5);
  if (config.hidden_size % config.num_attention_heads) fields.refuse("num_attention_heads does not divide hidden_size");
  return config;
}

}  // namespace smooth
