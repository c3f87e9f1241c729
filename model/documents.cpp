#include "model/documents.h"

#include <ATen/ATen.h>

#include <numeric>

namespace smooth {
namespace {

std::vector<int32_t> borders(const Step& step) {
  std::vector<int32_t> cu_seqlens = {0};
  for (const int64_t length : step.lengths) cu_seqlens.push_back(cu_seqlens.back() + static_cast<int32_t>(length));
  return cu_seqlens;
}

}  // namespace

Documents::Documents(std::vector<int32_t> cu_seqlens, const at::Device& device) : cu_seqlens_(std::move(cu_seqlens)) {
  std::vector<int64_t> places(cu_seqlens_.back()), ends;
  std::iota(places.begin(), places.end(), -1);
  for (size_t d = 0; d + 1 < cu_seqlens_.size(); ++d) {
    places[cu_seqlens_[d]] = cu_seqlens_.back() + static_cast<int64_t>(d);
    ends.push_back(cu_seqlens_[d + 1] - 1);
  }
  before_ = at::tensor(places, at::kLong).to(device);
  last_ = at::tensor(ends, at::kLong).to(device);
}

Documents::Documents(const Step& step, int64_t rows, const at::Device& device) : Documents(borders(step), device) {
  std::vector<int64_t> in_order(rows);
  std::iota(in_order.begin(), in_order.end(), 0);
  if (step.rows != in_order) rows_ = at::tensor(step.rows, at::kLong).to(device);
}

at::Tensor Documents::memory(const at::Tensor& kept) const { return rows_.defined() ? kept.index_select(0, rows_) : kept; }

void Documents::remember(at::Tensor& kept, const at::Tensor& now) const {
  if (rows_.defined()) {
    kept.index_copy_(0, rows_, now.to(kept.scalar_type()));
  } else {
    kept.copy_(now);
  }
}

at::Tensor Documents::shift(const at::Tensor& x, at::Tensor* kept) const {
  if (kept != nullptr && x.size(0) == last_.size(0)) {  // a token each
    const at::Tensor d = memory(*kept) - x;             // [T, C]
    remember(*kept, x);
    return d;
  }
  const at::Tensor first = kept != nullptr ? memory(*kept) : at::zeros({last_.size(0), x.size(1)}, x.options());  // [D, C]
  const at::Tensor previous = at::cat({x, first}).index_select(0, before_);                                      // [T, C]
  if (kept != nullptr) remember(*kept, x.index_select(0, last_));
  return previous - x;
}

}  // namespace smooth
