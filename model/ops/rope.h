// Rotary position embedding (arXiv:2104.09864), half-split layout (pair i with i + D/2), as in transformers' Qwen2.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "model/ops/yarn.h"

namespace smooth {

struct Rotation {
  at::Tensor cos, sin;  // [T, 1, D/2], in the activations' dtype
};

// Angles position x theta^(-2i/D), in fp64, so that positions far beyond the training length turn exactly.
// With YaRN slow pairs are stretched and both are scaled.
Rotation rotation(const at::Tensor& positions, int64_t head_dim, double theta, const std::optional<Yarn>& yarn, at::ScalarType dtype);

// x [T, H, D] -> [T, H, D]
at::Tensor rotate(const at::Tensor& x, const Rotation& rotation);

}  // namespace smooth
