#include "model/ops/project.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "model/ops/cpu.h"
#include "model/ops/project_cpu.h"

namespace smooth {
namespace {

constexpr int64_t kWeightsATask = 1 << 15;  // fewer are not worth another thread

bool is_decoding(const Product& product) {
  return product.x.dim() == 2 && product.x.size(0) <= kFewRows && kernels_take({product.x, product.weight}) &&
         (!product.bias.defined() || kernels_take({product.x, product.bias}));
}

// Outputs [begin, end) of a product into y, by the kernel.
void compute(const Product& product, const at::Tensor& y, int64_t begin, int64_t end) {
  const auto& [x, weight, bias] = product;
  with_numbers_of(x, [&]<class Number>(Number) {
    few_rows(FewRows<Number>{.x = numbers<Number>(x), .w = numbers<Number>(weight), .bias = bias.defined() ? numbers<Number>(bias) : nullptr,
                             .y = numbers<Number>(y), .rows = x.size(0), .width = x.size(1), .out = y.size(1)}, begin, end);
  });
}

at::Tensor by_libtorch(const Product& product) {
  return product.bias.defined() ? at::linear(product.x, product.weight, product.bias) : at::linear(product.x, product.weight);
}

}  // namespace

std::vector<at::Tensor> project_all(const std::vector<Product>& products) {
  std::vector<at::Tensor> results;
  std::vector<size_t> parts;
  int64_t weights = 0;
  for (const Product& product : products) {
    if (is_decoding(product)) {
      parts.push_back(results.size());
      weights += product.weight.numel();
      results.push_back(at::empty({product.x.size(0), product.weight.size(0)}, product.x.options()));  // [N, out]
    } else {
      results.push_back(by_libtorch(product));
    }
  }
  if (parts.empty()) return results;
  // Threads share the weights out evenly, along all of the products: the n-th weight of one lies in its output n / width.
  at::parallel_for(0, weights, kWeightsATask, [&](int64_t begin, int64_t end) {
    for (const size_t part : parts) {
      const int64_t count = products[part].weight.numel(), width = products[part].weight.size(1);
      const auto output_at = [&](int64_t n) { return (std::clamp<int64_t>(n, 0, count) + width - 1) / width; };
      compute(products[part], results[part], output_at(begin), output_at(end));
      begin -= count;
      end -= count;
    }
  });
  return results;
}

at::Tensor project(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const Product product{x, weight, bias};
  return is_decoding(product) ? project_all({product})[0] : by_libtorch(product);
}

}  // namespace smooth
