#include "trainer/plan/costs.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "model/decoder.h"
#include "model/limits.h"
#include "model/ops/wkv7_cpu.h"
#include "model/rwkv7.h"
#include "model/rwkv_hybrid.h"

namespace smooth {
namespace {

// Legend: C channels, F intermediate size, H heads, G key-value heads, D head width, N head size of a time-mix; e bytes of a number.

// A layer's parts as the formulas below take them.
struct Layer {
  const DecoderConfig* decoder = nullptr;  // its attention's and its SwiGLU's sizes; null: RWKV-7's own channel-mix
  const TimeMixOptions* mix = nullptr;     // null: it attends
  int64_t window = 0;
  int64_t width = 0, inner = 0;            // C, F
  bool first = false;                      // its time-mix gives v_first
};

// RWKV-7's options as far as they bear on its costs.
TimeMixOptions mix_of(const Rwkv7Config& config) {
  TimeMixOptions options;
  options.hidden_size = config.hidden_size;
  options.head_size = config.head_dim;
  options.kv_heads = config.heads();
  options.decay_rank = config.decay_low_rank_dim;
  options.a_rank = config.a_low_rank_dim;
  options.v_rank = config.v_low_rank_dim;
  options.gate_rank = config.gate_low_rank_dim;
  return options;
}

// The model's layers by their kinds; what they point to lives as long as this does.
struct Anatomy {
  explicit Anatomy(const Model& model) {
    if (const auto* decoder = dynamic_cast<const Decoder*>(&model)) {
      add_decoder(decoder->config());
    } else if (const auto* rwkv7 = dynamic_cast<const Rwkv7*>(&model)) {
      mix = mix_of(rwkv7->config());
      for (int64_t l = 0; l < model.num_layers(); ++l) {
        layers.push_back({.mix = &mix, .width = mix.hidden_size, .inner = rwkv7->config().intermediate_size, .first = l == 0});
      }
    } else if (const auto* hybrid = dynamic_cast<const RwkvHybrid*>(&model)) {
      add_decoder(hybrid->config().decoder);
      mix = hybrid->config().mix;
      for (int64_t l = 0; l < model.num_layers(); ++l) {
        if (!hybrid->config().recurrent(l)) continue;
        layers[l].mix = &mix;
        layers[l].first = l == 0;
      }
    } else {
      throw std::logic_error("the costs of " + model.architecture() + " are not known; those of decoders, RWKV-7 and hybrids are");
    }
  }
  Anatomy(const Anatomy&) = delete;
  Anatomy& operator=(const Anatomy&) = delete;

  std::vector<Layer> layers;

