// RWKV-7's time-mix (arXiv:2503.14456, section 4), written once: RWKV-7 (model/rwkv7.h), ARWKV and QRWKV7 (model/rwkv_hybrid.h)
// are this block with other options, each named with its source in model/time_mix_options.h.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "model/documents.h"
#include "model/ops/rope.h"
#include "model/time_mix_weights.h"

namespace smooth {

// Legend: T tokens, B rows of a memory, C channels, H heads, N head size.

// What a time-mix carries from chunk to chunk.
struct TimeMixMemory {
  at::Tensor time_shift;  // [B, C] last normed input; undefined without token shift
  at::Tensor wkv;         // [B, H, N, N] (value, key), fp32
};
TimeMixMemory make_memory(const TimeMixOptions& options, int64_t rows, const at::TensorOptions& tensors);  // zeros

// x [T, C], normed -> [T, C]. `v_first`: given by the first layer, taken by the others. `turn`: of the positions, for rope.
// `memory`: where the documents go on from, and what then holds what they leave; null for none.
at::Tensor time_mix(const TimeMix& mix, const TimeMixOptions& options, const at::Tensor& x, at::Tensor& v_first, const Rotation* turn,
                    const Documents& documents, TimeMixMemory* memory);

}  // namespace smooth
