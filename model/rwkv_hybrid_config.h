// The models made of Qwen2.5 by putting RWKV-7's time-mix in the place of attention, and config.json of their Hugging Face folders:
//   ARWKV   model_type rwkv_hybrid: yynil/RWKVInside, configs/ARWKV-*; RWKV-Red-Team/ARWKV-7B-Preview-0.1, config.json
//   QRWKV7  model_type rwkv7qwen2: SmerkyG's RADLADS, rwkv7qwen2/configuration_rwkv7qwen2.py, as of 1b90e7b
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/decoder_config.h"
#include "model/time_mix_options.h"
#include "model/window.h"

namespace smooth {

struct RwkvHybridConfig {
  std::string model_type = "rwkv_hybrid";  // or "rwkv7qwen2"
  DecoderConfig decoder;                   // windows[l] is kNoKeys where layer l is recurrent
  TimeMixOptions mix;
  double head_size_divisor = 8;            // ARWKV's way to ln_x's eps: 1e-5 times its square
  // Tensors of the folder that nothing computes with, which its authors' code stores all the same: names and shapes.
  std::map<std::string, std::vector<int64_t>> idle;

  bool recurrent(int64_t layer) const { return decoder.windows[layer] == kNoKeys; }
  // What precedes the names of a layer's time-mix.
  std::string prefix(int64_t layer) const {
    return "model.layers." + std::to_string(layer) + (model_type == "rwkv_hybrid" ? ".self_attn.time_mixer." : ".self_attn.");
  }
  bool may_be_idle(const std::string& name) const;
  void validate() const;  // throws, naming the field
};

// Throws naming file, key and value. ARWKV's ranks are no fields: they are its code's constants until the tensors say otherwise.
RwkvHybridConfig parse_rwkv_hybrid_config(const std::string& json, const std::string& file);
std::string rwkv_hybrid_config_json(const RwkvHybridConfig& config, const std::string& dtype);

}  // namespace smooth
