// Written with the compiler's vectors and compiled for each kind of processor, as ops/wkv7_cpu.cpp.
#include "model/ops/project_cpu.h"

#include "model/ops/vectors.h"

namespace smooth {
namespace {

constexpr int64_t kUnroll = 4;
// Bytes from a weight to the one that is fetched meanwhile: processors foresee a stream, but not as far as the memory is slow.
constexpr int64_t kAhead = 4096;

// How a vector of weights meets one of inputs: each lane of the sum takes a product, or two.
struct Fp32 {
  using Number = float;
  static constexpr int64_t kNumbers = kLanes;
  static INLINE void add(const float* x, const float* w, Lanes& sum) { sum += load<Lanes>(w) * load<Lanes>(x); }
};

struct Bf16 {
  using Number = uint16_t;
  static constexpr int64_t kNumbers = kLanes;
  static INLINE void add(const uint16_t* x, const uint16_t* w, Lanes& sum) { sum += widened(load<Halves>(w)) * widened(load<Halves>(x)); }
};

#if defined(__x86_64__)
// By one instruction of AVX512_BF16.
struct Bf16Pairs {
  using Number = uint16_t;
  static constexpr int64_t kNumbers = 2 * kLanes;
  static INLINE void add(const uint16_t* x, const uint16_t* w, Lanes& sum) {
    asm("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(load<Words>(w)), "v"(load<Words>(x)));
  }
};
#endif

// One output of N rows after another, so that the weights come as one stream; four sums side by side hide the latency of adding.
template <int N, class Way>
INLINE void rows_outputs(const FewRows<typename Way::Number>& product, int64_t begin, int64_t end) {
  constexpr int64_t kNumbers = Way::kNumbers;
  const int64_t width = product.width;
  const auto* x = product.x;
  for (int64_t o = begin; o < end; ++o) {
    const auto* row = product.w + o * width;
    Lanes sums[N][kUnroll] = {};
    int64_t c = 0;
    for (; c + kUnroll * kNumbers <= width; c += kUnroll * kNumbers) {
      for (int64_t i = 0; i < kUnroll; ++i) {
        const int64_t at = c + i * kNumbers;
        __builtin_prefetch(reinterpret_cast<const char*>(row + at) + kAhead);
        for (int n = 0; n < N; ++n) Way::add(x + n * width + at, row + at, sums[n][i]);
      }
    }
    for (int n = 0; n < N; ++n) {
      float total = sum_of((sums[n][0] + sums[n][1]) + (sums[n][2] + sums[n][3]));
      for (int64_t rest = c; rest < width; ++rest) total += widened(x[n * width + rest]) * widened(row[rest]);
      if (product.bias != nullptr) total += widened(product.bias[o]);
      narrow(total, product.y[n * product.out + o]);
    }
  }
}

template <class Number>
using Outputs = void (*)(const FewRows<Number>&, int64_t, int64_t);

#define DEFINE(name, Way, attributes)                                                       \
  attributes void name(const FewRows<Way::Number>& product, int64_t begin, int64_t end) {   \
    switch (product.rows) {                                                                 \
      case 1: rows_outputs<1, Way>(product, begin, end); break;                             \
      case 2: rows_outputs<2, Way>(product, begin, end); break;                             \
      case 3: rows_outputs<3, Way>(product, begin, end); break;                             \
      default: rows_outputs<4, Way>(product, begin, end); break;                            \
    }                                                                                       \
  }

DEFINE(fp32_plain, Fp32, )
DEFINE(bf16_plain, Bf16, )
#if defined(__x86_64__)
DEFINE(fp32_avx2, Fp32, AVX2)
DEFINE(bf16_avx2, Bf16, AVX2)
DEFINE(fp32_avx512, Fp32, AVX512)
DEFINE(bf16_avx512, Bf16, AVX512)
DEFINE(bf16_pairs, Bf16Pairs, AVX512)

template <class Number>
Outputs<Number> chosen(Outputs<Number> plain, Outputs<Number> avx2, Outputs<Number> avx512, Outputs<Number> pairs) {
  const Outputs<Number> kinds[] = {plain, avx2, avx512, pairs};
  return kinds[static_cast<int>(vectors_here())];
}
const Outputs<float> outputs_fp32 = chosen(fp32_plain, fp32_avx2, fp32_avx512, fp32_avx512);
const Outputs<uint16_t> outputs_bf16 = chosen(bf16_plain, bf16_avx2, bf16_avx512, bf16_pairs);
#else
const Outputs<float> outputs_fp32 = fp32_plain;
const Outputs<uint16_t> outputs_bf16 = bf16_plain;
#endif

}  // namespace

void few_rows(const FewRows<float>& product, int64_t begin, int64_t end) { outputs_fp32(product, begin, end); }
void few_rows(const FewRows<uint16_t>& product, int64_t begin, int64_t end) { outputs_bf16(product, begin, end); }

}  // namespace smooth
