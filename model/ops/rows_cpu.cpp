// Compiled for each kind of processor, as ops/wkv7_cpu.cpp.
#include "model/ops/rows_cpu.h"

#include <cmath>

#include "model/ops/vectors.h"

namespace smooth {
namespace {

template <class Number>
INLINE float rounded(float x) {
  Number out;
  narrow(x, out);
  return widened(out);
}

template <class Number>
INLINE float times(Number a, Number b) { return rounded<Number>(widened(a) * widened(b)); }

template <class Number>
INLINE float mean_square(const Number* x, int64_t width) {
  float sums[kLanes] = {};
  int64_t c = 0;
  for (; c + kLanes <= width; c += kLanes) {
    for (int64_t i = 0; i < kLanes; ++i) sums[i] += widened(x[c + i]) * widened(x[c + i]);
  }
  float total = 0;
  for (; c < width; ++c) total += widened(x[c]) * widened(x[c]);
  for (const float sum : sums) total += sum;
  return total / static_cast<float>(width);
}

template <class Number>
INLINE void rms_norm_any(const Number* x, const Number* weight, float eps, int64_t width, int64_t begin, int64_t end, Number* y) {
  for (int64_t t = begin; t < end; ++t) {
    const Number* from = x + t * width;
    Number* to = y + t * width;
    const float scale = 1 / std::sqrt(mean_square(from, width) + eps);
    for (int64_t c = 0; c < width; ++c) narrow(rounded<Number>(widened(from[c]) * scale) * widened(weight[c]), to[c]);
  }
}

// Σ a ∘ b ∘ c
template <class Number>
INLINE float sum_of_products(const Number* a, const Number* b, const Number* c, int64_t width) {
  float sums[kLanes] = {}, total = 0;
  int64_t i = 0;
  for (; i + kLanes <= width; i += kLanes) {
    for (int64_t j = 0; j < kLanes; ++j) sums[j] += widened(a[i + j]) * widened(b[i + j]) * widened(c[i + j]);
  }
  for (; i < width; ++i) total += widened(a[i]) * widened(b[i]) * widened(c[i]);
  for (const float sum : sums) total += sum;
  return total;
}

template <class Number>
INLINE void rms_norm_backward_any(const Number* dy, const Number* x, const Number* weight, float eps, int64_t width, int64_t begin, int64_t end, Number* dx,
                                  float* dweight) {
  for (int64_t c = 0; c < width; ++c) dweight[c] = 0;
  for (int64_t t = begin; t < end; ++t) {
    const Number *from = x + t * width, *d = dy + t * width;
    Number* to = dx + t * width;
    const float scale = 1 / std::sqrt(mean_square(from, width) + eps);
    const float along = sum_of_products(d, weight, from, width) * scale * scale / static_cast<float>(width);
    for (int64_t c = 0; c < width; ++c) {
      narrow(scale * (widened(d[c]) * widened(weight[c]) - widened(from[c]) * along), to[c]);
      dweight[c] += widened(d[c]) * widened(from[c]) * scale;
    }
  }
}

template <class Number>
INLINE void rotate_any(const Number* x, const Number* cos, const Number* sin, int64_t heads, int64_t pairs, int64_t begin, int64_t end, Number* y) {
  for (int64_t t = begin; t < end; ++t) {
    const Number *c = cos + t * pairs, *s = sin + t * pairs;
    for (int64_t h = t * heads; h < (t + 1) * heads; ++h) {
      const Number *first = x + h * 2 * pairs, *second = first + pairs;
      Number* to = y + h * 2 * pairs;
      for (int64_t i = 0; i < pairs; ++i) narrow(times(first[i], c[i]) - times(second[i], s[i]), to[i]);
      for (int64_t i = 0; i < pairs; ++i) narrow(times(second[i], c[i]) + times(first[i], s[i]), to[pairs + i]);
    }
  }
}

template <class Number>
INLINE void mix_any(const Number* x, const Number* before, const Number* const* shares, int64_t count, int64_t width, Number* const* to) {
  for (int64_t n = 0; n < count; ++n) {
    const Number* share = shares[n];
    Number* out = to[n];
    for (int64_t c = 0; c < width; ++c) narrow(widened(x[c]) + rounded<Number>(widened(before[c]) - widened(x[c])) * widened(share[c]), out[c]);
  }
}

// The kernels as compiled for one kind of processor.
template <class Number>
struct Rows {
  void (*rms_norm)(const Number*, const Number*, float, int64_t, int64_t, int64_t, Number*);
  void (*rms_norm_backward)(const Number*, const Number*, const Number*, float, int64_t, int64_t, int64_t, Number*, float*);
  void (*rotate)(const Number*, const Number*, const Number*, int64_t, int64_t, int64_t, int64_t, Number*);
  void (*mix)(const Number*, const Number*, const Number* const*, int64_t, int64_t, Number* const*);
};

#define DEFINE(kind, attributes)                                                                                                        \
  template <class Number>                                                                                                              \
  attributes void rms_norm_##kind(const Number* x, const Number* weight, float eps, int64_t width, int64_t begin, int64_t end, Number* y) { \
    rms_norm_any(x, weight, eps, width, begin, end, y);                                                                                \
  }                                                                                                                                    \
  template <class Number>                                                                                                              \
  attributes void rms_norm_backward_##kind(const Number* dy, const Number* x, const Number* weight, float eps, int64_t width, int64_t begin, \
                                           int64_t end, Number* dx, float* dweight) {                                                   \
    rms_norm_backward_any(dy, x, weight, eps, width, begin, end, dx, dweight);                                                          \
  }                                                                                                                                    \
  template <class Number>                                                                                                              \
  attributes void rotate_##kind(const Number* x, const Number* cos, const Number* sin, int64_t heads, int64_t pairs, int64_t begin,    \
                                int64_t end, Number* y) {                                                                              \
    rotate_any(x, cos, sin, heads, pairs, begin, end, y);                                                                              \
  }                                                                                                                                    \
  template <class Number>                                                                                                              \
  attributes void mix_##kind(const Number* x, const Number* before, const Number* const* shares, int64_t count, int64_t width,         \
                             Number* const* to) {                                                                                      \
    mix_any(x, before, shares, count, width, to);                                                                                      \
  }

