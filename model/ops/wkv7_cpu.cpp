// Source of the recurrence: RWKV-7 "Goose", arXiv:2503.14456, and BlinkDL/RWKV-LM's wkv7 kernels. Per token
//
//   u = S a      S <- S diag(w) + u bᵀ + v kᵀ      y = S r                    S [value i, key j]
//
// Values do not meet: each lane of a vector is one value i, and a state lies as [key j][lanes], so that no sum over
// lanes is needed on the way forward. The way back needs five, over the values of each key; they are taken sixteen
// keys at a time. Written with the compiler's vectors and compiled for each kind of processor.
#include "model/ops/wkv7_cpu.h"

#include <vector>

#include "model/ops/vectors.h"

namespace smooth {
namespace {

using Order = int32_t __attribute__((vector_size(kLanes * sizeof(int32_t))));

// Room for vectors, aligned as they must be (std::allocator forgets the alignment of vector types).
class Room {
 public:
  explicit Room(int64_t count) : cells_(count) {}
  Lanes* data() { return reinterpret_cast<Lanes*>(cells_.data()); }

 private:
  struct alignas(sizeof(Lanes)) Cell {
    float lanes[kLanes];
  };
  std::vector<Cell> cells_;
};

// Two vectors' halves interlaced: x0 y0 x1 y1 .. of the lanes from `first` on.
template <int kFirst>
INLINE Lanes interlaced(const Lanes& x, const Lanes& y) {
  Order order;
  for (int i = 0; i < kLanes; ++i) order[i] = kFirst + i / 2 + i % 2 * kLanes;
  return __builtin_shuffle(x, y, order);
}

// 16 rows of 16 become their columns: four times, the first half of the rows is interlaced with the second.
INLINE void transpose(const float* from, int64_t from_stride, float* to, int64_t to_stride) {
  Lanes rows[kLanes], next[kLanes];
  for (int i = 0; i < kLanes; ++i) rows[i] = load<Lanes>(from + i * from_stride);
  for (int64_t round = 1; round < kLanes; round *= 2) {
    for (int i = 0; i < kLanes / 2; ++i) {
      next[2 * i] = interlaced<0>(rows[i], rows[i + kLanes / 2]);
      next[2 * i + 1] = interlaced<kLanes / 2>(rows[i], rows[i + kLanes / 2]);
    }
    std::memcpy(rows, next, sizeof rows);
  }
  for (int i = 0; i < kLanes; ++i) store(to + i * to_stride, rows[i]);
}

// A block of V x 16 values of the state; `state` is [value, key], `block` [key][V lanes].
template <int V>
INLINE void take_block(const float* state, int64_t size, Lanes* block) {
  float* flat = reinterpret_cast<float*>(block);
  for (int64_t i = 0; i < V * kLanes; i += kLanes) {
    for (int64_t j = 0; j < size; j += kLanes) transpose(state + i * size + j, size, flat + j * V * kLanes + i, V * kLanes);
  }
}

template <int V>
INLINE void give_block(const Lanes* block, int64_t size, float* state) {
  const float* flat = reinterpret_cast<const float*>(block);
  for (int64_t i = 0; i < V * kLanes; i += kLanes) {
    for (int64_t j = 0; j < size; j += kLanes) transpose(flat + j * V * kLanes + i, V * kLanes, state + i * size + j, size);
  }
}

// u = S a
template <int V>
INLINE void multiply(const Lanes* state, const float* a, int64_t size, Lanes* u) {
  Lanes even[V] = {}, odd[V] = {};
  for (int64_t j = 0; j < size; j += 2) {
    for (int l = 0; l < V; ++l) even[l] += state[j * V + l] * a[j];
    for (int l = 0; l < V; ++l) odd[l] += state[(j + 1) * V + l] * a[j + 1];
  }
  for (int l = 0; l < V; ++l) u[l] = even[l] + odd[l];
}

template <int V>
INLINE void forward_block(const WkvHead& head, float* y, Lanes* state, float* kept, int64_t kept_stride) {
  const int64_t size = head.size;
  for (int64_t t = 0; t < head.tokens; ++t) {
    if (kept != nullptr && t % kWkvKeep == 0) {
      std::memcpy(kept + t / kWkvKeep * kept_stride, state, size * V * sizeof(Lanes));
    }
    const int64_t at = t * head.stride;
    const float *r = head.r + at, *w = head.w + at, *k = head.k + at, *b = head.b + at;
    Lanes u[V], v[V], read[V] = {};
    multiply<V>(state, head.a + at, size, u);
    for (int l = 0; l < V; ++l) v[l] = load<Lanes>(head.v + at + l * kLanes);
    for (int64_t j = 0; j < size; ++j) {
      for (int l = 0; l < V; ++l) {
        const Lanes s = state[j * V + l] * w[j] + u[l] * b[j] + v[l] * k[j];
        state[j * V + l] = s;
        read[l] += s * r[j];
      }
    }
    for (int l = 0; l < V; ++l) store(y + at + l * kLanes, read[l]);
  }
}

// Two vectors' halves added up: lanes of x, then lanes of y, in groups that are half as wide.
template <int kGroup>
INLINE Lanes fold(const Lanes& x, const Lanes& y) {
  Order low, high;
  for (int i = 0; i < kLanes; ++i) {
    const int pair = i / kGroup, within = i % kGroup;
    low[i] = pair * 2 * kGroup + within;
    high[i] = low[i] + kGroup;
  }
  return __builtin_shuffle(x, y, low) + __builtin_shuffle(x, y, high);
}

// sums[j] (+)= the sum over the lanes of parts[j].
INLINE void sum_lanes(const Lanes* parts, int64_t size, bool add, float* sums) {
  for (int64_t j = 0; j < size; j += kLanes) {
    Lanes x[8];
    for (int i = 0; i < 8; ++i) x[i] = fold<8>(parts[j + 2 * i], parts[j + 2 * i + 1]);
    for (int i = 0; i < 4; ++i) x[i] = fold<4>(x[2 * i], x[2 * i + 1]);
    for (int i = 0; i < 2; ++i) x[i] = fold<2>(x[2 * i], x[2 * i + 1]);
    const Lanes total = fold<1>(x[0], x[1]);
    store(sums + j, add ? load<Lanes>(sums + j) + total : total);
  }
}

// What the backward pass of one block needs room for.
struct Workspace {
  Workspace(int64_t size, int64_t V)
      : states((kWkvKeep + 1) * size * V), u(kWkvKeep * V), dstate(size * V), parts{Room(size), Room(size), Room(size)} {}

