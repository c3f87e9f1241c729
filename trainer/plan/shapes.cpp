#include "trainer/plan/shapes.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <stdexcept>

#include "data/tokenizer.h"
#include "model/checkpoint.h"
#include "model/decoder.h"
#include "model/rwkv7.h"

namespace smooth {
namespace fs = std::filesystem;

namespace {

struct QwenShape {
  const char* name;
  int64_t vocab_size, hidden_size, layers, heads, groups, intermediate_size;
  bool tied;
};

// config.json of Hugging Face's Qwen/Qwen2.5-*. Heads are 128 wide, of the smallest 64.
constexpr QwenShape kQwen[] = {
    {"qwen2.5-0.5b", 151936, 896, 24, 14, 2, 4864, true},
    {"qwen2.5-1.5b", 151936, 1536, 28, 12, 2, 8960, true},
    {"qwen2.5-3b", 151936, 2048, 36, 16, 2, 11008, true},
    {"qwen2.5-7b", 152064, 3584, 28, 28, 4, 18944, false},
};

// arXiv:2503.14456, RWKV7-World3-2.9B; ranks as its tensors have them.
constexpr const char* kRwkvName = "rwkv7-2.9b";
const Rwkv7Config kRwkv = {.vocab_size = 65536, .hidden_size = 2560, .num_hidden_layers = 32, .head_dim = 64, .intermediate_size = 10240,
                           .decay_low_rank_dim = 96, .a_low_rank_dim = 96, .v_low_rank_dim = 64, .gate_low_rank_dim = 320};

DecoderConfig qwen(const QwenShape& shape, int64_t window) {
  DecoderConfig config;
  config.vocab_size = shape.vocab_size;
  config.hidden_size = shape.hidden_size;
  config.num_hidden_layers = shape.layers;
  config.num_attention_heads = shape.heads;
  config.num_key_value_heads = shape.groups;
  config.head_dim = shape.hidden_size / shape.heads;
  config.intermediate_size = shape.intermediate_size;
  config.tie_word_embeddings = shape.tied;
  config.windows.assign(static_cast<size_t>(shape.layers), window);
  return config;
}

// "models/Qwen2.5-3B/" -> "qwen2.5-3b"
std::string called(const std::string& folder) {
  fs::path path = fs::path(folder).lexically_normal();
  if (path.filename().empty()) path = path.parent_path();
  std::string name = path.filename();
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

std::unique_ptr<Model> new_model(const TrainConfig& config, std::optional<int64_t> window) {
  if (!fs::exists(config.data.tokenizer)) {
    throw std::runtime_error("data.tokenizer: no such folder: " + config.data.tokenizer +
                             "; the new model's vocabulary is the tokenizer's. Bring it, or plan with --shape");
  }
  return describe_new(*config.model, load_tokenizer(config.data.tokenizer)->vocab_size(), window);
}

}  // namespace

std::vector<std::string> shape_names() {
  std::vector<std::string> names;
  for (const QwenShape& shape : kQwen) names.emplace_back(shape.name);
  names.emplace_back(kRwkvName);
  return names;
}

std::unique_ptr<Model> shape_named(const std::string& name, std::optional<int64_t> sliding_window) {
  const at::TensorOptions meta(at::kMeta);
  for (const QwenShape& shape : kQwen) {
    if (name == shape.name) return std::make_unique<Decoder>(qwen(shape, sliding_window.value_or(0)), meta);
  }
  if (name != kRwkvName) throw std::runtime_error(fmt::format("no shape is called {}; the shapes are {}", name, fmt::join(shape_names(), ", ")));
  if (sliding_window) throw std::runtime_error(name + ": an RWKV-7 has no attention; leave sliding_window out");
  return std::make_unique<Rwkv7>(kRwkv, meta);
}

Planned planned_model(const TrainConfig& config, const std::string& shape) {
  const std::optional<int64_t> window = window_keys(config.sliding_window, config.window_edge);
  if (!shape.empty()) return {shape_named(shape, window), "the built-in shape " + shape};
  if (config.model) return {new_model(config, window), "`model`, its vocabulary that of " + config.data.tokenizer};
  if (fs::exists(config.init)) {
    const std::string folder = find_checkpoint(config.init), file = fs::path(folder) / "config.json";
    if (fs::exists(file)) return {describe_config(file, window.value_or(0)), file};
    return {describe_model(folder, Weights(folder), window.value_or(0)), folder};
  }
  const std::vector<std::string> names = shape_names();
  if (std::count(names.begin(), names.end(), called(config.init)) == 0) {
    throw std::runtime_error(fmt::format("init: no such file or folder: {}, and no built-in shape is called by its name. Bring its config.json, or plan "
                                         "with --shape: {}", config.init, fmt::join(names, ", ")));
  }
  return {shape_named(called(config.init), window), "the built-in shape " + called(config.init) + ", as " + config.init + " is not here"};
}

}  // namespace smooth
