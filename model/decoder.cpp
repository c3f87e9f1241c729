#include "model/decoder.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "configs/run.h"
#include "model/ops/packed_attention.h"
#include "model/ops/recompute.h"
#include "model/ops/ring_attention.h"
#include "model/ops/rms_norm.h"
#include "model/ops/rope.h"

namespace smooth {

Decoder::Decoder(DecoderConfig config, at::TensorOptions options) : config_(std::move(config)) {
  config_.validate();
  const int64_t width = config_.hidden_size;
  embed_tokens_ = at::empty({config_.vocab_size, width}, options);
  norm_ = at::empty({width}, options);
  lm_head_ = config_.tie_word_embeddings ? embed_tokens_ : at::empty({config_.vocab_size, width}, options);
  for (int64_t l = 0; l < config_.num_hidden_layers; ++l) layers_.push_back(make_decoder_layer(config_, true, options));
}

void Decoder::initialise(uint64_t seed, double deviation) {
  at::NoGradGuard no_grad;
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  for (const Parameter& parameter : parameters()) {
    const at::Tensor& x = parameter.value;
    if (x.dim() == 1) {
      x.fill_(parameter.name.ends_with("norm.weight") ? 1 : 0);
    } else {
      const double spread = deviation > 0 ? deviation : 1.0 / std::sqrt(static_cast<double>(x.size(1)));
      x.copy_(at::randn(x.sizes(), generator, at::TensorOptions(at::kFloat)) * spread);
    }
  }
}

// The layers over T tokens, whoever attends: x [T, C] -> [T, C], or [N, C] of pass.rows.
at::Tensor Decoder::layers(at::Tensor x, const at::Tensor& positions, const Attend& attend, const Pass& pass) const {
  const Rotation turn = rotation(positions, config_.head_dim, config_.rope_theta, config_.yarn, embed_tokens_.scalar_type());
  for (int64_t l = 0; l < config_.num_hidden_layers; ++l) {
    // After the last attention no token needs another.
    const at::Tensor rows = l + 1 == config_.num_hidden_layers ? pass.rows : at::Tensor();
    const auto block = [this, turn, attend, l, rows](const std::vector<at::Tensor>& in) {
      const DecoderLayer& layer = layers_[l];
      const at::Tensor middle = rows_of(in[0], rows) + attention(layer, config_, in[0], turn, attend, l, rows);
      return std::vector<at::Tensor>{middle + mlp(layer, config_, middle)};
    };
    x = l < pass.recomputed ? recomputed(block, {x}, pass.holds_attention)[0] : block({x})[0];
  }
  return rms_norm(x, norm_, config_.rms_norm_eps);
}

at::Tensor Decoder::forward(const Batch& batch, const Pass& pass) const {
  const auto packing = std::make_shared<Packing>(batch, embed_tokens_.options(), pass.halo);
  const at::Tensor x = embedded(embed_tokens_, batch.ids);  // [T, C]
  const Attend attend = [this, packing](const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t layer) {
    return packing->attend(q, k, v, config_.windows[layer]);
  };
  return layers(x, packing->positions(), attend, pass);
}

at::Tensor Decoder::step(const Step& step, State& memory) const {
  at::NoGradGuard no_grad;
  const at::AutoDispatchBelowADInplaceOrView below_autograd;  // each operation costs less
  auto& state = dynamic_cast<KvState&>(memory);
  RingPlan plan(step, state, embed_tokens_.options());
  const at::Tensor x = embedded(embed_tokens_, step.ids);  // [S, C]
  const at::Tensor hidden = layers(x, plan.positions(), [&](const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t layer) {
    return plan.attend(q, k, v, layer, state);
  }, {});
  plan.finish(state);
  return hidden;
}

std::unique_ptr<State> Decoder::new_state(int64_t rows) const {
  return std::make_unique<KvState>(rows, config_.windows, config_.num_key_value_heads, config_.head_dim, embed_tokens_.options().requires_grad(false));
}

std::vector<Parameter> Decoder::parameters() const {
  std::vector<Parameter> all = {{"model.embed_tokens.weight", embed_tokens_}};
  for (size_t l = 0; l < layers_.size(); ++l) add_parameters(layers_[l], "model.layers." + std::to_string(l) + ".", all);
  all.push_back({"model.norm.weight", norm_});
  if (!config_.tie_word_embeddings) all.push_back({"lm_head.weight", lm_head_});
  return all;
}

std::string Decoder::config_json() const {
  return decoder_config_json(config_, embed_tokens_.scalar_type() == at::kBFloat16 ? "bfloat16" : "float32");
}

int64_t Decoder::window() const { return *std::max_element(config_.windows.begin(), config_.windows.end()); }

bool Decoder::reaches_all() const { return std::count(config_.windows.begin(), config_.windows.end(), 0) > 0; }

std::string Decoder::architecture() const {
  const int64_t dense = std::count(config_.windows.begin(), config_.windows.end(), 0);
  if (dense == config_.num_hidden_layers) return "dense";
  return (dense > 0 ? "hybrid-" : "SWA-") + std::to_string(window());
}

}  // namespace smooth
