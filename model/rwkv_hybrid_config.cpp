#include "model/rwkv_hybrid_config.h"

#include <algorithm>
#include <cmath>

#include "model/config_fields.h"
#include "model/files/stored.h"

namespace smooth {
namespace {

using Gate = TimeMixOptions::Gate;

// wkv_layers: the recurrent layers; null and "full" are all of them.
void read_wkv_layers(const ConfigFields& fields, DecoderConfig& decoder) {
  if (fields.is_text("wkv_layers")) fields.expect<std::string>("wkv_layers", "full");
  if (!fields.has("wkv_layers") || fields.is_text("wkv_layers")) {
    std::fill(decoder.windows.begin(), decoder.windows.end(), kNoKeys);
    return;
  }
  for (const int64_t layer : fields.integers("wkv_layers", 0, decoder.num_hidden_layers - 1)) decoder.windows[layer] = kNoKeys;
}

void read_arwkv(const ConfigFields& fields, RwkvHybridConfig& config) {
  TimeMixOptions& mix = config.mix;
  fields.expect<int64_t>("wkv_version", 7);
  mix.names = TimeMixOptions::Names::arwkv;
  mix.head_size = fields.size("head_size", 64);
  if (config.decoder.hidden_size % mix.head_size) {
    fields.refuse("head_size " + std::to_string(mix.head_size) + " does not divide hidden_size " + std::to_string(config.decoder.hidden_size));
  }
  mix.kv_heads = mix.heads();
  fields.expect<int64_t>("num_wkv_heads", mix.heads());
  mix.gate = fields.get<bool>("wkv_has_gate") ? Gate::low_rank : Gate::none;
  // RWKVInside's training code came to compute 1 + σ(x^g g1) g2 without a field that says so; this one is ours.
  mix.gate_offset = static_cast<double>(fields.has("wkv_gate_offset") ? fields.integer("wkv_gate_offset", 0, 1) : 0);
  mix.group_norm = fields.get<bool>("wkv_has_group_norm");
  config.head_size_divisor = fields.positive("head_size_divisor", 8);
  mix.group_norm_eps = 1e-5 * config.head_size_divisor * config.head_size_divisor;
  read_wkv_layers(fields, config.decoder);
}

// RADLADS' ranks where the config has none: hidden_size^power x factor / 32, to the nearest whole (halves to even), times 32.
int64_t rank_of(const ConfigFields& fields, const std::string& key, int64_t hidden_size, double power, double factor) {
  const double near = std::nearbyint(std::pow(static_cast<double>(hidden_size), power) * factor / 32);
  return fields.size(key, 32 * std::max<int64_t>(1, static_cast<int64_t>(near)));
}

void read_qrwkv7(const ConfigFields& fields, RwkvHybridConfig& config) {
  TimeMixOptions& mix = config.mix;
  DecoderConfig& decoder = config.decoder;
  fields.expect("attention_output_bias", false);
  fields.expect("use_tokenshift", false);
  mix.names = TimeMixOptions::Names::qrwkv7;
  mix.token_shift = mix.bonus = false;
  mix.head_size = decoder.head_dim;
  mix.kv_heads = decoder.num_key_value_heads;
  if (decoder.head_dim * decoder.num_attention_heads != decoder.hidden_size) {
    fields.refuse("head_dim " + std::to_string(decoder.head_dim) + " x num_attention_heads " + std::to_string(decoder.num_attention_heads) +
                  " is not hidden_size " + std::to_string(decoder.hidden_size));
  }
  mix.decay_rank = rank_of(fields, "lora_rank_decay", decoder.hidden_size, 0.5, 1.8);
  mix.a_rank = rank_of(fields, "lora_rank_iclr", decoder.hidden_size, 0.5, 1.8);
  mix.v_rank = rank_of(fields, "lora_rank_value_residual_mix", decoder.hidden_size, 0.5, 1.3);
  mix.gate_rank = rank_of(fields, "lora_rank_gate", decoder.hidden_size, 0.8, 0.6);
  mix.bias = fields.get<bool>("attention_bias", true);
  mix.rope = fields.get<bool>("use_rope", false);
  mix.balance_state = fields.get<bool>("balance_state", true);
  mix.group_norm = fields.get<bool>("groupnorm_att", false);
  mix.group_norm_eps = 1e-5 * static_cast<double>(mix.head_size);
  mix.scale = mix.group_norm ? 1 : 1 / std::sqrt(static_cast<double>(mix.head_size));
  constexpr Gate kGates[] = {Gate::none, Gate::full, Gate::low_rank};
  mix.gate = kGates[fields.has("gate_rank_type") ? fields.integer("gate_rank_type", 0, 2) : 2];
  const int64_t softmax = fields.has("num_attention_layers") ? fields.integer("num_attention_layers", 0, decoder.num_hidden_layers) : 0;
  if (softmax > 0 && !mix.rope) {
    fields.refuse("num_attention_layers is " + std::to_string(softmax) + ", which needs use_rope: Qwen2's attention turns its queries");
  }
  std::fill(decoder.windows.begin(), decoder.windows.end() - softmax, kNoKeys);
}

}  // namespace

void RwkvHybridConfig::validate() const {
  decoder.validate();
  if (!recurrent(0)) throw std::runtime_error("layer 0 attends with a softmax; the time-mix of later layers needs the values of a recurrent layer 0");
}

bool RwkvHybridConfig::may_be_idle(const std::string& name) const {
  for (int64_t layer = 0; layer < decoder.num_hidden_layers; ++layer) {
    if (!recurrent(layer) || !name.starts_with(prefix(layer))) continue;
    const std::string word = name.substr(prefix(layer).size());
    if (layer == 0 && (word == "v0" || word == "v1" || word == "v2")) return true;  // the first layer has no value residual
    if (word == "x_g") return mix.token_shift && mix.gate == Gate::none;            // made by RWKVInside whether there is a gate or not
    if (word == "r_k") return !mix.bonus;
    if (word == "k_k" || word == "k_a") return mix.balance_state;
  }
  return false;
}

RwkvHybridConfig parse_rwkv_hybrid_config(const std::string& json, const std::string& file) {
  const ConfigFields fields(json, file);
  RwkvHybridConfig config;
  config.model_type = fields.get<std::string>("model_type");
  if (config.model_type != "rwkv_hybrid" && config.model_type != "rwkv7qwen2") {
    fields.refuse("model_type is " + shown(config.model_type) + ", expected rwkv_hybrid or rwkv7qwen2");
  }
  config.decoder = read_decoder_fields(fields, "qwen2");
  config.mix.hidden_size = config.decoder.hidden_size;
  config.model_type == "rwkv_hybrid" ? read_arwkv(fields, config) : read_qrwkv7(fields, config);
  try {
    config.validate();
  } catch (const std::exception& error) {
    fields.refuse(error.what());
  }
  return config;
}

std::string rwkv_hybrid_config_json(const RwkvHybridConfig& config, const std::string& dtype) {
  const TimeMixOptions& mix = config.mix;
  const DecoderConfig& decoder = config.decoder;
  nlohmann::ordered_json json = decoder_fields(decoder, dtype);
  json["model_type"] = config.model_type;
  const int64_t recurrent = std::count(decoder.windows.begin(), decoder.windows.end(), kNoKeys);
  if (config.model_type == "rwkv_hybrid") {
    json["architectures"] = {"RwkvHybridForCausalLM"};
    json["head_size"] = mix.head_size;
    json["head_size_divisor"] = config.head_size_divisor;
    json["wkv_version"] = 7;
    json["wkv_has_gate"] = mix.gate != Gate::none;
    json["wkv_has_group_norm"] = mix.group_norm;
    if (mix.gate_offset != 0) json["wkv_gate_offset"] = static_cast<int64_t>(mix.gate_offset);
    for (int64_t l = 0; l < decoder.num_hidden_layers && recurrent < decoder.num_hidden_layers; ++l) {
      if (config.recurrent(l)) json["wkv_layers"].push_back(l);
    }
    return json.dump(2) + "\n";
  }
  json["architectures"] = {"RWKV7Qwen2ForCausalLM"};
  json["lora_rank_decay"] = mix.decay_rank;
  json["lora_rank_iclr"] = mix.a_rank;
  json["lora_rank_value_residual_mix"] = mix.v_rank;
  json["lora_rank_gate"] = mix.gate_rank;
  json["attention_bias"] = mix.bias;
  json["attention_output_bias"] = false;
  json["use_rope"] = mix.rope;
  json["balance_state"] = mix.balance_state;
  json["groupnorm_att"] = mix.group_norm;
  json["gate_rank_type"] = mix.gate == Gate::none ? 0 : mix.gate == Gate::full ? 1 : 2;
  json["use_tokenshift"] = false;
  json["num_attention_layers"] = decoder.num_hidden_layers - recurrent;
  return json.dump(2) + "\n";
}

}  // namespace smooth
