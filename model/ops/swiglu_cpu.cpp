// Compiled for each kind of processor, as ops/wkv7_cpu.cpp.
#include "model/ops/swiglu_cpu.h"

#include <algorithm>

#include "model/ops/vectors.h"

namespace smooth {
namespace {

// kLanes numbers from `from`; of the last, fewer, the rest are zeros.
template <class Number>
INLINE Lanes take(const Number* from, int64_t count) {
  float x[kLanes] = {};
  for (int64_t i = 0; i < (count < kLanes ? count : kLanes); ++i) x[i] = widened(from[i]);
  return load<Lanes>(x);
}

template <class Number>
INLINE void put(const Lanes& lanes, Number* to, int64_t count) {
  float x[kLanes];
  store(x, lanes);
  for (int64_t i = 0; i < (count < kLanes ? count : kLanes); ++i) narrow(x[i], to[i]);
}

template <class Number>
INLINE Lanes rounded(const Lanes& lanes) {
  Number x[kLanes];
  put(lanes, x, kLanes);
  return take(x, kLanes);
}

template <class Number>
INLINE void swiglu_any(const Number* g, const Number* u, int64_t begin, int64_t end, Number* h) {
  for (int64_t i = begin; i < end; i += kLanes) {
    const Lanes gate = take(g + i, end - i);
    put(rounded<Number>(gate * sigmoid(gate)) * take(u + i, end - i), h + i, end - i);
  }
}

template <class Number>
INLINE void swiglu_backward_any(const Number* dh, const Number* g, const Number* u, int64_t begin, int64_t end, Number* dg, Number* du, Number* h) {
  for (int64_t i = begin; i < end; i += kLanes) {
    const int64_t count = end - i;
    const Lanes d = take(dh + i, count), gate = take(g + i, count), up = take(u + i, count), share = sigmoid(gate);
    const Lanes silu = rounded<Number>(gate * share);
    put(silu * up, h + i, count);
    put(d * silu, du + i, count);
    put(d * up * share * (1.0F + gate * (1.0F - share)), dg + i, count);
  }
}

// The kernels as compiled for one kind of processor.
template <class Number>
struct Kernels {
  void (*forward)(const Number*, const Number*, int64_t, int64_t, Number*);
  void (*backward)(const Number*, const Number*, const Number*, int64_t, int64_t, Number*, Number*, Number*);
};

#define DEFINE(kind, attributes)                                                                                                     \
  template <class Number>                                                                                                           \
  attributes void forward_##kind(const Number* g, const Number* u, int64_t begin, int64_t end, Number* h) {                           \
    swiglu_any(g, u, begin, end, h);                                                                                                \
  }                                                                                                                                 \
  template <class Number>                                                                                                           \
  attributes void backward_##kind(const Number* dh, const Number* g, const Number* u, int64_t begin, int64_t end, Number* dg,         \
                                  Number* du, Number* h) {                                                                          \
    swiglu_backward_any(dh, g, u, begin, end, dg, du, h);                                                                           \
  }

DEFINE(plain, )
#if defined(__x86_64__)
DEFINE(avx2, AVX2)
DEFINE(avx512, AVX512)
#endif

template <class Number>
Kernels<Number> kernels_here() {
#if defined(__x86_64__)
  if (vectors_here() >= Vectors::avx512) return {forward_avx512<Number>, backward_avx512<Number>};
  if (vectors_here() >= Vectors::avx2) return {forward_avx2<Number>, backward_avx2<Number>};
#endif
  return {forward_plain<Number>, backward_plain<Number>};
}

const Kernels<float> fp32 = kernels_here<float>();
const Kernels<uint16_t> bf16 = kernels_here<uint16_t>();

}  // namespace

void swiglu_numbers(const float* g, const float* u, int64_t begin, int64_t end, float* h) { fp32.forward(g, u, begin, end, h); }
void swiglu_numbers(const uint16_t* g, const uint16_t* u, int64_t begin, int64_t end, uint16_t* h) { bf16.forward(g, u, begin, end, h); }

void swiglu_backward_numbers(const float* dh, const float* g, const float* u, int64_t begin, int64_t end, float* dg, float* du, float* h) {
  fp32.backward(dh, g, u, begin, end, dg, du, h);
}
void swiglu_backward_numbers(const uint16_t* dh, const uint16_t* g, const uint16_t* u, int64_t begin, int64_t end, uint16_t* dg, uint16_t* du, uint16_t* h) {
  bf16.backward(dh, g, u, begin, end, dg, du, h);
}

}  // namespace smooth
