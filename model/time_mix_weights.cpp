#include "model/time_mix_weights.h"

#include <ATen/ATen.h>

namespace smooth {

using Names = TimeMixOptions::Names;
using Gate = TimeMixOptions::Gate;

TimeMix make_time_mix(const TimeMixOptions& options, bool first, const at::TensorOptions& tensors) {
  const int64_t C = options.hidden_size, shared = options.kv_heads * options.head_size;
  const bool fla = options.names == Names::fla;
  const auto make = [&](at::IntArrayRef shape) { return at::empty(shape, tensors); };
  const auto vector = [&] { return fla ? make({C}) : make({1, 1, C}); };
  const auto low_rank = [&](int64_t rank, bool bias) {
    LowRank made = {fla ? make({rank, C}) : make({C, rank}), fla ? make({C, rank}) : make({rank, C}), {}};
    if (bias) made.bias = vector();
    return made;
  };
  TimeMix mix;
  if (options.token_shift) {
    for (at::Tensor* share : {&mix.x_r, &mix.x_w, &mix.x_k, &mix.x_v, &mix.x_a}) *share = make({1, 1, C});
    if (options.gate != Gate::none) mix.x_g = make({1, 1, C});
  }
  mix.w = low_rank(options.decay_rank, true);
  mix.a = low_rank(options.a_rank, true);
  if (!first) mix.v = low_rank(options.v_rank, true);
  if (options.gate == Gate::low_rank) mix.g = low_rank(options.gate_rank, false);
  if (options.gate == Gate::full) mix.gate = make({C, C});
  if (!options.balance_state) {
    mix.k_k = vector();
    mix.k_a = vector();
  }
  if (options.bonus) mix.r_k = make({options.heads(), options.head_size});
  mix.r_proj = make({C, C});
  mix.k_proj = make({shared, C});
  mix.v_proj = make({shared, C});
  mix.o_proj = make({C, C});
  if (options.bias) {
    mix.r_bias = make({C});
    mix.k_bias = make({shared});
    mix.v_bias = make({shared});
  }
  if (options.group_norm) mix.g_norm = {make({C}), make({C})};
  return mix;
}

void add_parameters(const TimeMix& mix, Names names, const std::string& prefix, std::vector<Parameter>& all) {
  const auto add = [&](const std::string& name, const at::Tensor& value) {
    if (value.defined()) all.push_back({prefix + name, value});
  };
  const auto add_low_rank = [&](const std::string& name, const LowRank& low_rank) {
    add(name + (names == Names::fla ? "_lora.lora.0.weight" : "1"), low_rank.down);
    add(name + (names == Names::fla ? "_lora.lora.2.weight" : "2"), low_rank.up);
    add(name + (names == Names::fla ? "_lora.lora.2.bias" : "0"), low_rank.bias);
  };
  const bool words = names == Names::arwkv;
  const std::string r = words ? "receptance" : names == Names::fla ? "r_proj" : "q_proj";
  const std::string k = words ? "key" : "k_proj", v = words ? "value" : "v_proj", o = words ? "output" : "o_proj";
  const std::string norm = names == Names::fla ? "g_norm" : "ln_x";
  add("x_r", mix.x_r);
  add("x_w", mix.x_w);
  add("x_k", mix.x_k);
  add("x_v", mix.x_v);
  add("x_a", mix.x_a);
  add("x_g", mix.x_g);
  add("k_k", mix.k_k);
  add("k_a", mix.k_a);
  add("r_k", mix.r_k);
  add(r + ".weight", mix.r_proj);
  add(r + ".bias", mix.r_bias);
  add(k + ".weight", mix.k_proj);
  add(k + ".bias", mix.k_bias);
  add(v + ".weight", mix.v_proj);
  add(v + ".bias", mix.v_bias);
  add(o + ".weight", mix.o_proj);
  add_low_rank("w", mix.w);
  add_low_rank("a", mix.a);
  add_low_rank("v", mix.v);
  add_low_rank("g", mix.g);
  add("gate.weight", mix.gate);
  add(norm + ".weight", mix.g_norm.weight);
  add(norm + ".bias", mix.g_norm.bias);
}

}  // namespace smooth
