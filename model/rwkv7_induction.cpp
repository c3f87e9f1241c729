// Initial weights of an RWKV-7 that begins near induction, for the same reason as a decoder's (model/induction.cpp): small models
// need long to find the circuit that continues a text as it went on where it read so before. Everything else is noise to be trained.
//
// The residual is cut in blocks of C / 8 and a rest that holds what the token is. With up to three layers before the last,
//
//   layers 0 ..  the time-mix's token shift brings block 2l, its channel-mix's block 2l + 1, one token further back and writes it to
//                the next block: block j holds the token j places back (block 0: the token itself)
//   last layer   keys read the blocks of the token before, receptances those of this token, through the same random matrix, and
//                values are tokens: S learns which token followed which context (the delta rule), and reads it where it comes again
//
// The time-mix has no biases to make a constant of: the norm before it gives one, along a direction of its own.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "model/rwkv7.h"

namespace smooth {
namespace {

constexpr int64_t kBlocks = 8, kMostShifts = 3;  // blocks of a residual, layers that look back
constexpr double kNoise = 0.1;                   // share of the normal weights that is kept
constexpr double kCopyGain = 2;                  // what a match writes
constexpr double kShut = -8;                     // σ(-8) = 0.0003: no value residual, hardly any decay

}  // namespace

// Where things lie in the residual: orthonormal columns of one random basis.
struct Rwkv7::Blocks {
  Blocks(int64_t C, int64_t shifts, at::Generator& generator) : width(C / kBlocks), count(2 * shifts) {
    basis = std::get<0>(at::linalg_qr(normal({C, C}, 1, generator)));
    token = basis.narrow(1, count * width, C - count * width - 1);  // [C, I]
    constant = basis.select(1, C - 1);                              // [C]
    const int64_t I = token.size(1);
    seen = normal({width, I}, 1 / std::sqrt(static_cast<double>(I)), generator).mm(token.t());  // [width, C]
  }
  static at::Tensor normal(at::IntArrayRef shape, double deviation, at::Generator& generator) {
    return at::randn(shape, generator, at::TensorOptions(at::kFloat)) * deviation;
  }
  at::Tensor write(int64_t j) const { return basis.narrow(1, (j - 1) * width, width); }    // [C, width], j from 1
  at::Tensor read(int64_t j) const { return j == 0 ? seen : write(j).t(); }                // [width, C]

  int64_t width, count;
  at::Tensor basis, token, constant, seen;
};

// Gates of one, values of the layer's own, k as it comes: what both kinds of time-mix need.
void Rwkv7::open_gates(TimeMix& attn) {
  attn.g.up.add_(2.0 / static_cast<double>(attn.g.up.size(1)));  // σ(0) = 1/2
  if (attn.v.bias.defined()) attn.v.bias.fill_(kShut);
  for (const at::Tensor* x : {&attn.r_proj, &attn.k_proj, &attn.v_proj}) x->mul_(kNoise);
  attn.k_k.fill_(1);
  attn.o_proj.zero_();
}

// Block `from` of the token before goes to block from + 1, through the bonus: (Σ r ∘ k ∘ r_k) v with r = k = 1 and r_k = 1 / N.
void Rwkv7::shift_in_time_mix(Layer& layer, int64_t from, const Blocks& blocks) {
  TimeMix& attn = layer.attn;
  const auto C = static_cast<double>(config_.hidden_size), N = static_cast<double>(config_.head_dim);
  open_gates(attn);
  layer.attn_norm.bias.copy_(blocks.constant * std::sqrt(C));
  for (const at::Tensor* x : {&attn.r_proj, &attn.k_proj}) x->add_((blocks.constant / std::sqrt(C)).unsqueeze(0));
  for (const at::Tensor* x : {&attn.x_r, &attn.x_k}) x->zero_();
  attn.k_a.zero_();
  attn.r_k.fill_(1 / N);
  attn.x_v.fill_(1);
  attn.g_norm.weight.mul_(kNoise);
  attn.v_proj.narrow(0, 0, blocks.width).copy_(blocks.read(from));
  attn.o_proj.narrow(1, 0, blocks.width).copy_(blocks.write(from + 1));
}

// The same through the channel-mix: relu(p)² - relu(-p)² = p |p| keeps what a token is told by.
void Rwkv7::shift_in_channel_mix(ChannelMix& ffn, int64_t from, const Blocks& blocks) {
  ffn.x_k.fill_(1);
  for (const int64_t sign : {1, -1}) {
    const int64_t unit = sign > 0 ? 0 : blocks.width;
    ffn.key.narrow(0, unit, blocks.width).copy_(blocks.read(from) * sign);
    ffn.value.narrow(1, unit, blocks.width).copy_(blocks.write(from + 1) * sign);
  }
}

void Rwkv7::match_and_copy(TimeMix& attn, const Blocks& blocks, at::Generator& generator) {
  const int64_t H = config_.heads(), N = config_.head_dim, I = std::min(N, blocks.token.size(1));
  open_gates(attn);
  std::vector<at::Tensor> read;
  for (int64_t j = 0; j <= blocks.count; ++j) read.push_back(blocks.read(j));
  const at::Tensor context = at::cat(read);  // [features, C]
  const auto features = static_cast<double>(context.size(0));
  for (int64_t h = 0; h < H; ++h) {
    const at::Tensor match = Blocks::normal({N, context.size(0)}, 1 / std::sqrt(features * static_cast<double>(N)), generator).mm(context);  // [N, C], |k| near 1
    attn.r_proj.narrow(0, h * N, N).add_(match);
    attn.k_proj.narrow(0, h * N, N).add_(match);
    attn.v_proj.narrow(0, h * N, I).add_(blocks.token.narrow(1, 0, I).t());
    attn.o_proj.narrow(1, h * N, I).copy_(blocks.token.narrow(1, 0, I) * (kCopyGain * 2 / static_cast<double>(H)));
  }
  for (const at::Tensor* x : {&attn.x_r, &attn.x_v, &attn.x_g}) x->zero_();
  attn.x_k.fill_(1);
  attn.w.bias.fill_(kShut);
  attn.a.bias.zero_();
  attn.k_a.fill_(1);
  attn.r_k.zero_();
  attn.g_norm.weight.fill_(1);
}

void Rwkv7::initialise_induction(uint64_t seed) {
  const int64_t C = config_.hidden_size, L = config_.num_hidden_layers, shifts = std::min(L - 1, kMostShifts);
  if (L < 2 || C < 2 * kBlocks || config_.head_dim < C / kBlocks || config_.intermediate_size < 2 * (C / kBlocks)) {
    throw std::runtime_error("initial: induction needs two layers, hidden_size >= 16, and head_dim and half of intermediate_size >= hidden_size / 8");
  }
  initialise(seed);
  at::NoGradGuard no_grad;
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed + 1);
  const Blocks blocks(C, shifts, generator);
  const int64_t I = blocks.token.size(1);
  embeddings_.copy_(Blocks::normal({config_.vocab_size, I}, std::sqrt(static_cast<double>(C) / static_cast<double>(I)), generator).mm(blocks.token.t()));
  lm_head_.copy_(embeddings_ / std::sqrt(static_cast<double>(C)));
  for (int64_t l = 0; l < shifts; ++l) {
    shift_in_time_mix(layers_[l], 2 * l, blocks);
    shift_in_channel_mix(layers_[l].ffn, 2 * l + 1, blocks);
  }
  match_and_copy(layers_.back().attn, blocks, generator);
}

}  // namespace smooth
