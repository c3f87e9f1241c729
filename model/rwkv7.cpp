#include "model/rwkv7.h"

#include <ATen/ATen.h>

#include "model/ops/project.h"
#include "model/ops/recompute.h"

namespace smooth {
namespace {

TimeMixOptions mix_options(const Rwkv7Config& config) {
  TimeMixOptions options;
  options.hidden_size = config.hidden_size;
  options.head_size = config.head_dim;
  options.kv_heads = config.heads();
  options.decay_rank = config.decay_low_rank_dim;
  options.a_rank = config.a_low_rank_dim;
  options.v_rank = config.v_low_rank_dim;
  options.gate_rank = config.gate_low_rank_dim;
  options.group_norm_eps = static_cast<double>(config.head_dim) * config.norm_eps;
  return options;
}

}  // namespace

Rwkv7::Rwkv7(Rwkv7Config config, at::TensorOptions options) : config_(std::move(config)) {
  config_.validate();
  options_ = mix_options(config_);
  const int64_t C = config_.hidden_size, F = config_.intermediate_size;
  const auto make = [&](at::IntArrayRef shape) { return at::empty(shape, options); };
  const auto make_norm = [&] { return Norm{make({C}), make({C})}; };
  embeddings_ = make({config_.vocab_size, C});
  lm_head_ = make({config_.vocab_size, C});
  pre_norm_ = make_norm();
  norm_ = make_norm();
  for (int64_t l = 0; l < config_.num_hidden_layers; ++l) {
    layers_.push_back({make_norm(), make_norm(), make_time_mix(options_, l == 0, options), {make({C}), make({F, C}), make({C, F})}});
  }
}

at::Tensor Rwkv7::norm(const at::Tensor& x, const Norm& norm) const {
  return at::layer_norm(x, {x.size(-1)}, norm.weight, norm.bias, config_.norm_eps);
}

// W_v relu(W_k x^k)², with x^k = x + d ∘ μ_k: [T, C] -> [T, C], or [N, C] of `rows`
at::Tensor Rwkv7::channel_mix(const ChannelMix& ffn, const at::Tensor& x, const Documents& documents, at::Tensor* shift, const at::Tensor& rows) const {
  const at::Tensor x_k = rows_of(documents.mixed(x, {ffn.x_k}, shift)[0], rows);
  return project(at::relu(project(x_k, ffn.key)).square(), ffn.value);
}

at::Tensor Rwkv7::layers(const std::vector<int64_t>& ids, const Documents& documents, Rwkv7State* state, const Pass& pass) const {
  std::vector<at::Tensor> x = {norm(embedded(embeddings_, ids), pre_norm_)};  // [T, C]
  for (int64_t l = 0; l < config_.num_hidden_layers; ++l) {
    // x and, after the first layer, its values -> the same: [T, C] each
    const at::Tensor rows = l + 1 == config_.num_hidden_layers ? pass.rows : at::Tensor();  // after the last token shift none needs another
    const auto block = [this, documents, state, l, rows](const std::vector<at::Tensor>& in) {
      const Layer& layer = layers_[l];
      Rwkv7State::Layer* memory = state != nullptr ? &state->layers()[l] : nullptr;
      at::Tensor v_first = l > 0 ? in[1] : at::Tensor();
      const at::Tensor middle = in[0] + time_mix(layer.attn, options_, norm(in[0], layer.attn_norm), v_first, nullptr, documents, memory);
      at::Tensor* shift = memory != nullptr ? &memory->channel_shift : nullptr;
      return std::vector<at::Tensor>{rows_of(middle, rows) + channel_mix(layer.ffn, norm(middle, layer.ffn_norm), documents, shift, rows), v_first};
    };
    x = l < pass.recomputed ? recomputed(block, x) : block(x);
  }
  return norm(x[0], norm_);
}

at::Tensor Rwkv7::forward(const Batch& batch, const Pass& pass) const {
  return layers(batch.ids, Documents(batch, device(), pass.halo), nullptr, pass);
}

at::Tensor Rwkv7::step(const Step& step, State& memory) const {
  at::NoGradGuard no_grad;
  const at::AutoDispatchBelowADInplaceOrView below_autograd;  // each operation costs less
  auto& state = dynamic_cast<Rwkv7State&>(memory);
  const at::Tensor hidden = layers(step.ids, Documents(step, state.rows(), device()), &state, {});
  for (size_t n = 0; n < step.rows.size(); ++n) state.keys().advance(step.rows[n], step.lengths[n]);
  return hidden;
}

std::string Rwkv7::config_json() const {
  return rwkv7_config_json(config_, embeddings_.scalar_type() == at::kBFloat16 ? "bfloat16" : "float32");
}

std::unique_ptr<State> Rwkv7::new_state(int64_t rows) const {
  const at::TensorOptions tensors = embeddings_.options().requires_grad(false);
  std::vector<Rwkv7State::Layer> layers;
  for (int64_t l = 0; l < config_.num_hidden_layers; ++l) {
    layers.push_back({make_memory(options_, rows, tensors), at::zeros({rows, config_.hidden_size}, tensors)});
  }
  return std::make_unique<Rwkv7State>(std::move(layers), KvState(rows, {}, 0, 0, tensors));
}

std::vector<Parameter> Rwkv7::parameters() const {
  std::vector<Parameter> all = {{"model.embeddings.weight", embeddings_}};
  const auto add = [&](const std::string& name, const at::Tensor& value) { all.push_back({name, value}); };
  const auto add_norm = [&](const std::string& name, const Norm& norm) {
    add(name + ".weight", norm.weight);
    add(name + ".bias", norm.bias);
  };
  for (size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    const std::string prefix = "model.layers." + std::to_string(l) + ".";
    if (l == 0) add_norm(prefix + "pre_norm", pre_norm_);
    add_norm(prefix + "attn_norm", layer.attn_norm);
    add_parameters(layer.attn, options_.names, prefix + "attn.", all);
    add_norm(prefix + "ffn_norm", layer.ffn_norm);
    add(prefix + "ffn.x_k", layer.ffn.x_k);
    add(prefix + "ffn.key.weight", layer.ffn.key);
    add(prefix + "ffn.value.weight", layer.ffn.value);
  }
  add_norm("model.norm", norm_);
  add("lm_head.weight", lm_head_);
  return all;
}

}  // namespace smooth