  Room states;    // [kWkvKeep + 1][key][V]: before each token of a stretch, and after the last
  Room u;         // [kWkvKeep][V]
  Room dstate;    // [key][V]
  Room parts[3];  // [key]
};

// The states and u of the `count` tokens from `first` on, computed anew from the state before them.
template <int V>
INLINE void recompute(const WkvHead& head, int64_t first, int64_t count, Workspace& space) {
  const int64_t size = head.size;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t at = (first + i) * head.stride;
    const float *w = head.w + at, *k = head.k + at, *b = head.b + at;
    const Lanes* before = space.states.data() + i * size * V;
    Lanes* after = space.states.data() + (i + 1) * size * V;
    Lanes u[V], v[V];
    multiply<V>(before, head.a + at, size, u);
    for (int l = 0; l < V; ++l) {
      v[l] = load<Lanes>(head.v + at + l * kLanes);
      space.u.data()[i * V + l] = u[l];
    }
    for (int64_t j = 0; j < size; ++j) {
      for (int l = 0; l < V; ++l) after[j * V + l] = before[j * V + l] * w[j] + u[l] * b[j] + v[l] * k[j];
    }
  }
}

// One token back: dS after it -> gradients of its inputs -> dS before it. `add`: another block of values came first.
template <int V>
INLINE void backward_token(const WkvHead& head, int64_t t, const float* dy, const Lanes* before, const Lanes* after, const Lanes* u,
                           bool add, Workspace& space, const WkvGradients& gradients) {
  const int64_t size = head.size, at = t * head.stride;
  const float *r = head.r + at, *w = head.w + at, *k = head.k + at, *a = head.a + at, *b = head.b + at;
  Lanes *dstate = space.dstate.data(), *part0 = space.parts[0].data(), *part1 = space.parts[1].data(), *part2 = space.parts[2].data();
  Lanes dread[V], v[V], dv[V] = {}, du[V] = {};
  for (int l = 0; l < V; ++l) {
    dread[l] = load<Lanes>(dy + at + l * kLanes);
    v[l] = load<Lanes>(head.v + at + l * kLanes);
  }
  // y = S r:  dS += dy rᵀ, dr = Sᵀ dy.   S = .. + v kᵀ + u bᵀ:  dk = dSᵀ v, dv = dS k, db = dSᵀ u, du = dS b
  for (int64_t j = 0; j < size; ++j) {
    Lanes dr = {}, dk = {}, db = {};
    for (int l = 0; l < V; ++l) {
      const Lanes ds = dstate[j * V + l] + dread[l] * r[j];
      dstate[j * V + l] = ds;
      dr += after[j * V + l] * dread[l];
      dk += ds * v[l];
      db += ds * u[l];
      dv[l] += ds * k[j];
      du[l] += ds * b[j];
    }
    part0[j] = dr;
    part1[j] = dk;
    part2[j] = db;
  }
  sum_lanes(part0, size, add, gradients.r + at);
  sum_lanes(part1, size, add, gradients.k + at);
  sum_lanes(part2, size, add, gradients.b + at);
  for (int l = 0; l < V; ++l) store(gradients.v + at + l * kLanes, dv[l]);
  // S = S' diag(w) + ..:  dw = sum over values of dS S'.   u = S' a:  da = S'ᵀ du.   dS' = dS diag(w) + du aᵀ
  for (int64_t j = 0; j < size; ++j) {
    Lanes dw = {}, da = {};
    for (int l = 0; l < V; ++l) {
      const Lanes ds = dstate[j * V + l], s = before[j * V + l];
      dw += ds * s;
      da += s * du[l];
      dstate[j * V + l] = ds * w[j] + du[l] * a[j];
    }
    part0[j] = dw;
    part1[j] = da;
  }
  sum_lanes(part0, size, add, gradients.w + at);
  sum_lanes(part1, size, add, gradients.a + at);
}

template <int V>
INLINE void backward_block(const WkvHead& head, const float* dy, const float* kept, int64_t kept_stride, bool add, Workspace& space,
                           const WkvGradients& gradients) {
  const int64_t one = head.size * V;  // vectors of a state
  for (int64_t first = (head.tokens - 1) / kWkvKeep * kWkvKeep; first >= 0; first -= kWkvKeep) {
    const int64_t count = head.tokens - first < kWkvKeep ? head.tokens - first : kWkvKeep;
    std::memcpy(space.states.data(), kept + first / kWkvKeep * kept_stride, one * sizeof(Lanes));
    recompute<V>(head, first, count, space);
    for (int64_t i = count - 1; i >= 0; --i) {
      const Lanes* before = space.states.data() + i * one;
      backward_token<V>(head, first + i, dy, before, before + one, space.u.data() + i * V, add, space, gradients);
    }
  }
}

// The head's values in blocks of V x 16.
template <int V>
INLINE void forward(const WkvHead& head, float* y, float* state, float* kept) {
  Room block(head.size * V);
  for (int64_t i = 0; i < head.size; i += V * kLanes) {
    WkvHead part = head;
    part.v += i;
    take_block<V>(state + i * head.size, head.size, block.data());
    forward_block<V>(part, y + i, block.data(), kept == nullptr ? nullptr : kept + i * head.size, head.size * head.size);
    give_block<V>(block.data(), head.size, state + i * head.size);
  }
}

template <int V>
INLINE void backward(const WkvHead& head, const float* dy, const float* kept, float* dstate, const WkvGradients& gradients) {
  Workspace space(head.size, V);
  for (int64_t i = 0; i < head.size; i += V * kLanes) {
    WkvHead part = head;
    part.v += i;
    WkvGradients to = gradients;
    to.v += i;
    take_block<V>(dstate + i * head.size, head.size, space.dstate.data());
    backward_block<V>(part, dy + i, kept + i * head.size, head.size * head.size, i > 0, space, to);
    give_block<V>(space.dstate.data(), head.size, dstate + i * head.size);
  }
}

INLINE void forward_any(const WkvHead& head, float* y, float* state, float* kept) {
  if (head.size % 64 == 0) return forward<4>(head, y, state, kept);
  if (head.size % 32 == 0) return forward<2>(head, y, state, kept);
  forward<1>(head, y, state, kept);
}

INLINE void backward_any(const WkvHead& head, const float* dy, const float* kept, float* dstate, const WkvGradients& gradients) {
  if (head.size % 64 == 0) return backward<4>(head, dy, kept, dstate, gradients);
  if (head.size % 32 == 0) return backward<2>(head, dy, kept, dstate, gradients);
  backward<1>(head, dy, kept, dstate, gradients);
}

using Forward = void (*)(const WkvHead&, float*, float*, float*);
using Backward = void (*)(const WkvHead&, const float*, const float*, float*, const WkvGradients&);

void forward_plain(const WkvHead& head, float* y, float* state, float* kept) { forward_any(head, y, state, kept); }
void backward_plain(const WkvHead& head, const float* dy, const float* kept, float* dstate, const WkvGradients& gradients) {
  backward_any(head, dy, kept, dstate, gradients);
}

#if defined(__x86_64__)
AVX2 void forward_avx2(const WkvHead& head, float* y, float* state, float* kept) { forward_any(head, y, state, kept); }
AVX512 void forward_avx512(const WkvHead& head, float* y, float* state, float* kept) { forward_any(head, y, state, kept); }
AVX2 void backward_avx2(const WkvHead& head, const float* dy, const float* kept, float* dstate, const WkvGradients& gradients) {
  backward_any(head, dy, kept, dstate, gradients);
}
AVX512 void backward_avx512(const WkvHead& head, const float* dy, const float* kept, float* dstate, const WkvGradients& gradients) {
  backward_any(head, dy, kept, dstate, gradients);
}
const bool has_avx512 = vectors_here() >= Vectors::avx512, has_avx2 = vectors_here() >= Vectors::avx2;
const Forward forward_here = has_avx512 ? forward_avx512 : has_avx2 ? forward_avx2 : forward_plain;
const Backward backward_here = has_avx512 ? backward_avx512 : has_avx2 ? backward_avx2 : backward_plain;
#else
const Forward forward_here = forward_plain;
const Backward backward_here = backward_plain;
#endif

}  // namespace

bool wkv7_takes(int64_t size) { return size % kLanes == 0; }

void wkv7_head(const WkvHead& head, float* y, float* state, float* kept) { forward_here(head, y, state, kept); }

void wkv7_head_backward(const WkvHead& head, const float* dy, const float* kept, float* dstate, const WkvGradients& gradients) {
  backward_here(head, dy, kept, dstate, gradients);
}

}  // namespace smooth
