// Initial weights of RWKV-7 as its author trains it (BlinkDL/RWKV-LM, RWKV-v7/train_temp/src/model.py): decays from slow to
// fast over the channels of a head, mixes that grow with depth, outputs that begin at zero.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>

#include "model/rwkv7.h"

namespace smooth {
namespace {

class Draws {
 public:
  explicit Draws(uint64_t seed) : generator_(at::make_generator<at::CPUGeneratorImpl>(seed)) {}
  void uniform(const at::Tensor& x, double bound) { x.copy_((at::rand(x.sizes(), generator_, at::TensorOptions(at::kFloat)) * 2 - 1) * bound); }
  // Orthonormal rows or columns times `gain`, as torch.nn.init.orthogonal_.
  void orthogonal(const at::Tensor& x, double gain) {
    const int64_t rows = x.size(0), columns = x.size(1);
    const at::Tensor normal = at::randn({std::max(rows, columns), std::min(rows, columns)}, generator_, at::TensorOptions(at::kFloat));
    const at::Tensor basis = std::get<0>(at::linalg_qr(normal));  // orthonormal columns
    x.copy_((rows < columns ? basis.t() : basis) * gain);
  }

 private:
  at::Generator generator_;
};

}  // namespace

void Rwkv7::initialise(uint64_t seed) {
  at::NoGradGuard no_grad;
  Draws draws(seed);
  for (const Parameter& parameter : parameters()) parameter.value.zero_();
  const int64_t C = config_.hidden_size, N = config_.head_dim, L = config_.num_hidden_layers;
  const double bound = 0.5 / std::sqrt(static_cast<double>(C));
  const at::Tensor channel = at::arange(C, at::kDouble);
  const at::Tensor linear = channel / static_cast<double>(std::max<int64_t>(1, C - 1)) - 0.5;            // -0.5 .. 0.5
  const double half = std::max(0.5, static_cast<double>(N - 1) / 2);
  const at::Tensor centred = (at::remainder(channel, N) - half) / half;                                  // -1 .. 1 in each head
  const at::Tensor zigzag = centred * centred.abs();
  for (const Norm* one : {&pre_norm_, &norm_}) one->weight.fill_(1);
  draws.uniform(embeddings_, 1e-4);
  draws.orthogonal(lm_head_, 0.5 * std::sqrt(std::max(1.0, static_cast<double>(config_.vocab_size) / static_cast<double>(C))));

  for (int64_t l = 0; l < L; ++l) {
    const double depth = L > 1 ? static_cast<double>(l) / static_cast<double>(L - 1) : 0;  // 0 .. 1
    const double rest = 1 - static_cast<double>(l) / static_cast<double>(L);               // 1 .. almost 0
    const auto share = [&](const at::Tensor& x, double power) { x.view({-1}).copy_(1 - at::pow(channel / static_cast<double>(C), power * rest)); };
    const auto low_rank = [&](const LowRank& x) { draws.orthogonal(x.up, 0.1 * std::sqrt(std::max(1.0, static_cast<double>(x.down.size(0)) / static_cast<double>(C)))); };
    Layer& layer = layers_[l];
    layer.attn_norm.weight.fill_(1);
    layer.ffn_norm.weight.fill_(1);
    TimeMix& attn = layer.attn;
    share(attn.x_r, 0.2);
    share(attn.x_w, 0.9);
    share(attn.x_k, 0.7);
    share(attn.x_v, 0.7);
    share(attn.x_a, 0.9);
    share(attn.x_g, 0.2);
    low_rank(attn.w);
    low_rank(attn.a);
    low_rank(attn.g);
    attn.w.bias.copy_(-6 + 6 * at::pow(linear + 0.5, 1 + std::pow(depth, 0.3)) + 0.5 + zigzag * 2.5);
    attn.a.bias.copy_(-0.19 + zigzag * 0.3 + linear * 0.4);
    if (l > 0) {
      low_rank(attn.v);
      attn.v.bias.copy_(0.73 - linear * 0.4);
    }
    attn.k_k.copy_(0.71 - linear * 0.1);
    attn.k_a.fill_(1.02);
    attn.r_k.fill_(-0.04);
    draws.uniform(attn.r_proj, bound);
    draws.uniform(attn.k_proj, 0.1 * bound);
    draws.uniform(attn.v_proj, bound);
    attn.g_norm.weight.fill_(std::pow((1.0 + static_cast<double>(l)) / static_cast<double>(L), 0.7));
    layer.ffn.x_k.copy_(1 - at::pow(channel / static_cast<double>(C), std::pow(rest, 4)));
    draws.uniform(layer.ffn.key, bound);
  }
}

}  // namespace smooth
