// Written with the compiler's vectors and compiled for each kind of processor, as ops/wkv7_cpu.cpp.
#include "model/ops/project_cpu.h"

#include <cstring>

#pragma GCC diagnostic ignored "-Wpsabi"  // vectors are arguments of inlined functions only

namespace smooth {
namespace {

constexpr int64_t kLanes = 16, kUnroll = 4;
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

// One output of N rows after another, so that the weights come as one stream; four sums side by side hide the latency of adding.
template <int N, class Weight>
INLINE void rows_outputs(const float* x, int64_t width, const Weight* w, int64_t begin, int64_t end, float* y, int64_t out) {
  for (int64_t o = begin; o < end; ++o) {
    const Weight* row = w + o * width;
    Lanes sums[N][kUnroll] = {};
    int64_t c = 0;
    for (; c + kUnroll * kLanes <= width; c += kUnroll * kLanes) {
      for (int64_t i = 0; i < kUnroll; ++i) {
        Lanes weight;
        load(row + c + i * kLanes, weight);
        for (int n = 0; n < N; ++n) {
          Lanes input;
          load(x + n * width + c + i * kLanes, input);
          sums[n][i] += weight * input;
        }
      }
    }
    for (int n = 0; n < N; ++n) {
      float total = sum((sums[n][0] + sums[n][1]) + (sums[n][2] + sums[n][3]));
      for (int64_t rest = c; rest < width; ++rest) total += x[n * width + rest] * value(row[rest]);
      y[n * out + o] = total;
    }
  }
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
