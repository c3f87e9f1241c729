// Compiled for each kind of processor, as ops/wkv7_cpu.cpp.
#include "model/ops/time_mix_cpu.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "model/ops/vectors.h"
#include "model/ops/wkv7_cpu.h"

namespace smooth {
namespace {

constexpr int64_t kStretch = 32;  // tokens whose rows lie in the cache together

// The rows of a stretch, as the WKV operator takes them: [kStretch, N] each.
struct Rows {
  Rows(int64_t tokens, int64_t size) : numbers(7 * tokens * size) {
    float* next = numbers.data();
    for (float** row : {&r, &w, &k, &v, &a, &b, &y}) {
      *row = next;
      next += tokens * size;
    }
  }
  std::vector<float> numbers;
  float *r, *w, *k, *v, *a, *b, *y;
};

// The products' row at `from` -> the operator's inputs at `to`.
INLINE void inputs_of(const TimeMixHead& head, int64_t from, int64_t to, const Rows& rows) {
  Lanes squares = {};
  for (int64_t c = 0; c < head.size; c += kLanes) {
    const int64_t at = from + c, keep = to + c;
    // w = exp(-e^{-1/2} σ(w)),  a = σ(a)
    const Lanes w = exp(-0.60653066F * sigmoid(load<Lanes>(head.w + at))), a = sigmoid(load<Lanes>(head.a + at));
    // v += (v_first - v) ∘ σ(v_residual)
    Lanes v = load<Lanes>(head.v + at);
    if (head.v_residual != nullptr) v += (load<Lanes>(head.v_first + at) - v) * sigmoid(load<Lanes>(head.v_residual + at));
    // κ̂ ~ k ∘ k_k,  k ← k ∘ (1 + (a - 1) ∘ k_a);  balanced: κ̂ ~ k,  k ← k ∘ (1 - w + a)
    Lanes k = load<Lanes>(head.k + at), removal = k;
    if (head.k_k != nullptr) {
      removal = k * load<Lanes>(head.k_k + c);
      k *= 1.0F + (a - 1.0F) * load<Lanes>(head.k_a + c);
    } else {
      k *= 1.0F - w + a;
    }
    squares += removal * removal;
    store(rows.r + keep, load<Lanes>(head.r + at));
    store(rows.w + keep, w);
    store(rows.k + keep, k);
    store(rows.v + keep, v);
    store(rows.a + keep, removal);
    store(rows.b + keep, a);
  }
  // a = -κ̂, b = κ̂ ∘ a, of length 1
  const float scale = 1 / std::max(std::sqrt(sum_of(squares)), 1e-12F);
  for (int64_t c = to; c < to + head.size; c += kLanes) {
    const Lanes removal = load<Lanes>(rows.a + c) * scale;
    store(rows.a + c, -removal);
    store(rows.b + c, removal * load<Lanes>(rows.b + c));
  }
}

// What the operator read, normed: (y - mean) / sqrt(variance + eps) ∘ weight + bias, over the head
INLINE void norm(const TimeMixHead& head, float* y) {
  Lanes sums = {}, squares = {};
  for (int64_t c = 0; c < head.size; c += kLanes) sums += load<Lanes>(y + c);
  const float mean = sum_of(sums) / static_cast<float>(head.size);
  for (int64_t c = 0; c < head.size; c += kLanes) {
    const Lanes centred = load<Lanes>(y + c) - mean;
    squares += centred * centred;
  }
  const float scale = 1 / std::sqrt(sum_of(squares) / static_cast<float>(head.size) + head.norm_eps);
  for (int64_t c = 0; c < head.size; c += kLanes) {
    store(y + c, (load<Lanes>(y + c) - mean) * scale * load<Lanes>(head.norm_weight + c) + load<Lanes>(head.norm_bias + c));
  }
}

// The operator's row at `from` -> the time-mix's at `to`: y = (norm(y) scale + (Σ r ∘ k ∘ r_k) v) ∘ g
INLINE void output_of(const TimeMixHead& head, int64_t from, int64_t to, const Rows& rows, float* y) {
  if (head.norm_weight != nullptr) norm(head, rows.y + from);
  Lanes parts = {};
  for (int64_t c = 0; head.r_k != nullptr && c < head.size; c += kLanes) {
    parts += load<Lanes>(rows.r + from + c) * load<Lanes>(rows.k + from + c) * load<Lanes>(head.r_k + c);
  }
  const float bonus = sum_of(parts);
  for (int64_t c = 0; c < head.size; c += kLanes) {
    Lanes out = load<Lanes>(rows.y + from + c) * head.scale + bonus * load<Lanes>(rows.v + from + c);
    if (head.g != nullptr) out *= load<Lanes>(head.g + to + c);
    store(y + to + c, out);
  }
}

INLINE void head_any(const TimeMixHead& head, float* y, float* state) {
  const int64_t size = head.size;
  const Rows rows(std::min(head.tokens, kStretch), size);
  for (int64_t first = 0; first < head.tokens; first += kStretch) {
    const int64_t count = std::min(head.tokens - first, kStretch);
    for (int64_t t = 0; t < count; ++t) inputs_of(head, (first + t) * head.stride, t * size, rows);
    wkv7_head({rows.r, rows.w, rows.k, rows.v, rows.a, rows.b, count, size, size}, rows.y, state, nullptr);
    for (int64_t t = 0; t < count; ++t) output_of(head, t * size, (first + t) * head.stride, rows, y);
  }
}

using Head = void (*)(const TimeMixHead&, float*, float*);

void head_plain(const TimeMixHead& head, float* y, float* state) { head_any(head, y, state); }
#if defined(__x86_64__)
AVX2 void head_avx2(const TimeMixHead& head, float* y, float* state) { head_any(head, y, state); }
AVX512 void head_avx512(const TimeMixHead& head, float* y, float* state) { head_any(head, y, state); }
const Head head_here = vectors_here() >= Vectors::avx512 ? head_avx512 : vectors_here() >= Vectors::avx2 ? head_avx2 : head_plain;
#else
const Head head_here = head_plain;
#endif

}  // namespace

void time_mix_head(const TimeMixHead& head, float* y, float* state) { head_here(head, y, state); }

}  // namespace smooth
