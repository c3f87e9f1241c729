// What the kernels of this folder are written with: the compiler's vectors, bf16 as its bits, and attributes that compile a function
// for a kind of processor. Vectors may be arguments of inlined functions only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#pragma GCC diagnostic ignored "-Wpsabi"

#define INLINE inline __attribute__((always_inline))

namespace smooth {

constexpr int64_t kLanes = 16;
using Lanes = float __attribute__((vector_size(kLanes * sizeof(float)), may_alias));
using Words = uint32_t __attribute__((vector_size(kLanes * sizeof(uint32_t)), may_alias));
using Halves = uint16_t __attribute__((vector_size(kLanes * sizeof(uint16_t)), may_alias));

template <class Vector>
INLINE Vector load(const void* from) {
  Vector x;
  std::memcpy(&x, from, sizeof x);
  return x;
}

INLINE void store(float* to, const Lanes& x) { std::memcpy(to, &x, sizeof x); }

INLINE float sum_of(const Lanes& lanes) {
  float x[kLanes];
  std::memcpy(x, &lanes, sizeof x);
  for (int64_t half = kLanes / 2; half > 0; half /= 2) {
    for (int64_t i = 0; i < half; ++i) x[i] += x[i + half];
  }
  return x[0];
}

// exp x = 2^n exp f with |f| <= ln 2 / 2, and exp f as Cephes' expf has it: within 2 units of the last place. Between the smallest and
// the largest power of two that fp32 has; not a number stays so.
INLINE Lanes exp(Lanes x) {
  constexpr float kRound = 12582912;  // 1.5 2^23: what is added to it loses its fraction
  x = x < -87.0F ? -87.0F - Lanes{} : x;
  x = x > 88.0F ? 88.0F - Lanes{} : x;
  const Lanes shifted = x * 1.44269504F + kRound, n = shifted - kRound;
  const Lanes f = x - n * 0.693359375F - n * -2.12194440e-4F;
  Lanes p = 1.9875691500e-4F * f + 1.3981999507e-3F;
  p = p * f + 8.3334519073e-3F;
  p = p * f + 4.1665795894e-2F;
  p = p * f + 1.6666665459e-1F;
  p = p * f + 5.0000001201e-1F;
  p = p * f * f + f + 1.0F;
  const Words power = (load<Words>(&shifted) << 23) + 0x3f800000;  // the last bits of `shifted` are n
  return p * load<Lanes>(&power);
}

INLINE Lanes sigmoid(const Lanes& x) { return 1.0F / (1.0F + exp(-x)); }

// bf16 is the upper half of fp32.
INLINE float widened(uint16_t x) {
  const uint32_t word = static_cast<uint32_t>(x) << 16;
  float out;
  std::memcpy(&out, &word, sizeof out);
  return out;
}

INLINE float widened(float x) { return x; }

INLINE Lanes widened(const Halves& x) {
  const Words words = __builtin_convertvector(x, Words) << 16;
  return load<Lanes>(&words);
}

// To the nearest, ties to even; not a number stays so.
INLINE void narrow(float x, uint16_t& out) {
  uint32_t word;
  std::memcpy(&word, &x, sizeof word);
  out = static_cast<uint16_t>(x != x ? 0x7fc0 : (word + 0x7fff + ((word >> 16) & 1)) >> 16);
}

INLINE void narrow(float x, float& out) { out = x; }

#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2,fma")))
#define AVX512 __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")))

// The vector instructions that this processor has, each kind with those before it. SMOOTH_VECTORS=plain, avx2 or avx512 takes fewer, so
// that tests run what other processors do.
enum class Vectors { plain, avx2, avx512, avx512_bf16 };

inline Vectors vectors_here() {
  Vectors here = Vectors::plain;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) here = Vectors::avx2;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && here == Vectors::avx2) {
    here = __builtin_cpu_supports("avx512bf16") ? Vectors::avx512_bf16 : Vectors::avx512;
  }
  const std::string_view most = std::getenv("SMOOTH_VECTORS") != nullptr ? std::getenv("SMOOTH_VECTORS") : "";
  if (most == "plain") return Vectors::plain;
  if (most == "avx2") return std::min(here, Vectors::avx2);
  if (most == "avx512") return std::min(here, Vectors::avx512);
  return here;
}
#endif

}  // namespace smooth
