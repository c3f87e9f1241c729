// What the model's tests share: closeness with a name, random tensors, fixtures, a small decoder.
#pragma once

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <string>

#include "model/decoder.h"

namespace smooth {

// Largest difference over the largest magnitude of the reference (of values around 1, so exact zeros have room for
// rounding); NaN fails.
inline void check_close(const std::string& name, const at::Tensor& reference, const at::Tensor& got, double ratio) {
  INFO(name << ": reference " << reference.sizes() << ", got " << got.sizes());
  REQUIRE(reference.sizes() == got.sizes());
  const double scale = reference.abs().max().to(at::kDouble).item<double>() + 1e-3;
  const double difference = (reference.to(at::kDouble) - got.to(at::kDouble)).abs().max().item<double>();
  INFO("largest difference " << difference << " of " << scale);
  CHECK(difference <= ratio * scale);
}

inline at::Tensor random_tensor(at::IntArrayRef shape, at::ScalarType dtype = at::kDouble) {
  return at::randn(shape, at::TensorOptions().dtype(dtype));
}

// The fixtures' folder, or "" after saying that the test is skipped.
inline std::string fixtures() {
  const char* folder = std::getenv("SMOOTH_FIXTURES");
  if (folder == nullptr) std::cout << "SKIPPED: SMOOTH_FIXTURES names no folder of reference data\n";
  return folder == nullptr ? "" : folder;
}

// The loss sum, and its gradients in every parameter's .grad(), the head's included.
inline at::Tensor backward(const Model& model, const Batch& batch, const Pass& pass = {}) {
  const at::Tensor& head = model.head();
  if (!head.grad().defined()) head.mutable_grad() = at::zeros_like(head.detach());
  return add_gradients(model, batch, head.grad(), pass);
}

inline DecoderConfig small_config(int64_t window) {
  DecoderConfig config{.vocab_size = 50, .hidden_size = 32, .num_hidden_layers = 3, .num_attention_heads = 4, .num_key_value_heads = 2,
                       .head_dim = 8, .intermediate_size = 48, .rope_theta = 1e4};
  config.windows.assign(3, window);
  return config;
}

// All of it one document, nothing to predict.
inline Batch one_document(const at::Tensor& ids) {
  Batch batch;
  batch.ids.assign(ids.const_data_ptr<int64_t>(), ids.const_data_ptr<int64_t>() + ids.numel());
  batch.targets.assign(batch.ids.size(), -1);
  batch.cu_seqlens = {0, static_cast<int32_t>(ids.numel())};
  return batch;
}

inline Batch packed(const std::vector<int64_t>& lengths, int64_t vocab, uint64_t seed) {
  at::manual_seed(seed);
  Batch batch;
  for (const int64_t length : lengths) {
    Example example;
    const at::Tensor ids = at::randint(vocab, {length}, at::kLong), target = at::randint(2, {length}, at::kLong);
    for (int64_t t = 0; t < length; ++t) {
      example.ids.push_back(ids[t].item<int64_t>());
      example.target.push_back(static_cast<uint8_t>(target[t].item<int64_t>()));
    }
    batch.add(example);
  }
  return batch;
}

// Logits of each document of a batch, read as rows of one state by pieces of up to `most` tokens, in changing company and order.
inline std::vector<at::Tensor> logits_by_pieces(const Model& model, const Batch& batch, int64_t most) {
  const int64_t rows = std::ssize(batch.cu_seqlens) - 1;
  const auto state = model.new_state(rows);
  std::vector<std::vector<at::Tensor>> pieces(rows);
  for (int64_t fed = 0; fed < batch.num_tokens();) {
    Step step;
    for (int64_t n = 0; n < rows; ++n) {
      const int64_t row = (n + rows - 1) % rows, from = batch.cu_seqlens[row] + state->seen(row), left = batch.cu_seqlens[row + 1] - from;
      const int64_t length = std::min<int64_t>(left, at::randint(most + 1, {1}, at::kLong).item<int64_t>());
      if (length == 0) continue;
      step.ids.insert(step.ids.end(), batch.ids.begin() + from, batch.ids.begin() + from + length);
      step.rows.push_back(row);
      step.lengths.push_back(length);
    }
    if (step.rows.empty()) continue;
    fed += step.num_tokens();
    const at::Tensor logits = model.logits(model.step(step, *state));
    for (size_t n = 0, at = 0; n < step.rows.size(); at += step.lengths[n++]) pieces[step.rows[n]].push_back(logits.narrow(0, at, step.lengths[n]));
  }
  std::vector<at::Tensor> whole;
  for (const auto& one : pieces) whole.push_back(at::cat(one));
  return whole;
}

}  // namespace smooth
