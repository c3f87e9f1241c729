// RMSNorm (arXiv:1910.07467), rounding where transformers' Qwen2RMSNorm does.
#pragma once

#include <ATen/core/Tensor.h>

#include <tuple>

namespace smooth {

// Statistics in fp32: x rsqrt(mean(x²) + eps), cast back, times weight. x [T, C], weight [C] -> [T, C]. Differentiable; the twin is
// naive_rms_norm in model/naive.h.
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);

// dy [T, C] -> dx [T, C], dweight [C]
std::tuple<at::Tensor, at::Tensor> rms_norm_backward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& weight, double eps);

}  // namespace smooth
