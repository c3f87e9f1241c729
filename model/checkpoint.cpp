#include "model/checkpoint.h"

#include <ATen/ATen.h>

#include <filesystem>
#include <set>

#include "configs/run.h"
#include "model/config_fields.h"
#include "model/decoder.h"
#include "model/rwkv7.h"

namespace smooth {
namespace fs = std::filesystem;

std::unique_ptr<Model> make_model(const ModelConfig& config, int64_t vocab_size, std::optional<int64_t> sliding_window,
                                  uint64_t seed, const at::Device& device) {
  DecoderConfig decoder;
  decoder.vocab_size = vocab_size;
  decoder.hidden_size = config.hidden_size;
  decoder.num_hidden_layers = config.num_hidden_layers;
  decoder.num_attention_heads = config.num_attention_heads;
  decoder.num_key_value_heads = config.num_key_value_heads;
  decoder.head_dim = config.head_dim.value_or(config.hidden_size / config.num_attention_heads);
  decoder.intermediate_size = config.intermediate_size;
  decoder.rope_theta = config.rope_theta;
  decoder.rms_norm_eps = config.rms_norm_eps;
  decoder.tie_word_embeddings = config.tie_word_embeddings;
  decoder.windows.assign(config.num_hidden_layers, sliding_window.value_or(0));
  auto model = std::make_unique<Decoder>(decoder, at::TensorOptions().dtype(at::kFloat));
  if (config.initial == "induction") {
    model->initialise_induction(seed);
  } else {
    model->initialise(seed, config.initializer_range.value_or(0));
  }
  if (device.is_cpu()) return model;
  // Weights are drawn on the CPU, so that a seed means the same on every device.
  auto there = std::make_unique<Decoder>(decoder, at::TensorOptions().device(device).dtype(at::kFloat));
  const std::vector<Parameter> from = model->parameters(), to = there->parameters();
  for (size_t i = 0; i < to.size(); ++i) to[i].value.copy_(from[i].value);
  return there;
}

// The model that a config.json describes, without its weights.
std::unique_ptr<Model> empty_model(const std::string& file, std::optional<int64_t> sliding_window, const at::TensorOptions& options) {
  const std::string type = ConfigFields(file).get<std::string>("model_type");
  if (type == "rwkv7") {
    if (sliding_window.value_or(0) > 0) throw std::runtime_error(file + ": an RWKV-7 model has no attention that sliding_window " + std::to_string(*sliding_window) + " could apply to");
    return std::make_unique<Rwkv7>(read_rwkv7_config(file), options);
  }
  if (type == "qwen2") {
    DecoderConfig config = read_decoder_config(file);
    if (sliding_window) config.windows.assign(config.num_hidden_layers, *sliding_window);
    return std::make_unique<Decoder>(config, options);
  }
  throw std::runtime_error(file + ": model_type " + type + " is not known; the types are qwen2 and rwkv7");
}

std::unique_ptr<Model> load_model(const std::string& folder, std::optional<int64_t> sliding_window, const at::Device& device) {
  const fs::path path(folder);
  const Safetensors tensors(path / "model.safetensors");
  auto model = empty_model(path / "config.json", sliding_window, at::TensorOptions().device(device).dtype(at::kFloat));
  std::set<std::string> left_over;
  for (const std::string& name : tensors.names()) left_over.insert(name);
  for (const Parameter& parameter : model->parameters()) {
    parameter.value.copy_(tensors.get(parameter.name, parameter.value.sizes().vec()));
    left_over.erase(parameter.name);
  }
  // A tied checkpoint saved by other tools may still carry the head.
  if (model->tied()) left_over.erase("lm_head.weight");
  if (!left_over.empty()) {
    throw std::runtime_error(tensors.file() + ": holds " + std::to_string(left_over.size()) + " tensors that this model has no place for, first " +
                             *left_over.begin());
  }
  return model;
}

void save_model(const Model& model, const std::string& folder) {
  save_safetensors(fs::path(folder) / "model.safetensors", model.parameters());
  write_file(fs::path(folder) / "config.json", model.config_json());
}

std::string find_checkpoint(const std::string& folder) {
  if (fs::exists(fs::path(folder) / "config.json")) return folder;
  const fs::path checkpoints = fs::path(folder) / "checkpoints";
  std::string newest;
  int64_t best = -1;
  if (fs::is_directory(checkpoints)) {
    for (const auto& entry : fs::directory_iterator(checkpoints)) {
      const std::string name = entry.path().filename();
      if (!name.starts_with("step-") || !fs::exists(entry.path() / "DONE")) continue;
      if (const int64_t step = std::stoll(name.substr(5)); step > best) {
        best = step;
        newest = entry.path();
      }
    }
  }
  if (newest.empty()) {
    throw std::runtime_error(folder + ": neither a model folder (no config.json) nor a run with a finished checkpoint (no checkpoints/step-N/DONE)");
  }
  return newest;
}

}  // namespace smooth
