// Written with the compiler's vectors and compiled for each kind of processor, as ops/wkv7_cpu.cpp.
#include "model/ops/project_cpu.h"

#include <cstring>

#pragma GCC diagnostic ignored "-Wpsabi"  // vectors are arguments of inlined functions only

namespace smooth {
namespace {

constexpr int64_t kLanes = 16, kOutputs = 4;
using Lanes = float __attribute__((vector_size(kLanes * sizeof(float))));
using Halves = uint16_t __attribute__((vector_size(kLanes * sizeof(uint16_t))));
using Words = uint32_t __attribute__((vector_size(kLanes * sizeof(uint32_t))));

#define INLINE inline __attribute__((always_inline))

INLINE void load(const float* x, Lanes& lanes) { std::memcpy(&lanes, x, sizeof lanes); }

// bf16 is the upper half of fp32.
INLINE void load(const uint16_t* x, Lanes& lanes) {
  Halves halves;
  std::memcpy(&halves, x, sizeof halves);
  const Words words = __builtin_convertvector(halves, Words) << 16;
  std::memcpy(&lanes, &words, sizeof lanes);
}

INLINE float value(float x) { return x; }
INLINE float value(uint16_t x) {
  const uint32_t word = static_cast<uint32_t>(x) << 16;
  float out;
  std::memcpy(&out, &word, sizeof out);
  return out;
}

INLINE float sum(const Lanes& lanes) {
  float x[kLanes];
  std::memcpy(x, &lanes, sizeof x);
  for (int64_t half = kLanes / 2; half > 0; half /= 2) {
    for (int64_t i = 0; i < half; ++i) x[i] += x[i + half];
  }
  return x[0];
}

// R neighbouring outputs of N rows. Side by side they hide the latency of adding, and their weights come as R streams; those of the
// next R are asked for meanwhile, since a row of weights is too short for the processor to notice that it goes on.
template <int N, int R, class Weight>
INLINE void some_outputs(const float* x, int64_t width, const Weight* w, float* y, int64_t out) {
  Lanes sums[N][R] = {};
  int64_t c = 0;
  for (; c + kLanes <= width; c += kLanes) {
    Lanes input[N];
    for (int n = 0; n < N; ++n) load(x + n * width + c, input[n]);
    for (int r = 0; r < R; ++r) {
      Lanes weight;
      load(w + r * width + c, weight);
      __builtin_prefetch(w + (r + R) * width + c);
      for (int n = 0; n < N; ++n) sums[n][r] += weight * input[n];
    }
  }
  for (int n = 0; n < N; ++n) {
    for (int r = 0; r < R; ++r) {
      float total = sum(sums[n][r]);
      for (int64_t rest = c; rest < width; ++rest) total += x[n * width + rest] * value(w[r * width + rest]);
      y[n * out + r] = total;
    }
  }
}

template <int N, class Weight>
INLINE void rows_outputs(const float* x, int64_t width, const Weight* w, int64_t begin, int64_t end, float* y, int64_t out) {
  int64_t o = begin;
  for (; o + kOutputs <= end; o += kOutputs) some_outputs<N, kOutputs>(x, width, w + o * width, y + o, out);
  for (; o < end; ++o) some_outputs<N, 1>(x, width, w + o * width, y + o, out);
}

template <class Weight>
INLINE void outputs(const float* x, int64_t rows, int64_t width, const Weight* w, int64_t begin, int64_t end, float* y, int64_t out) {
  switch (rows) {
    case 1: rows_outputs<1>(x, width, w, begin, end, y, out); break;
    case 2: rows_outputs<2>(x, width, w, begin, end, y, out); break;
    case 3: rows_outputs<3>(x, width, w, begin, end, y, out); break;
    default: rows_outputs<4>(x, width, w, begin, end, y, out); break;
  }
}

template <class Weight>
using Outputs = void (*)(const float*, int64_t, int64_t, const Weight*, int64_t, int64_t, float*, int64_t);

#define DEFINE(name, attributes)                                                                                                        \
  template <class Weight>                                                                                                              \
  attributes void name(const float* x, int64_t rows, int64_t width, const Weight* w, int64_t begin, int64_t end, float* y, int64_t out) { \
    outputs(x, rows, width, w, begin, end, y, out);                                                                                    \
  }

DEFINE(outputs_plain, )
#if defined(__x86_64__)
DEFINE(outputs_avx2, __attribute__((target("avx2,fma"))))
DEFINE(outputs_avx512, __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma"))))

template <class Weight>
Outputs<Weight> outputs_here() {
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")) {
    return outputs_avx512<Weight>;
  }
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? outputs_avx2<Weight> : outputs_plain<Weight>;
}
#else
template <class Weight>
Outputs<Weight> outputs_here() { return outputs_plain<Weight>; }
#endif

const Outputs<float> outputs_fp32 = outputs_here<float>();
const Outputs<uint16_t> outputs_bf16 = outputs_here<uint16_t>();

}  // namespace

void few_rows(const float* x, int64_t rows, int64_t width, const float* w, int64_t begin, int64_t end, float* y, int64_t out) {
  outputs_fp32(x, rows, width, w, begin, end, y, out);
}

void few_rows(const float* x, int64_t rows, int64_t width, const uint16_t* w, int64_t begin, int64_t end, float* y, int64_t out) {
  outputs_bf16(x, rows, width, w, begin, end, y, out);
}

}  // namespace smooth
