// Where the documents of one pass lie, tokens end to end, and the rows of the memory that each goes on from: what recurrent
// layers need to know of a pass.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "data/batch.h"
#include "model/halo.h"
#include "model/ops/wkv7.h"
#include "model/state.h"

namespace smooth {

// Legend: T tokens, D documents, B rows of the memory, C channels.
class Documents {
 public:
  // Each begins with nothing, but the first of a stretch of a pack, which goes on from its left neighbour.
  Documents(const Batch& batch, const at::Device& device, Halo* halo = nullptr);
  Documents(const Step& step, int64_t rows, const at::Device& device);  // each goes on from its row, of `rows` in all

  const std::vector<int32_t>& cu_seqlens() const { return cu_seqlens_; }  // [D + 1]
  at::Tensor memory(const at::Tensor& kept) const;                        // [B, ...] -> [D, ...]
  void remember(at::Tensor& kept, const at::Tensor& now) const;           // now [D, ...] into kept [B, ...]
  // What advance(state) gives, a function that moves the rows of this pass on in place: state [D, ...] of kept [B, ...].
  template <class Advance>
  at::Tensor advance(at::Tensor& kept, const Advance& advance) const {
    if (!rows_.defined()) return advance(kept);
    at::Tensor state = memory(kept);
    const at::Tensor y = advance(state);
    remember(kept, state);
    return y;
  }
  // The inputs x + d ∘ μ for each share μ [C], with the token shift d_t = x_{t-1} - x_t, where x_{-1} is what `kept` [B, C] holds (null:
  // 0), which then takes each document's last token. x [T, C] -> [T, C] each.
  std::vector<at::Tensor> mixed(const at::Tensor& x, const std::vector<at::Tensor>& shares, at::Tensor* kept) const;

  // y of move(state), where move gives y and the state after each document: state [D, ...] of that shape but for D, from zeros or the left
  // neighbour, and on to the right one.
  at::Tensor walked(const std::vector<int64_t>& shape, const at::Tensor& anchor, const std::function<WkvOutputs(const at::Tensor& state)>& move) const;

 private:
  Documents(std::vector<int32_t> cu_seqlens, const at::Device& device);
  at::Tensor shift(const at::Tensor& x, at::Tensor* kept) const;  // d [T, C]
  std::vector<at::Tensor> mixed_by_rows(const at::Tensor& x, const std::vector<at::Tensor>& shares, at::Tensor& kept) const;

  std::vector<int32_t> cu_seqlens_;
  at::Tensor before_, last_;  // [T] index of the token before each in cat(x, first inputs); [D] each document's last
  at::Tensor rows_;           // [D] rows of the memory; undefined: all, in order
  Halo* left_ = nullptr;      // where the first document comes from
  Halo* right_ = nullptr;     // where the last one goes on
};

}  // namespace smooth
