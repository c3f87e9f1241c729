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
  return product.x.dim() == 2 && product.x.size(0) <= kFewRows && kernels_take({product.x, product.weight});
}

// A product by the kernel, and where it writes.
struct FewRows {
  explicit FewRows(const Product& product)
      : x(product.x), weight(product.weight), y(at::empty({x.size(0), weight.size(0)}, x.options().dtype(at::kFloat))) {}
  void compute(int64_t begin, int64_t end) const {
    with_numbers_of(x, [&]<class Number>(Number) {
      few_rows(numbers<Number>(x), x.size(0), x.size(1), numbers<Number>(weight), begin, end, y.data_ptr<float>(), y.size(1));
    });
  }

  at::Tensor x, weight, y;  // [N, in], [out, in], [N, out] fp32
};

at::Tensor by_libtorch(const Product& product) {
  return product.bias.defined() ? at::linear(product.x, product.weight, product.bias) : at::linear(product.x, product.weight);
}

}  // namespace

std::vector<at::Tensor> project_all(const std::vector<Product>& products) {
  std::vector<at::Tensor> results(products.size());
  std::vector<size_t> places;
  std::vector<FewRows> parts;
  int64_t weights = 0;
  for (size_t i = 0; i < products.size(); ++i) {
    if (!is_decoding(products[i])) {
      results[i] = by_libtorch(products[i]);
      continue;
    }
    places.push_back(i);
    parts.emplace_back(products[i]);
    weights += products[i].weight.numel();
  }
  if (parts.empty()) return results;
  // Threads share the weights out evenly, along all of the products: the n-th weight of one lies in its output n / width.
  at::parallel_for(0, weights, kWeightsATask, [&](int64_t begin, int64_t end) {
    for (const FewRows& part : parts) {
      const int64_t count = part.weight.numel(), width = part.weight.size(1);
      const auto output_at = [&](int64_t n) { return (std::clamp<int64_t>(n, 0, count) + width - 1) / width; };
      part.compute(output_at(begin), output_at(end));
      begin -= count;
      end -= count;
    }
  });
  for (size_t n = 0; n < parts.size(); ++n) {
    const Product& product = products[places[n]];
    if (product.bias.defined()) parts[n].y.add_(product.bias);  // in fp32, as a matrix product with bias rounds once
    results[places[n]] = parts[n].y.to(product.x.scalar_type());
  }
  return results;
}

at::Tensor project(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const Product product{x, weight, bias};
  return is_decoding(product) ? project_all({product})[0] : by_libtorch(product);
}

}  // namespace smooth
