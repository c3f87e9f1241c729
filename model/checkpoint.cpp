#include "model/checkpoint.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/ranges.h>
#include <functional>
#include <set>

#include "configs/run.h"
#include "model/config_fields.h"
#include "model/decoder.h"
#include "model/rwkv7.h"
#include "model/rwkv7_layouts.h"
#include "model/rwkv_hybrid.h"
#include "model/files/stored.h"

namespace smooth {
namespace fs = std::filesystem;

namespace {

DecoderConfig decoder_config(const ModelConfig& config, int64_t vocab_size, int64_t window) {
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
  decoder.windows.assign(config.num_hidden_layers, window);
  return decoder;
}

// Ranks as RWKV-LM chooses them for new models (RWKV-v7/train_temp/src/model.py): multiples of 32 near a multiple of sqrt(C).
Rwkv7Config rwkv7_config(const ModelConfig& config, int64_t vocab_size) {
  const auto rank = [&](double factor) {
    return std::max<int64_t>(32, 32 * std::lround(factor * std::sqrt(static_cast<double>(config.hidden_size)) / 32));
  };
  return {.vocab_size = vocab_size, .hidden_size = config.hidden_size, .num_hidden_layers = config.num_hidden_layers,
          .head_dim = config.head_dim.value_or(64), .intermediate_size = config.intermediate_size,
          .decay_low_rank_dim = rank(2.5), .a_low_rank_dim = rank(2.5), .v_low_rank_dim = rank(1.7), .gate_low_rank_dim = rank(5)};
}

}  // namespace

std::unique_ptr<Model> describe_new(const ModelConfig& config, int64_t vocab_size, std::optional<int64_t> sliding_window, const at::TensorOptions& options) {
  if (config.architecture == "rwkv7") return std::make_unique<Rwkv7>(rwkv7_config(config, vocab_size), options);
  return std::make_unique<Decoder>(decoder_config(config, vocab_size, sliding_window.value_or(0)), options);
}

std::unique_ptr<Model> make_model(const ModelConfig& config, int64_t vocab_size, std::optional<int64_t> sliding_window,
                                  uint64_t seed, const at::Device& device) {
  const auto empty = [&](const at::Device& place) {
    return describe_new(config, vocab_size, sliding_window, at::TensorOptions().device(place).dtype(at::kFloat));
  };
  auto model = empty(at::kCPU);
  if (auto* rwkv7 = dynamic_cast<Rwkv7*>(model.get())) {
    if (config.initial == "induction") {
      rwkv7->initialise_induction(seed);
    } else {
      rwkv7->initialise(seed);
    }
  }
  if (auto* decoder = dynamic_cast<Decoder*>(model.get())) {
    if (config.initial == "induction") {
      decoder->initialise_induction(seed);
    } else {
      decoder->initialise(seed, config.initializer_range.value_or(0));
    }
  }
  if (device.is_cpu()) return model;
  // Weights are drawn on the CPU, so that a seed means the same on every device.
  auto there = empty(device);
  const std::vector<Parameter> from = model->parameters(), to = there->parameters();
  for (size_t i = 0; i < to.size(); ++i) to[i].value.copy_(from[i].value);
  return there;
}

at::ScalarType dtype_from(const std::string& name) {
  if (name == "float32") return at::kFloat;
  if (name == "bfloat16") return at::kBFloat16;
  throw std::runtime_error("dtype " + name + " is not known; the dtypes are float32 and bfloat16");
}

namespace {

// "3 tensors are missing (a, b, c)", the first five by name.
std::string count_of(const std::vector<std::string>& names, const std::string& what) {
  constexpr size_t kNamed = 5;
  std::string text = fmt::format("{} tensor{} {} ({}", names.size(), names.size() == 1 ? "" : "s", what,
                                 fmt::join(names.begin(), names.begin() + std::min(names.size(), kNamed), ", "));
  return text + (names.size() > kNamed ? ", ...)" : ")");
}

std::vector<std::string> names_of(const Model& model) {
  std::vector<std::string> names;
  for (const Parameter& tensor : stored_tensors(model)) names.push_back(tensor.name);
  return names;
}

// Every name has its tensor and every tensor its name, but for those that are ignored.
void check_names(const Weights& weights, const std::vector<std::string>& names, const std::function<bool(const std::string&)>& ignored) {
  std::vector<std::string> missing, left_over;
  const std::set<std::string> wanted(names.begin(), names.end());
  for (const std::string& name : names) {
    if (!weights.has(name)) missing.push_back(name);
  }
  for (const std::string& name : weights.names()) {
    if (!wanted.contains(name) && !ignored(name)) left_over.push_back(shown(name));
  }
  if (missing.empty() && left_over.empty()) return;
  std::string why;
  if (!missing.empty()) why = count_of(missing, "missing");
  if (!left_over.empty()) why += (why.empty() ? "" : ", ") + count_of(left_over, "left over, for which this model has no place");
  throw std::runtime_error(weights.source() + ": does not fit " + (weights.has("emb.weight") ? "an RWKV-7" : "config.json") + ": " + why);
}

// Only floating point becomes a weight: integers would be a quantised checkpoint, whose scales are elsewhere.
void take_weight(const Weights& weights, const Parameter& parameter, const at::Tensor& stored) {
  if (!stored.is_floating_point()) {
    throw std::runtime_error(fmt::format("{}: {} is {}, expected floating point; quantised checkpoints are not read", weights.source(),
                                         parameter.name, c10::toString(stored.scalar_type())));
  }
  if (parameter.value.is_cpu() && parameter.value.scalar_type() == stored.scalar_type() && stored.is_contiguous()) {
    parameter.value.set_data(stored);
  } else {
    parameter.value.copy_(stored);
  }
}

std::unique_ptr<Model> empty_hybrid(const std::string& text, const std::string& file, const Weights* weights, std::optional<int64_t> sliding_window,
                                    const at::TensorOptions& options) {
  RwkvHybridConfig config = parse_rwkv_hybrid_config(text, file);
  if (weights != nullptr) read_shapes(config, *weights);
  bool attends = false;
  for (int64_t& window : config.decoder.windows) {
    if (window == kNoKeys) continue;
    attends = true;
    window = sliding_window.value_or(window);
  }
  if (sliding_window.value_or(0) > 0 && !attends) throw std::runtime_error(file + ": no layer of it attends; leave sliding_window out");
  return std::make_unique<RwkvHybrid>(std::move(config), options);
}

// The model that a config.json describes, without its weights; of them, if they are given, it takes shapes that the config leaves out.
std::unique_ptr<Model> empty_model(const std::string& file, const Weights* weights, std::optional<int64_t> sliding_window,
                                   const at::TensorOptions& options) {
  const std::string text = read_file(file);
  const auto type = ConfigFields(text, file).get<std::string>("model_type");
  if (type == "rwkv7") {
    if (sliding_window.value_or(0) > 0) throw std::runtime_error(file + ": an RWKV-7 has no attention; leave sliding_window out");
    return std::make_unique<Rwkv7>(parse_rwkv7_config(text, file), options);
  }
  if (type == "rwkv_hybrid" || type == "rwkv7qwen2") return empty_hybrid(text, file, weights, sliding_window, options);
  if (type == "qwen2" || type == "mistral") {
    DecoderConfig config = parse_decoder_config(text, file);
    if (sliding_window) config.windows.assign(config.num_hidden_layers, *sliding_window);
    return std::make_unique<Decoder>(config, options);
  }
  throw std::runtime_error(file + ": model_type " + shown(type) + " is not known; the types are qwen2, mistral, rwkv7, rwkv_hybrid and rwkv7qwen2");
}

}  // namespace

std::unique_ptr<Model> describe_config(const std::string& file, std::optional<int64_t> sliding_window, const at::TensorOptions& options) {
  return empty_model(file, nullptr, sliding_window, options);
}

std::unique_ptr<Model> describe_model(const std::string& folder, const Weights& weights, std::optional<int64_t> sliding_window, const at::TensorOptions& options) {
  const bool blinkdl = is_blinkdl(weights);
  if (blinkdl && sliding_window.value_or(0) > 0) throw std::runtime_error(weights.source() + ": an RWKV-7 has no attention; leave sliding_window out");
  const auto make = [&](const at::TensorOptions& where) -> std::unique_ptr<Model> {
    if (blinkdl) return std::make_unique<Rwkv7>(blinkdl_config(weights), where);  // a .pth describes itself
    return empty_model(fs::path(folder) / "config.json", &weights, sliding_window, where);
  };
  // What the sizes claim is no reason to take memory for it: names and shapes are held against the weights first.
  const auto shapes = make(options.device(at::kMeta));
  std::vector<std::string> names = names_of(*shapes);
  if (blinkdl) std::transform(names.begin(), names.end(), names.begin(), [](const std::string& name) { return blinkdl_tensor(name).name; });
  check_names(weights, names, [&](const std::string& name) {
    // A tied checkpoint saved by other tools may still carry the head, which transformers ignores too.
    return blinkdl ? is_unused_in_blinkdl(name) : shapes->tied() && name == "lm_head.weight";
  });
  const std::vector<Parameter> parameters = stored_tensors(*shapes);
  for (size_t i = 0; i < names.size(); ++i) {
    const std::vector<int64_t> shape = parameters[i].value.sizes().vec();
    weights.expect(names[i], blinkdl ? blinkdl_shape(parameters[i].name, shape) : shape);
  }
  return make(options);
}

std::unique_ptr<Model> load_model(const std::string& folder, const LoadOptions& options, const at::Device& device) {
  const Weights weights(folder);
  if (!weights.part().empty()) fmt::print(stderr, "smooth: {}: taking the state dict under '{}'\n", weights.source(), weights.part());
  auto model = describe_model(folder, weights, options.sliding_window, at::TensorOptions().device(device).dtype(options.dtype));
  for (const Parameter& parameter : stored_tensors(*model)) {
    const std::vector<int64_t> shape = parameter.value.sizes().vec();
    take_weight(weights, parameter, is_blinkdl(weights) ? from_blinkdl(weights, parameter.name, shape) : weights.get(parameter.name, shape));
  }
  return model;
}

void save_model(const Model& model, const std::string& folder, int64_t shard_bytes) {
  write_file(fs::path(folder) / "config.json", model.config_json());
  save_weights(folder, stored_tensors(model), shard_bytes);
}

std::vector<int64_t> finished_steps(const fs::path& checkpoints) {
  std::vector<int64_t> steps;
  if (!fs::is_directory(checkpoints)) return steps;
  for (const auto& entry : fs::directory_iterator(checkpoints)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("step-") && fs::exists(entry.path() / "DONE")) steps.push_back(std::stoll(name.substr(5)));
  }
  std::sort(steps.rbegin(), steps.rend());
  return steps;
}

std::string find_checkpoint(const std::string& folder) {
  if (fs::is_regular_file(folder) || fs::exists(fs::path(folder) / "config.json")) return folder;
  const fs::path checkpoints = fs::path(folder) / "checkpoints";
  const std::vector<int64_t> steps = finished_steps(checkpoints);
  if (steps.empty()) {
    throw std::runtime_error(folder + ": neither a model folder (no config.json) nor a run with a finished checkpoint (no checkpoints/step-N/DONE)");
  }
  return checkpoints / ("step-" + std::to_string(steps[0]));
}

std::vector<int64_t> end_tokens(const fs::path& folder) {
  for (const char* name : {"generation_config.json", "config.json"}) {
    const fs::path file = folder / name;
    if (!fs::exists(file)) continue;
    const ConfigFields fields(read_file(file), file);
    if (!fields.has("eos_token_id")) continue;
    const auto value = fields.get<nlohmann::json>("eos_token_id");
    if (value.is_array()) return fields.get<std::vector<int64_t>>("eos_token_id");
    return {fields.integer("eos_token_id", 0, kMaxSize)};
  }
  return {};
}

}  // namespace smooth
