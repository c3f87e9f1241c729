// RMSNorm and the matrices that its output meets. The output is not kept for the backward pass but made again of x, which the residual
// stream keeps anyway.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace smooth {

struct Map {
  at::Tensor weight, bias;  // [out, C], [out] or undefined
};

// n = rms_norm(x); n Wᵀ + b for each map: x [T, C], norm [C] -> [T, out] each. Differentiable; the twin is naive_norm_project in
// model/naive.h.
std::vector<at::Tensor> norm_project(const at::Tensor& x, const at::Tensor& norm, double eps, const std::vector<Map>& maps);

}  // namespace smooth
