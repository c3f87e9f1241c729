#include "model/ops/project.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "model/ops/project_cpu.h"

namespace smooth {
namespace {

constexpr int64_t kWeightsATask = 1 << 15;  // fewer are not worth another thread

bool is_decoding(const at::Tensor& x, const at::Tensor& weight) {
  const bool known = weight.scalar_type() == at::kFloat || weight.scalar_type() == at::kBFloat16;
  return known && weight.is_cpu() && x.dim() == 2 && x.size(0) <= kFewRows && x.scalar_type() == weight.scalar_type() && weight.is_contiguous() &&
         !(at::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad()));
}

}  // namespace

at::Tensor project(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  if (!is_decoding(x, weight)) return bias.defined() ? at::linear(x, weight, bias) : at::linear(x, weight);
  const int64_t rows = x.size(0), width = weight.size(1), out = weight.size(0);
  const at::Tensor wide = x.to(at::kFloat).contiguous();
  at::Tensor y = at::empty({rows, out}, wide.options());
  const float* from = wide.const_data_ptr<float>();
  float* to = y.data_ptr<float>();
  at::parallel_for(0, out, std::max<int64_t>(1, kWeightsATask / width), [&](int64_t begin, int64_t end) {
    if (weight.scalar_type() == at::kFloat) {
      few_rows(from, rows, width, weight.const_data_ptr<float>(), begin, end, to, out);
    } else {
      few_rows(from, rows, width, reinterpret_cast<const uint16_t*>(weight.const_data_ptr<at::BFloat16>()), begin, end, to, out);
    }
  });
  if (bias.defined()) y += bias;  // in fp32, as a matrix product with bias rounds once
  return y.to(x.scalar_type());
}

}  // namespace smooth
