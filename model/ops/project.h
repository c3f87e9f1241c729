// x Wᵀ + b. For few rows on the CPU without gradients (decoding) by a kernel that reads each weight once (project_cpu.h), else
// LibTorch's.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace smooth {

// x [N, in], weight [out, in], bias [out] or undefined -> [N, out]
at::Tensor project(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias = {});

struct Product {
  at::Tensor x, weight, bias;
};
// The same for several at once: while decoding the threads meet once for all of them, not once for each.
std::vector<at::Tensor> project_all(const std::vector<Product>& products);

}  // namespace smooth
