// RMSNorm (arXiv:1910.07467), rounding where transformers' Qwen2RMSNorm does.
#pragma once

#include <ATen/core/Tensor.h>

namespace smooth {

// Statistics in fp32: x rsqrt(mean(x²) + eps), cast back, times weight. x [T, C], weight [C] -> [T, C].
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);

}  // namespace smooth