 private:
  void add_decoder(const DecoderConfig& config) {
    for (const int64_t window : config.windows) {
      layers.push_back({.decoder = &config, .window = window, .width = config.hidden_size, .inner = config.intermediate_size});
    }
  }
  TimeMixOptions mix;
};

// S diag(w), S a, (S a) bᵀ, v kᵀ, S r: N², then 2 N² each, of every head
double state_flops(const Layer& layer) {
  return layer.mix == nullptr ? 0 : 9.0 * static_cast<double>(layer.mix->hidden_size * layer.mix->head_size);
}

// q kᵀ and p v for one key: 2 D each, of every head
double key_flops(const Layer& layer) {
  return layer.mix != nullptr ? 0 : 4.0 * static_cast<double>(layer.decoder->num_attention_heads * layer.decoder->head_dim);
}

// ------------------------------------------------------------------------------- what autograd keeps

constexpr double kWide = 4;  // bytes of fp32

// What attention gives: y, and a logarithm a head.
double attended(const Layer& layer, double e) {
  const auto H = static_cast<double>(layer.decoder->num_attention_heads), D = static_cast<double>(layer.decoder->head_dim);
  return e * H * D + kWide * H;
}

// model/decoder_layer.cpp: norm_project keeps x; attention q, k (both turned), v, y and a logarithm a head; the last matrix takes y.
double attention_kept(const Layer& layer, double e) {
  const DecoderConfig& sizes = *layer.decoder;
  const auto H = static_cast<double>(sizes.num_attention_heads), G = static_cast<double>(sizes.num_key_value_heads);
  const auto D = static_cast<double>(sizes.head_dim);
  return e * (static_cast<double>(layer.width) + H * D + 2 * G * D) + attended(layer, e);
}

// norm_project keeps x, swiglu_project g and u.
double swiglu_kept(const Layer& layer, double e) { return e * static_cast<double>(layer.width + 2 * layer.inner); }

// Bytes a channel that the WKV operator keeps besides its inputs. The kernel of the CPU: a state [N, N] a head every 16 tokens. In chunks of
// 32 tokens (wkv7_chunked): four exponentials, the four inputs times them, U, four matrices [32, 32] and two states a chunk.
double wkv_kept(const TimeMixOptions& mix, bool on_gpu) {
  const auto N = static_cast<double>(mix.head_size);
  return kWide * (on_gpu ? 9 + 4 * 32 / N + 2 * N / 32 : N / kWkvKeep);
}

// model/time_mix.cpp line by line, with n the normed input. What meets a matrix is kept as its input; of a product both factors; of tanh,
// σ and exp the result.
double time_mix_kept(const Layer& layer, double e, bool on_gpu) {
  const TimeMixOptions& mix = *layer.mix;
  const bool gated = mix.gate != TimeMixOptions::Gate::none, low = mix.gate == TimeMixOptions::Gate::low_rank, residual = !layer.first;
  double narrow = mix.token_shift ? 6 + (gated ? 1 : 0) : 1;     // d, x^r … x^g; or n itself
  narrow += 1 + (residual ? 2 : 0);                              // a; v_first - v and σ(v_residual)
  narrow += mix.balance_state ? 2 : 3;                           // p.k and what divides it, κ̂; k ∘ k_k beside it
  narrow += mix.balance_state ? 0 : 2;                           // a - 1, 1 + (a - 1) k_a
  narrow += (mix.group_norm ? 1 : 0) + (gated ? 2 : 0) + 1;      // y; (…) and g; what the last matrix takes
  if (mix.bonus) narrow += 1;                                    // r ∘ k
  double wide = 2 + 5 + (mix.balance_state ? 1 : 0);             // σ(w), w; r, k, v, -κ̂, κ̂ ∘ a as the operator takes them; 1 - w + a
  if (e < kWide && mix.bonus) narrow += 3;                       // r, k, v again in the activations' dtype
  const auto C = static_cast<double>(layer.width), heads = static_cast<double>(mix.heads());
  const auto ranks = static_cast<double>(mix.decay_rank + mix.a_rank + (low ? mix.gate_rank : 0) + (residual ? mix.v_rank : 0));
  return e * (narrow * C + ranks + 5 * heads) + (kWide * wide + wkv_kept(mix, on_gpu)) * C;  // 5: norms, sums and statistics of a head
}

// model/rwkv7.cpp: a norm's input, d, x^k; relu and its square.
double channel_mix_kept(const Layer& layer, double e) { return e * static_cast<double>(3 * layer.width + 2 * layer.inner); }

LayerBytes bytes_of(const Layer& layer, double e, bool on_gpu) {
  const auto C = static_cast<double>(layer.width), F = static_cast<double>(layer.inner);
  LayerBytes bytes;
  bytes.input = e * C;
  bytes.kept = layer.mix == nullptr ? attention_kept(layer, e) : e * C + time_mix_kept(layer, e, on_gpu);  // its norm keeps x
  bytes.kept += layer.decoder != nullptr ? swiglu_kept(layer, e) : channel_mix_kept(layer, e);
  // The MLP's backward pass is the first of a layer, when all is still kept: dh, dg, du, h, and silu(g) where no kernel has it in one pass
  // (ops/swiglu.cpp); d of the square, of relu, and 2 relu between them. Beside it d of the residual stream, and of the branch.
  bytes.working = e * ((layer.decoder == nullptr ? 3 : on_gpu ? 5 : 4) * F + 2 * C);
  if (layer.mix == nullptr && layer.window > 0) {
    bytes.halo = 2 * e * static_cast<double>(layer.decoder->num_key_value_heads * layer.decoder->head_dim * (layer.window - 1));
  }
  return bytes;
}

}  // namespace

Counts count_parameters(const Model& model, const std::optional<LoraConfig>& lora) {
  const Weighed weights = weigh(model);
  Counts counts;
  counts.tied = model.tied();
  counts.body = static_cast<int64_t>(weights.body);
  int64_t all = 0;
  for (const Parameter& parameter : model.parameters()) {
    all += parameter.value.numel();
    if (!lora) continue;
    const auto meets = [&](const std::string& target) { return parameter.name.find(target) != std::string::npos; };
    if (parameter.value.dim() != 2 || std::none_of(lora->targets.begin(), lora->targets.end(), meets)) continue;
    counts.adapted += parameter.value.numel();
    counts.trained += lora->rank * (parameter.value.size(0) + parameter.value.size(1));
  }
  counts.head = counts.tied ? 0 : static_cast<int64_t>(weights.head);
  counts.embedding = all - counts.body - counts.head;
  if (!lora) counts.adapted = counts.trained = all;
  return counts;
}

double Text::tokens() const {
  double tokens = 0;
  for (const Documents& alike : documents) tokens += alike.count * alike.length;
  return tokens;
}

Text text_of(const std::vector<Batch>& packs) {
  Text text;
  double targets = 0;
  for (const Batch& pack : packs) {
    for (size_t n = 0; n + 1 < pack.cu_seqlens.size(); ++n) {
      text.documents.push_back({1, static_cast<double>(pack.cu_seqlens[n + 1] - pack.cu_seqlens[n])});
    }
    targets += static_cast<double>(pack.num_targets);
  }
  text.target_share = text.documents.empty() ? 0 : targets / text.tokens();
  return text;
}

double mean_keys(double length, int64_t window) {
  const auto W = static_cast<double>(window);
  if (window == 0 || W >= length) return (length + 1) / 2;
  return (W * (W + 1) / 2 + (length - W) * W) / length;  // the first W tokens see 1, 2, ... W
}

namespace {

double keys_of(const Text& text, int64_t window) {
  double keys = 0;
  for (const Text::Documents& alike : text.documents) keys += alike.count * alike.length * mean_keys(alike.length, window);
  return keys / text.tokens();
}

// Numbers of the matrices behind a layer's attention or last token shift: the output's and the MLP's; RWKV-7's channel-mix.
double after_last_look(const Layer& layer) {
  const double mlp = (layer.decoder != nullptr ? 3.0 : 2.0) * static_cast<double>(layer.width * layer.inner);
  const bool attends = layer.mix == nullptr;
  return mlp + (attends ? static_cast<double>(layer.width * layer.decoder->num_attention_heads * layer.decoder->head_dim) : 0);
}

}  // namespace

TokenFlops token_flops(const Model& model, const Counts& counts, const Text& text, const Pass& pass) {
  const Anatomy anatomy(model);
  const auto body = static_cast<double>(counts.body);
  const auto adapted = std::min(body, static_cast<double>(counts.adapted));  // gradients of weights are a forward pass's work for these alone
  TokenFlops flops;
  // Of the last layer, what follows its last look at other tokens is computed at targets alone.
  const double rest = (1 - text.target_share) * after_last_look(anatomy.layers.back());
  flops.matrices = (4 + 2 * adapted / body) * (body - rest);
  flops.head = (counts.trained < counts.all() ? 4 : 6) * static_cast<double>(counts.predicting()) * text.target_share;
  for (size_t l = 0; l < anatomy.layers.size(); ++l) {
    const Layer& layer = anatomy.layers[l];
    const double attention = layer.mix == nullptr ? keys_of(text, layer.window) * key_flops(layer) : 0;
    flops.attention += 3 * attention;
    flops.state += 3 * state_flops(layer);
    if (static_cast<int64_t>(l) >= pass.recomputed) continue;
    if (l + 1 == anatomy.layers.size()) flops.recompute -= 2 * rest;
    flops.recompute += 2 * body / static_cast<double>(anatomy.layers.size()) + (pass.holds_attention ? 0 : attention) + state_flops(layer);
  }
  return flops;
}

Activations::Activations(const Model& model, at::ScalarType dtype, bool on_gpu, bool holds_attention) {
  const Anatomy anatomy(model);
  const auto e = static_cast<double>(c10::elementSize(dtype)), C = static_cast<double>(anatomy.layers.front().width);
  for (const Layer& layer : anatomy.layers) {
    layers.push_back(bytes_of(layer, e, on_gpu));
    if (holds_attention && layer.mix == nullptr) layers.back().input += attended(layer, e);
  }
  around = e * C + 16;  // what the last norm takes; ids and positions
  if (const DecoderConfig* sizes = anatomy.layers.front().decoder) around += e * static_cast<double>(sizes->head_dim);  // cos and sin, for all layers
  else around += e * C;  // what the first norm takes
  if (anatomy.layers.front().mix != nullptr) shared = e * C;
}

double Activations::bytes(int64_t tokens, int64_t recomputed, bool split) const {
  const auto again = static_cast<size_t>(recomputed);
  double kept = around + (recomputed > 1 ? shared : 0), halo = 0, largest = 0, largest_halo = 0;
  for (size_t l = 0; l < layers.size(); ++l) {
    const LayerBytes& layer = layers[l];
    if (l >= again) {
      kept += layer.kept;
      halo += layer.halo;
      continue;
    }
    kept += layer.input;
    largest = std::max(largest, layer.kept - layer.input);
    largest_halo = std::max(largest_halo, layer.halo);
  }
  // While a layer is computed again those after it are done with: it adds to the most only where it is larger than all of them.
  double after = 0, after_halo = 0;
  for (size_t l = again; l < layers.size(); ++l) {
    after += layers[l].kept;
    after_halo += layers[l].halo;
  }
  return static_cast<double>(tokens) * (kept + std::max(0.0, largest - after)) + (split ? halo + std::max(0.0, largest_halo - after_halo) : 0);
}

double Activations::working(int64_t tokens) const {
  double most = 0;
  for (const LayerBytes& layer : layers) most = std::max(most, layer.working);
  return static_cast<double>(tokens) * most;
}

}  // namespace smooth
