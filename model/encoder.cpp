#include "model/encoder.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <stdexcept>

#include "configs/run.h"
#include "model/files/weights.h"

namespace smooth {

Encoder::Encoder(EncoderConfig config, at::TensorOptions options) : config_(std::move(config)) {
  const int64_t C = config_.hidden_size, F = config_.intermediate_size;
  const auto make = [&](at::IntArrayRef shape) { return at::empty(shape, options); };
  const auto linear = [&](int64_t out, int64_t in) { return Linear{make({out, in}), make({out})}; };
  const auto make_norm = [&] { return Norm{make({C}), make({C})}; };
  word_embeddings_ = make({config_.vocab_size, C});
  position_embeddings_ = make({config_.max_position_embeddings, C});
  if (config_.family == "bert") {
    token_type_embeddings_ = make({config_.type_vocab_size, C});
  } else {
    relative_attention_bias_ = make({config_.relative_attention_num_buckets, config_.num_attention_heads});
  }
  embeddings_norm_ = make_norm();
  for (int64_t l = 0; l < config_.num_hidden_layers; ++l) {
    layers_.push_back({linear(C, C), linear(C, C), linear(C, C), linear(C, C), make_norm(), linear(F, C), linear(C, F), make_norm()});
  }
}

at::Tensor Encoder::norm(const at::Tensor& x, const Norm& norm) const {
  return at::layer_norm(x, {x.size(-1)}, norm.weight, norm.bias, config_.layer_norm_eps);
}

// T5's buckets of distances (modeling_mpnet.py, relative_position_bucket): per direction the nearest ones alone, the others by
// their logarithm up to 128. -> [1, H, T, T]
at::Tensor Encoder::distance_bias(int64_t length) const {
  const int64_t half = config_.relative_attention_num_buckets / 2, exact = half / 2;
  const at::Tensor place = at::arange(length, relative_attention_bias_.options().dtype(at::kLong));
  const at::Tensor ahead = place.unsqueeze(0) - place.unsqueeze(1);  // [T, T] key - query
  const at::Tensor distance = ahead.abs();
  const at::Tensor far = exact + (at::log(distance.to(at::kFloat) / static_cast<double>(exact)) / std::log(128.0 / static_cast<double>(exact)) *
                                  static_cast<double>(half - exact)).to(at::kLong);
  const at::Tensor bucket = (ahead > 0).to(at::kLong) * half + at::where(distance < exact, distance, far.clamp_max(half - 1));
  return relative_attention_bias_.index({bucket}).permute({2, 0, 1}).unsqueeze(0);
}

// softmax(q kᵀ / sqrt(D) + bias) v, x [B, T, C], bias [B or 1, H or 1, T, T] -> [B, T, C]
at::Tensor Encoder::attend(const Layer& layer, const at::Tensor& x, const at::Tensor& bias) const {
  const int64_t B = x.size(0), T = x.size(1), H = config_.num_attention_heads;
  const auto heads = [&](const Linear& to) { return at::linear(x, to.weight, to.bias).view({B, T, H, -1}).transpose(1, 2); };  // [B, H, T, D]
  const at::Tensor y = at::scaled_dot_product_attention(heads(layer.query), heads(layer.key), heads(layer.value), bias);       // [B, H, T, D]
  return at::linear(y.transpose(1, 2).reshape({B, T, -1}), layer.output.weight, layer.output.bias);
}

at::Tensor Encoder::forward(const std::vector<std::vector<int64_t>>& texts) const {
  at::NoGradGuard no_grad;
  int64_t longest = 0;
  for (const std::vector<int64_t>& text : texts) {
    const auto length = static_cast<int64_t>(text.size());
    if (length == 0 || length > config_.longest()) {
      throw std::invalid_argument("encoder: a text has " + std::to_string(length) + " tokens, expected 1 to " + std::to_string(config_.longest()));
    }
    longest = std::max(longest, length);
  }
  const auto B = static_cast<int64_t>(texts.size());
  const at::Tensor ids = at::zeros({B, longest}, at::kLong), seen = at::zeros({B, longest}, at::kBool);
  for (int64_t b = 0; b < B; ++b) {
    const auto length = static_cast<int64_t>(texts[b].size());
    ids[b].narrow(0, 0, length).copy_(at::tensor(texts[b], at::kLong));
    seen[b].narrow(0, 0, length).fill_(true);
  }
  const auto device = word_embeddings_.device();
  const at::Tensor positions = at::arange(longest, at::kLong) + config_.first_position();
  at::Tensor x = at::embedding(word_embeddings_, ids.to(device)) + at::embedding(position_embeddings_, positions.to(device));  // [B, T, C]
  if (token_type_embeddings_.defined()) x = x + token_type_embeddings_[0];
  x = norm(x, embeddings_norm_);

  const at::Tensor hidden = seen.logical_not().view({B, 1, 1, longest}).to(device);
  at::Tensor bias = at::zeros({B, 1, 1, longest}, x.options()).masked_fill_(hidden, -std::numeric_limits<double>::infinity());
  bias = relative_attention_bias_.defined() ? bias + distance_bias(longest) : bias.expand({B, 1, longest, longest});
  for (const Layer& layer : layers_) {
    x = norm(x + attend(layer, x, bias), layer.attention_norm);
    const at::Tensor inner = at::gelu(at::linear(x, layer.intermediate.weight, layer.intermediate.bias));  // [B, T, F]
    x = norm(x + at::linear(inner, layer.dense.weight, layer.dense.bias), layer.output_norm);
  }
  return x;
}

at::Tensor Encoder::embed(const std::vector<std::vector<int64_t>>& texts, bool normalised) const {
  const at::Tensor hidden = forward(texts);  // [B, T, C]
  std::vector<at::Tensor> means;
  for (size_t b = 0; b < texts.size(); ++b) means.push_back(hidden[static_cast<int64_t>(b)].narrow(0, 0, static_cast<int64_t>(texts[b].size())).mean(0));
  const at::Tensor mean = at::stack(means);  // [B, C]
  return normalised ? mean / mean.norm(2, {1}, true).clamp_min(1e-12) : mean;
}

std::vector<Parameter> Encoder::parameters() const {
  const bool bert = config_.family == "bert";
  std::vector<Parameter> all = {{"embeddings.word_embeddings.weight", word_embeddings_}, {"embeddings.position_embeddings.weight", position_embeddings_}};
  if (bert) {
    all.push_back({"embeddings.token_type_embeddings.weight", token_type_embeddings_});
  } else {
    all.push_back({"encoder.relative_attention_bias.weight", relative_attention_bias_});
  }
  const auto add = [&](const std::string& name, const auto& part) {
    all.push_back({name + ".weight", part.weight});
    all.push_back({name + ".bias", part.bias});
  };
  add("embeddings.LayerNorm", embeddings_norm_);
  for (size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    const std::string prefix = "encoder.layer." + std::to_string(l) + ".", attention = prefix + "attention.";
    add(attention + (bert ? "self.query" : "attn.q"), layer.query);
    add(attention + (bert ? "self.key" : "attn.k"), layer.key);
    add(attention + (bert ? "self.value" : "attn.v"), layer.value);
    add(attention + (bert ? "output.dense" : "attn.o"), layer.output);
    add(attention + (bert ? "output.LayerNorm" : "LayerNorm"), layer.attention_norm);
    add(prefix + "intermediate.dense", layer.intermediate);
    add(prefix + "output.dense", layer.dense);
    add(prefix + "output.LayerNorm", layer.output_norm);
  }
  return all;
}

namespace {

// Checkpoints of models with a head carry a prefix; those converted from TensorFlow call a norm's parts gamma and beta.
std::string stored_name(const Weights& weights, const std::string& name, const std::string& family) {
  std::string old = name;
  if (const size_t at = name.find("LayerNorm.weight"); at != std::string::npos) old.replace(at, std::string::npos, "LayerNorm.gamma");
  if (const size_t at = name.find("LayerNorm.bias"); at != std::string::npos) old.replace(at, std::string::npos, "LayerNorm.beta");
  for (const std::string& candidate : {name, family + "." + name, old, family + "." + old}) {
    if (weights.has(candidate)) return candidate;
  }
  throw std::runtime_error(weights.source() + ": " + name + " is missing (with and without the prefix " + family + ".)");
}

}  // namespace

std::unique_ptr<Encoder> load_encoder(const std::string& folder, const at::Device& device) {
  const std::string file = std::filesystem::path(folder) / "config.json";
  const EncoderConfig config = parse_encoder_config(read_file(file), file);
  const Weights weights(folder);
  // What the sizes claim is no reason to take memory for it.
  for (const Parameter& parameter : Encoder(config, at::TensorOptions(at::kMeta)).parameters()) {
    weights.expect(stored_name(weights, parameter.name, config.family), parameter.value.sizes().vec());
  }
  auto encoder = std::make_unique<Encoder>(config, at::TensorOptions(at::kFloat).device(device));
  for (const Parameter& parameter : encoder->parameters()) {
    parameter.value.copy_(weights.get(stored_name(weights, parameter.name, config.family)));
  }
  return encoder;
}

}  // namespace smooth
