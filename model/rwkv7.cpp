#include "model/rwkv7.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numeric>

#include "model/ops/project.h"
#include "model/ops/wkv7.h"

namespace smooth {
namespace {

// x + d ∘ μ: how much of the token before goes into an input. [T, C]
at::Tensor mix(const at::Tensor& x, const at::Tensor& shift, const at::Tensor& share) { return at::addcmul(x, shift, share.view({-1})); }

}  // namespace

Rwkv7::Rwkv7(Rwkv7Config config, at::TensorOptions options) : config_(std::move(config)) {
  config_.validate();
  const int64_t C = config_.hidden_size, F = config_.intermediate_size;
  const auto make = [&](at::IntArrayRef shape) { return at::empty(shape, options); };
  const auto make_norm = [&] { return Norm{make({C}), make({C})}; };
  const auto low_rank = [&](int64_t rank, bool bias) { return LowRank{make({rank, C}), make({C, rank}), bias ? make({C}) : at::Tensor()}; };
  embeddings_ = make({config_.vocab_size, C});
  lm_head_ = make({config_.vocab_size, C});
  pre_norm_ = make_norm();
  norm_ = make_norm();
  for (int64_t l = 0; l < config_.num_hidden_layers; ++l) {
    const auto share = [&] { return make({1, 1, C}); };
    TimeMix attn{.x_r = share(), .x_w = share(), .x_k = share(), .x_v = share(), .x_a = share(), .x_g = share(),
                 .w = low_rank(config_.decay_low_rank_dim, true), .a = low_rank(config_.a_low_rank_dim, true),
                 .v = l > 0 ? low_rank(config_.v_low_rank_dim, true) : LowRank{}, .g = low_rank(config_.gate_low_rank_dim, false),
                 .k_k = make({C}), .k_a = make({C}), .r_k = make({config_.heads(), config_.head_dim}),
                 .r_proj = make({C, C}), .k_proj = make({C, C}), .v_proj = make({C, C}), .o_proj = make({C, C}), .g_norm = make_norm()};
    layers_.push_back({make_norm(), make_norm(), std::move(attn), {make({C}), make({F, C}), make({C, F})}});
  }
}

// ------------------------------------------------------------------------------------------ the pass

// Tokens of documents laid end to end. `state`: where the documents' memories come from and go to, null for none.
struct Rwkv7::Pass {
  std::vector<int32_t> cu_seqlens;  // [D + 1]
  at::Tensor before, last;          // [T] index of the token before each in cat(x, first inputs); [D] each document's last
  Rwkv7State* state = nullptr;
  at::Tensor rows;                  // [D] rows of the state; undefined: all, in order

