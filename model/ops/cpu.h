// From tensors to the kernels in *_cpu.h, which take fp32 and the bits of bf16.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cstdint>
#include <initializer_list>

namespace smooth {

// Whether a kernel may take these: on the CPU, contiguous, all fp32 or all bf16, and no gradient is wanted.
inline bool kernels_take(std::initializer_list<at::Tensor> tensors) {
  const at::ScalarType dtype = tensors.begin()->scalar_type();
  if (dtype != at::kFloat && dtype != at::kBFloat16) return false;
  for (const at::Tensor& x : tensors) {
    if (!x.is_cpu() || !x.is_contiguous() || x.scalar_type() != dtype || (at::GradMode::is_enabled() && x.requires_grad())) return false;
  }
  return true;
}

template <class Number>
Number* numbers(const at::Tensor& x) { return static_cast<Number*>(x.mutable_data_ptr()); }

// Calls visit(0.0f) or visit(uint16_t()), by the dtype.
template <class Visit>
void with_numbers_of(const at::Tensor& x, const Visit& visit) {
  if (x.scalar_type() == at::kFloat) {
    visit(0.0F);
  } else {
    visit(uint16_t{0});
  }
}

constexpr int64_t kRowsATask = 64;  // fewer are not worth another thread

// A tensor like x, whose rows [begin, end) compute(y, begin, end) writes: spread over threads.
template <class Compute>
at::Tensor by_rows(const at::Tensor& x, const Compute& compute) {
  const at::Tensor y = at::empty_like(x);
  with_numbers_of(x, [&]<class Number>(Number) {
    at::parallel_for(0, x.size(0), kRowsATask, [&](int64_t begin, int64_t end) { compute(numbers<Number>(y), begin, end); });
  });
  return y;
}

}  // namespace smooth
