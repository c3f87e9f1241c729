#include "model/time_mix.h"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "model/ops/cpu.h"
#include "model/ops/project.h"
#include "model/ops/time_mix_cpu.h"
#include "model/ops/wkv7.h"
#include "model/ops/wkv7_cpu.h"

namespace smooth {
namespace {

using Names = TimeMixOptions::Names;
using Gate = TimeMixOptions::Gate;

at::Tensor flat(const at::Tensor& x) { return x.defined() ? x.view({-1}) : x; }  // [C]

// The two halves of a low-rank map, whichever way its matrices lie: [T, C] -> [T, R] and [T, R] -> [T, C].
Product down(const at::Tensor& x, const LowRank& to, Names names) { return {x, names == Names::fla ? to.down : to.down.t(), {}}; }
Product up(const at::Tensor& x, const LowRank& to, Names names) { return {x, names == Names::fla ? to.up : to.up.t(), flat(to.bias)}; }

// Heads that share a key or a value each get it: [T, G N] -> [T, H N]
at::Tensor shared_out(const at::Tensor& x, const TimeMixOptions& options) {
  if (options.kv_heads == options.heads()) return x;
  const at::Tensor groups = x.view({-1, options.kv_heads, 1, options.head_size});                                      // [T, G, 1, N]
  return groups.expand({-1, -1, options.heads() / options.kv_heads, -1}).reshape({-1, options.hidden_size});  // [T, H N]
}

// A time-mix's inputs x^q = x + d ∘ μ_q, or x: [T, C]
struct Inputs {
  at::Tensor r, w, k, v, a, g;
};

Inputs inputs_of(const TimeMix& mix, const at::Tensor& x, const Documents& documents, TimeMixMemory* memory) {
  if (!mix.x_r.defined()) return {x, x, x, x, x, x};
  std::vector<at::Tensor> shares = {mix.x_r, mix.x_w, mix.x_k, mix.x_v, mix.x_a};
  if (mix.x_g.defined()) shares.push_back(mix.x_g);
  std::vector<at::Tensor> inputs = documents.mixed(x, shares, memory != nullptr ? &memory->time_shift : nullptr);
  inputs.resize(6);
  return {inputs[0], inputs[1], inputs[2], inputs[3], inputs[4], inputs[5]};
}

// What matrices make of them.
struct Projected {
  at::Tensor r, k, v;        // W_r x^r [T, C], W_k x^k [T, G N], W_v x^v [T, G N]
  at::Tensor w, a;           // w0 + tanh(x^w w1) w2, a0 + x^a a1 a2 [T, C]
  at::Tensor v_residual;     // v0 + x^v v1 v2 [T, C]; undefined in the first layer
  at::Tensor g;              // σ(x^g g1) g2, or one more, or σ(W_g x^g) [T, C]; undefined for 1
};

// Two rounds of products: what meets x, then the second halves of the low-rank maps.
Projected projected(const TimeMix& mix, const TimeMixOptions& options, const Inputs& x) {
  const Names names = options.names;
  const bool residual = mix.v.down.defined();
  std::vector<Product> first = {{x.r, mix.r_proj, mix.r_bias}, {x.k, mix.k_proj, mix.k_bias}, {x.v, mix.v_proj, mix.v_bias},
                                down(x.w, mix.w, names), down(x.a, mix.a, names)};
  if (options.gate == Gate::low_rank) first.push_back(down(x.g, mix.g, names));
  if (options.gate == Gate::full) first.push_back({x.g, mix.gate, {}});
  if (residual) first.push_back(down(x.v, mix.v, names));
  const std::vector<at::Tensor> inner = project_all(first);

  std::vector<Product> second = {up(at::tanh(inner[3]), mix.w, names), up(inner[4], mix.a, names)};
  if (options.gate == Gate::low_rank) second.push_back(up(at::sigmoid(inner[5]), mix.g, names));
  if (residual) second.push_back(up(inner.back(), mix.v, names));
  const std::vector<at::Tensor> outer = project_all(second);

  Projected out{inner[0], inner[1], inner[2], outer[0], outer[1], residual ? outer.back() : at::Tensor(), {}};
  if (options.gate == Gate::low_rank) out.g = options.gate_offset != 0 ? outer[2] + options.gate_offset : outer[2];
  if (options.gate == Gate::full) out.g = at::sigmoid(inner[5]);
  return out;
}

// From the products (r, k and v spread over all heads) to what the last one takes, by formulas: [T, C]
at::Tensor read_out(const TimeMix& mix, const TimeMixOptions& options, const Projected& p, const at::Tensor& v_first, const Documents& documents,
                    TimeMixMemory* memory) {
  const int64_t C = options.hidden_size, H = options.heads(), N = options.head_size;
  const auto heads = [&](const at::Tensor& y) { return y.view({-1, H, N}); };  // [T, H, N]
  const at::ScalarType dtype = p.r.scalar_type();
  // w = exp(-e^{-1/2} σ(w0 + tanh(x^w w1) w2))
  const at::Tensor w = at::exp(-std::exp(-0.5) * at::sigmoid(p.w.scalar_type() == at::kDouble ? p.w : p.w.to(at::kFloat)));
  // a = σ(a0 + x^a a1 a2): how much of what a key held is replaced
  const at::Tensor a = at::sigmoid(p.a);
  // v += (v_first - v) ∘ σ(v0 + x^v v1 v2), the value residual
  const at::Tensor v = p.v_residual.defined() ? p.v + (v_first - p.v) * at::sigmoid(p.v_residual) : p.v;
  // κ̂ = (k ∘ k_k) / |k ∘ k_k| per head,  k ← k ∘ (1 + (a - 1) ∘ k_a);  balanced: κ̂ = k / |k|,  k ← k ∘ (1 - w + a)
  const at::Tensor kk = heads(options.balance_state ? p.k : p.k * flat(mix.k_k));
  const at::Tensor removal = kk / kk.norm(2, {2}, true).clamp_min(1e-12);  // [T, H, N]
  const at::Tensor k = options.balance_state ? (p.k * (1 - w + a)).to(dtype) : p.k * (1 + (a - 1) * flat(mix.k_a));

  // S ← S diag(w) - (S κ̂)(κ̂ ∘ a)ᵀ + v kᵀ,  y = S r
  const WkvInputs inputs = {heads(p.r), heads(w), heads(k), heads(v), -removal, removal * heads(a)};
  const int64_t D = std::ssize(documents.cu_seqlens()) - 1;
  at::Tensor y = memory == nullptr ? documents.walked({D, H, N, N}, inputs.r, [&](const at::Tensor& state) { return wkv7(inputs, documents.cu_seqlens(), state); })
                                   : documents.advance(memory->wkv, [&](at::Tensor& state) { return wkv7_advance(inputs, documents.cu_seqlens(), state); });
  y = y.to(dtype).reshape({-1, C});  // [T, C]
  // ln_x: a norm per head; then the bonus of the token itself: + (Σ r ∘ k ∘ r_k) v
  if (options.group_norm) y = at::group_norm(y, H, mix.g_norm.weight, mix.g_norm.bias, options.group_norm_eps);
  if (options.scale != 1) y = y * options.scale;
  if (options.bonus) {
    const at::Tensor bonus = (heads(p.r) * heads(k) * mix.r_k).sum({2}, true) * heads(v);  // [T, H, N]
    y = y + bonus.reshape({-1, C});
  }
  return p.g.defined() ? y * p.g : y;
}

// The same by a kernel, where the state moves on in place: fp32, without gradients.
at::Tensor read_out_by_heads(const TimeMix& mix, const TimeMixOptions& options, const Projected& p, const at::Tensor& v_first,
                             const std::vector<int32_t>& cu_seqlens, at::Tensor& state) {
  const int64_t C = options.hidden_size, H = options.heads(), N = options.head_size, D = std::ssize(cu_seqlens) - 1;
  const auto from = [](const at::Tensor& x, int64_t at) { return x.defined() ? numbers<float>(x) + at : nullptr; };
  const at::Tensor y = at::empty_like(p.r);
  at::parallel_for(0, D * H, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t d = i / H, c = i % H * N, at = cu_seqlens[d] * C + c;  // the document; where the head lies in a row; in all rows
      const bool residual = p.v_residual.defined();
      time_mix_head({.r = from(p.r, at), .w = from(p.w, at), .k = from(p.k, at), .v = from(p.v, at), .a = from(p.a, at),
                     .v_residual = from(p.v_residual, at), .v_first = residual ? from(v_first, at) : nullptr, .g = from(p.g, at),
                     .k_k = from(mix.k_k, c), .k_a = from(mix.k_a, c), .r_k = options.bonus ? from(mix.r_k, c) : nullptr,
                     .norm_weight = from(mix.g_norm.weight, c), .norm_bias = from(mix.g_norm.bias, c),
                     .norm_eps = static_cast<float>(options.group_norm_eps), .scale = static_cast<float>(options.scale),
                     .tokens = cu_seqlens[d + 1] - cu_seqlens[d], .size = N, .stride = C},
                    numbers<float>(y) + at, numbers<float>(state) + i * N * N);
    }
  });
  return y;
}

}  // namespace

