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