DEFINE(plain, )
#if defined(__x86_64__)
DEFINE(avx2, AVX2)
DEFINE(avx512, AVX512)
#endif

template <class Number>
Rows<Number> rows_here() {
#if defined(__x86_64__)
  if (vectors_here() >= Vectors::avx512) return {rms_norm_avx512<Number>, rms_norm_backward_avx512<Number>, rotate_avx512<Number>, mix_avx512<Number>};
  if (vectors_here() >= Vectors::avx2) return {rms_norm_avx2<Number>, rms_norm_backward_avx2<Number>, rotate_avx2<Number>, mix_avx2<Number>};
#endif
  return {rms_norm_plain<Number>, rms_norm_backward_plain<Number>, rotate_plain<Number>, mix_plain<Number>};
}

const Rows<float> fp32 = rows_here<float>();
const Rows<uint16_t> bf16 = rows_here<uint16_t>();

}  // namespace

void rms_norm_rows(const float* x, const float* weight, float eps, int64_t width, int64_t begin, int64_t end, float* y) {
  fp32.rms_norm(x, weight, eps, width, begin, end, y);
}
void rms_norm_rows(const uint16_t* x, const uint16_t* weight, float eps, int64_t width, int64_t begin, int64_t end, uint16_t* y) {
  bf16.rms_norm(x, weight, eps, width, begin, end, y);
}

void rms_norm_backward_rows(const float* dy, const float* x, const float* weight, float eps, int64_t width, int64_t begin, int64_t end, float* dx, float* dweight) {
  fp32.rms_norm_backward(dy, x, weight, eps, width, begin, end, dx, dweight);
}
void rms_norm_backward_rows(const uint16_t* dy, const uint16_t* x, const uint16_t* weight, float eps, int64_t width, int64_t begin, int64_t end, uint16_t* dx, float* dweight) {
  bf16.rms_norm_backward(dy, x, weight, eps, width, begin, end, dx, dweight);
}

void rotate_rows(const float* x, const float* cos, const float* sin, int64_t heads, int64_t pairs, int64_t begin, int64_t end, float* y) {
  fp32.rotate(x, cos, sin, heads, pairs, begin, end, y);
}
void rotate_rows(const uint16_t* x, const uint16_t* cos, const uint16_t* sin, int64_t heads, int64_t pairs, int64_t begin, int64_t end, uint16_t* y) {
  bf16.rotate(x, cos, sin, heads, pairs, begin, end, y);
}

void mix_row(const float* x, const float* before, const float* const* shares, int64_t count, int64_t width, float* const* to) {
  fp32.mix(x, before, shares, count, width, to);
}
void mix_row(const uint16_t* x, const uint16_t* before, const uint16_t* const* shares, int64_t count, int64_t width, uint16_t* const* to) {
  bf16.mix(x, before, shares, count, width, to);
}

}  // namespace smooth