  Pass(std::vector<int32_t> borders, const at::Device& device) : cu_seqlens(std::move(borders)) {
    std::vector<int64_t> places(cu_seqlens.back()), ends;
    std::iota(places.begin(), places.end(), -1);
    for (size_t d = 0; d + 1 < cu_seqlens.size(); ++d) {
      places[cu_seqlens[d]] = cu_seqlens.back() + static_cast<int64_t>(d);
      ends.push_back(cu_seqlens[d + 1] - 1);
    }
    before = at::tensor(places, at::kLong).to(device);
    last = at::tensor(ends, at::kLong).to(device);
  }
  at::Tensor memory(const at::Tensor& kept) const { return rows.defined() ? kept.index_select(0, rows) : kept; }
  void remember(at::Tensor& kept, const at::Tensor& now) const {
    if (rows.defined()) {
      kept.index_copy_(0, rows, now.to(kept.scalar_type()));
    } else {
      kept.copy_(now);
    }
  }
  // d_t = x_{t-1} - x_t, where x_{-1} is what the memory kept, else 0; the memory then keeps each document's last. [T, C]
  at::Tensor shift(const at::Tensor& x, at::Tensor* kept) const {
    const at::Tensor first = kept != nullptr ? memory(*kept) : at::zeros({static_cast<int64_t>(cu_seqlens.size()) - 1, x.size(1)}, x.options());
    const at::Tensor previous = at::cat({x, first}).index_select(0, before);  // [T, C]
    if (kept != nullptr) remember(*kept, x.index_select(0, last));
    return previous - x;
  }
};

at::Tensor Rwkv7::norm(const at::Tensor& x, const Norm& norm) const {
  return at::layer_norm(x, {x.size(-1)}, norm.weight, norm.bias, config_.norm_eps);
}

// x [T, C], normed -> [T, C]. Equations of arXiv:2503.14456, section 4; c.f. BlinkDL/RWKV-LM, RWKV-v7/rwkv_v7_demo.py.
at::Tensor Rwkv7::time_mix(const TimeMix& attn, const at::Tensor& x, int64_t layer, at::Tensor& v_first, Pass& pass) const {
  const int64_t H = config_.heads(), N = config_.head_dim;
  Rwkv7State::Layer* memory = pass.state != nullptr ? &pass.state->layers()[layer] : nullptr;
  const auto heads = [&](const at::Tensor& y) { return y.view({-1, H, N}); };  // [T, H, N]
  const auto low_rank = [](const at::Tensor& down, const LowRank& to) { return project(down, to.up, to.bias); };

  const at::Tensor d = pass.shift(x, memory != nullptr ? &memory->time_shift : nullptr);
  // r = W_r x^r,  k = W_k x^k,  v = W_v x^v,  with x^q = x + d ∘ μ_q
  const at::Tensor r = project(mix(x, d, attn.x_r), attn.r_proj);
  at::Tensor k = project(mix(x, d, attn.x_k), attn.k_proj);
  const at::Tensor x_v = mix(x, d, attn.x_v);
  at::Tensor v = project(x_v, attn.v_proj);
  // w = exp(-e^{-1/2} σ(w0 + tanh(x^w w1) w2))
  const at::Tensor decay = low_rank(at::tanh(project(mix(x, d, attn.x_w), attn.w.down)), attn.w);
  const at::Tensor w = at::exp(-std::exp(-0.5) * at::sigmoid(decay.scalar_type() == at::kDouble ? decay : decay.to(at::kFloat)));
  // a = σ(a0 + x^a a1 a2): how much of what a key held is replaced
  const at::Tensor a = at::sigmoid(low_rank(project(mix(x, d, attn.x_a), attn.a.down), attn.a));
  // g = σ(x^g g1) g2
  const at::Tensor g = low_rank(at::sigmoid(project(mix(x, d, attn.x_g), attn.g.down)), attn.g);
  // v += (v_first - v) ∘ σ(v0 + x^v v1 v2), the value residual; the first layer gives v_first
  if (layer == 0) {
    v_first = v;
  } else {
    v = v + (v_first - v) * at::sigmoid(low_rank(project(x_v, attn.v.down), attn.v));
  }
  // κ̂ = (k ∘ k_k) / |k ∘ k_k| per head,  k ← k ∘ (1 + (a - 1) ∘ k_a)
  const at::Tensor kk = heads(k * attn.k_k);
  const at::Tensor removal = kk / kk.norm(2, {2}, true).clamp_min(1e-12);  // [T, H, N]
  k = k * (1 + (a - 1) * attn.k_a);

  // S ← S diag(w) - (S κ̂)(κ̂ ∘ a)ᵀ + v kᵀ,  y = S r
  const WkvOutputs wkv = wkv7({heads(r), heads(w), heads(k), heads(v), -removal,
                               removal * heads(a)},
                              pass.cu_seqlens, memory != nullptr ? pass.memory(memory->wkv) : at::Tensor());
  if (memory != nullptr) pass.remember(memory->wkv, wkv.state);
  // ln_x: a norm per head; then the bonus of the token itself: + (Σ r ∘ k ∘ r_k) v
  at::Tensor y = at::group_norm(wkv.y.to(x.scalar_type()).reshape({-1, H * N}), H, attn.g_norm.weight, attn.g_norm.bias,
                                static_cast<double>(N) * config_.norm_eps);               // [T, C]
  const at::Tensor bonus = (heads(r) * heads(k) * attn.r_k).sum({2}, true) * heads(v);  // [T, H, N]
  y = y + bonus.reshape({-1, H * N});
  return project(y * g, attn.o_proj);
}

// W_v relu(W_k x^k)²: [T, C] -> [T, C]
at::Tensor Rwkv7::channel_mix(const ChannelMix& ffn, const at::Tensor& x, int64_t layer, Pass& pass) const {
  const at::Tensor d = pass.shift(x, pass.state != nullptr ? &pass.state->layers()[layer].channel_shift : nullptr);
  return project(at::relu(project(mix(x, d, ffn.x_k), ffn.key)).square(), ffn.value);
}

at::Tensor Rwkv7::layers(const std::vector<int64_t>& ids, Pass& pass) const {
  at::Tensor x = norm(at::embedding(embeddings_, at::tensor(ids, at::kLong).to(device())), pre_norm_);  // [T, C]
  at::Tensor v_first;
  for (int64_t l = 0; l < config_.num_hidden_layers; ++l) {
    const Layer& layer = layers_[l];
    x = x + time_mix(layer.attn, norm(x, layer.attn_norm), l, v_first, pass);
    x = x + channel_mix(layer.ffn, norm(x, layer.ffn_norm), l, pass);
  }
  return norm(x, norm_);
}

at::Tensor Rwkv7::forward(const Batch& batch) const {
  Pass pass(batch.cu_seqlens, device());
  return layers(batch.ids, pass);
}

at::Tensor Rwkv7::step(const Step& step, State& memory) const {
  at::NoGradGuard no_grad;
  auto& state = dynamic_cast<Rwkv7State&>(memory);
  std::vector<int32_t> cu_seqlens = {0};
  bool in_order = static_cast<int64_t>(step.rows.size()) == state.rows();
  for (size_t n = 0; n < step.rows.size(); ++n) {
    cu_seqlens.push_back(cu_seqlens.back() + static_cast<int32_t>(step.lengths[n]));
    in_order = in_order && step.rows[n] == static_cast<int64_t>(n);
  }
  Pass pass(std::move(cu_seqlens), device());
  pass.state = &state;
  if (!in_order) pass.rows = at::tensor(step.rows, at::kLong).to(device());
  const at::Tensor hidden = layers(step.ids, pass);
  for (size_t n = 0; n < step.rows.size(); ++n) state.advance(step.rows[n], step.lengths[n]);
  return hidden;
}

std::string Rwkv7::config_json() const {
  return rwkv7_config_json(config_, embeddings_.scalar_type() == at::kBFloat16 ? "bfloat16" : "float32");
}

at::Tensor Rwkv7::logits(const at::Tensor& hidden) const { return project(hidden, lm_head_); }

std::unique_ptr<State> Rwkv7::new_state(int64_t rows) const {
  return std::make_unique<Rwkv7State>(rows, config_, embeddings_.options().requires_grad(false));
}

std::vector<Parameter> Rwkv7::parameters() const {
  std::vector<Parameter> all = {{"model.embeddings.weight", embeddings_}};
  const auto add = [&](const std::string& name, const at::Tensor& value) {
    if (value.defined()) all.push_back({name, value});
  };
  const auto add_norm = [&](const std::string& name, const Norm& norm) {
    add(name + ".weight", norm.weight);
    add(name + ".bias", norm.bias);
  };
  const auto add_low_rank = [&](const std::string& name, const LowRank& low_rank) {
    add(name + "_lora.lora.0.weight", low_rank.down);
    add(name + "_lora.lora.2.weight", low_rank.up);
    add(name + "_lora.lora.2.bias", low_rank.bias);
  };
  for (size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    const TimeMix& attn = layer.attn;
    const std::string prefix = "model.layers." + std::to_string(l) + ".";
    if (l == 0) add_norm(prefix + "pre_norm", pre_norm_);
    add_norm(prefix + "attn_norm", layer.attn_norm);
    add(prefix + "attn.x_r", attn.x_r);
    add(prefix + "attn.x_w", attn.x_w);
    add(prefix + "attn.x_k", attn.x_k);
    add(prefix + "attn.x_v", attn.x_v);
    add(prefix + "attn.x_a", attn.x_a);
    add(prefix + "attn.x_g", attn.x_g);
    add(prefix + "attn.k_k", attn.k_k);
    add(prefix + "attn.k_a", attn.k_a);
    add(prefix + "attn.r_k", attn.r_k);
    add(prefix + "attn.r_proj.weight", attn.r_proj);
    add(prefix + "attn.k_proj.weight", attn.k_proj);
    add(prefix + "attn.v_proj.weight", attn.v_proj);
    add(prefix + "attn.o_proj.weight", attn.o_proj);
    add_low_rank(prefix + "attn.w", attn.w);
    add_low_rank(prefix + "attn.a", attn.a);
    add_low_rank(prefix + "attn.v", attn.v);
    add_low_rank(prefix + "attn.g", attn.g);
    add_norm(prefix + "attn.g_norm", attn.g_norm);
    add_norm(prefix + "ffn_norm", layer.ffn_norm);
    add(prefix + "ffn.x_k", layer.ffn.x_k);
    add(prefix + "ffn.key.weight", layer.ffn.key);
    add(prefix + "ffn.value.weight", layer.ffn.value);
  }
  add_norm("model.norm", norm_);
  all.push_back({"lm_head.weight", lm_head_});
  return all;
}

}  // namespace smooth