TimeMixMemory make_memory(const TimeMixOptions& options, int64_t rows, const at::TensorOptions& tensors) {
  const int64_t H = options.heads(), N = options.head_size;
  TimeMixMemory memory;
  if (options.token_shift) memory.time_shift = at::zeros({rows, options.hidden_size}, tensors);  // [B, C]
  memory.wkv = at::zeros({rows, H, N, N}, tensors.dtype(tensors.dtype() == at::kDouble ? at::kDouble : at::kFloat));
  return memory;
}

at::Tensor time_mix(const TimeMix& mix, const TimeMixOptions& options, const at::Tensor& x, at::Tensor& v_first, const Rotation* turn,
                    const Documents& documents, TimeMixMemory* memory) {
  const auto turned = [&](const at::Tensor& y) { return rotate(y.view({-1, y.size(1) / options.head_size, options.head_size}), *turn).flatten(1); };
  Projected p = projected(mix, options, inputs_of(mix, x, documents, memory));
  p.r = options.rope ? turned(p.r) : p.r;
  p.k = shared_out(options.rope ? turned(p.k) : p.k, options);  // [T, C]
  p.v = shared_out(p.v, options);                               // [T, C]
  if (!p.v_residual.defined()) v_first = p.v;
  const bool by_heads = memory != nullptr && x.scalar_type() == at::kFloat && wkv7_takes(options.head_size) && kernels_take({p.r, p.k, p.v, p.w, p.a, memory->wkv});
  const at::Tensor y = by_heads ? documents.advance(memory->wkv, [&](at::Tensor& state) { return read_out_by_heads(mix, options, p, v_first, documents.cu_seqlens(), state); })
                                : read_out(mix, options, p, v_first, documents, memory);
  return project(y, mix.o_proj);
}

}  // namespace smooth
