// Initial weights whose attention begins as soft n-gram induction.
//
// A pretrained language model finds the earlier place where the text read as it reads now and copies what came next
// (induction heads: Olsson et al., arXiv:2209.11895). Small models need long to find that circuit, so these weights begin
// near it, as mimetic initialisation does (Trockman & Kolter, arXiv:2305.09828); everything else is noise to be trained:
//
//   layer 0    head j looks j tokens back, by the biases of its queries and keys alone, and writes a projection of what it
//              sees there into the j-th block of the residual: block j holds "the token j places back"
//   layers 1+  queries read block j where keys read block j + 1, through the same random matrix: a place attracts the query
//              if the tokens before it are the tokens up to here; values are copied on (o_proj = v_proj transposed)
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>
#include <stdexcept>

#include "model/decoder.h"

namespace smooth {
namespace {

constexpr double kSharpness = 8;      // of layer 0's attention to one offset
constexpr double kNoise = 0.1;        // share of the normal weights that is kept in queries and keys
constexpr double kBlockGain = 0.1;    // layer 0's output into the blocks
constexpr double kMatchGain = 1.5;    // queries and keys of the later layers
constexpr double kCopyGain = 0.15;    // their output
constexpr double kMlpGain = 0.1;      // down_proj, so that the residual begins as token and blocks
constexpr double kSlow = 0.05;        // RoPE pairs that turn slower than this, in radians a token, carry content

at::Tensor normal(at::IntArrayRef shape, double deviation, at::Generator& generator) {
  return at::randn(shape, generator, at::TensorOptions(at::kFloat)) * deviation;
}

}  // namespace

void Decoder::initialise_induction(uint64_t seed) {
  initialise(seed, 0);
  at::NoGradGuard no_grad;
  const int64_t C = config_.hidden_size, H = config_.num_attention_heads, G = config_.num_key_value_heads, D = config_.head_dim;
  const int64_t width = std::min(C / H, D), repeats = H / G;  // of a block
  if (!config_.attention_bias() || config_.num_hidden_layers < 2 || width < 1) {
    throw std::runtime_error("initial: induction needs two layers, biases and hidden_size >= num_attention_heads");
  }
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed + 1);
  const at::Tensor basis = std::get<0>(at::linalg_qr(normal({C, C}, 1, generator)));  // [C, C], orthonormal columns
  const auto block = [&](int64_t j) { return basis.narrow(1, j * width, width); };    // [C, width]

  const at::Tensor frequency = at::pow(config_.rope_theta, -at::arange(0, D, 2, at::kDouble) / static_cast<double>(D)).to(at::kFloat);  // [D/2]
  // q . k / sqrt(D) = sharpness x sum_i cos(frequency_i (distance - j)) x 32 / D: largest at distance j
  const double amplitude = std::sqrt(kSharpness * 32.0 / static_cast<double>(D)) * std::pow(static_cast<double>(D), 0.25);
  DecoderLayer& first = layers_[0];
  first.q_proj.mul_(kNoise);
  first.k_proj.mul_(kNoise);
  first.o_proj.mul_(kNoise * kNoise);
  const at::Tensor seen = normal({width, C}, 1.0 / std::sqrt(static_cast<double>(C)), generator);  // [width, C]
  for (int64_t g = 0; g < G; ++g) {
    first.k_bias.narrow(0, g * D, D / 2).fill_(amplitude);
    first.v_proj.narrow(0, g * D, width).copy_(seen);
  }
  for (int64_t j = 0; j < H; ++j) {
    const at::Tensor angle = frequency * static_cast<double>(j);
    first.q_bias.narrow(0, j * D, D / 2).copy_(angle.cos() * amplitude);
    first.q_bias.narrow(0, j * D + D / 2, D / 2).copy_(angle.sin() * -amplitude);
    first.o_proj.narrow(1, j * D, width).copy_(block(j) * kBlockGain);
  }

  const at::Tensor slow = (frequency < kSlow).to(at::kFloat).repeat({2}).unsqueeze(1);  // [D, 1]
  const double spread = 1.0 / std::sqrt(std::max(1.0, slow.sum().item<double>()));
  for (int64_t l = 1; l < config_.num_hidden_layers; ++l) {
    DecoderLayer& layer = layers_[l];
    layer.q_proj.mul_(kNoise);
    layer.k_proj.mul_(kNoise);
    for (int64_t g = 0; g < G; ++g) {
      at::Tensor query = at::zeros({D, C}), key = at::zeros({D, C});
      for (int64_t j = 0; j + 1 < H; ++j) {
        const at::Tensor match = normal({D, width}, spread * kMatchGain, generator) * slow;  // [D, width]
        query = query + match.mm(block(j).t());
        key = key + match.mm(block(j + 1).t());
      }
      layer.k_proj.narrow(0, g * D, D).add_(key);
      for (int64_t h = g * repeats; h < (g + 1) * repeats; ++h) {
        layer.q_proj.narrow(0, h * D, D).add_(query);
        layer.o_proj.narrow(1, h * D, D).copy_(layer.v_proj.narrow(0, g * D, D).t() * kCopyGain);
      }
    }
  }
  for (DecoderLayer& layer : layers_) layer.down_proj.mul_(kMlpGain);
}

}  // namespace smooth
