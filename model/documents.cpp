#include "model/documents.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

#include "model/ops/cpu.h"
#include "model/ops/rows_cpu.h"

namespace smooth {
namespace {

std::vector<int32_t> borders_of(const Step& step) {
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

Documents::Documents(const Batch& batch, const at::Device& device, Halo* halo) : Documents(batch.cu_seqlens, device) {
  if (batch.before > 0) left_ = halo;
  if (batch.continues) right_ = halo;
}

Documents::Documents(const Step& step, int64_t rows, const at::Device& device) : Documents(borders_of(step), device) {
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
  at::Tensor first = kept != nullptr ? memory(*kept) : at::zeros({last_.size(0), x.size(1)}, x.options());  // [D, C]
  const at::Tensor now = right_ != nullptr ? sent_right(*right_, x.slice(0, x.size(0) - 1), x) : x;           // its last token's is owed
  if (left_ != nullptr) first = at::cat({taken_left(*left_, {1, x.size(1)}, x.scalar_type(), now), first.slice(0, 1)});
  const at::Tensor previous = at::cat({now, first}).index_select(0, before_);  // [T, C]
  if (kept != nullptr) remember(*kept, x.index_select(0, last_));
  return previous - x;
}

at::Tensor Documents::walked(const std::vector<int64_t>& shape, const at::Tensor& anchor, const std::function<WkvOutputs(const at::Tensor& state)>& move) const {
  if (left_ == nullptr && right_ == nullptr) return move({}).y;
  const at::ScalarType dtype = anchor.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  std::vector<int64_t> one = shape;
  one[0] = 1;
  at::Tensor state = at::zeros(shape, anchor.options().dtype(dtype).requires_grad(false));
  if (left_ != nullptr) state = at::cat({taken_left(*left_, one, dtype, anchor), state.slice(0, 1)});
  const WkvOutputs out = move(state);
  return right_ != nullptr ? sent_right(*right_, out.state.slice(0, shape[0] - 1), out.y) : out.y;
}

std::vector<at::Tensor> Documents::mixed(const at::Tensor& x, const std::vector<at::Tensor>& shares, at::Tensor* kept) const {
  if (kept != nullptr && kernels_take({x, *kept})) return mixed_by_rows(x, shares, *kept);
  const at::Tensor d = shift(x, kept);
  std::vector<at::Tensor> inputs;
  for (const at::Tensor& share : shares) inputs.push_back(at::addcmul(x, d, share.view({-1})));
  return inputs;
}

std::vector<at::Tensor> Documents::mixed_by_rows(const at::Tensor& x, const std::vector<at::Tensor>& shares, at::Tensor& kept) const {
  const int64_t tokens = x.size(0), width = x.size(1), *before = before_.const_data_ptr<int64_t>(), *last = last_.const_data_ptr<int64_t>();
  const int64_t* rows = rows_.defined() ? rows_.const_data_ptr<int64_t>() : nullptr;
  std::vector<at::Tensor> inputs;
  for (size_t n = 0; n < shares.size(); ++n) inputs.push_back(at::empty_like(x));
  with_numbers_of(x, [&]<class Number>(Number) {
    const Number* from = numbers<Number>(x);
    const auto memory_of = [&](int64_t d) { return numbers<Number>(kept) + (rows != nullptr ? rows[d] : d) * width; };
    std::vector<const Number*> share;
    for (const at::Tensor& one : shares) share.push_back(numbers<Number>(one));
    at::parallel_for(0, tokens, kRowsATask, [&](int64_t begin, int64_t end) {
      std::vector<Number*> to(shares.size());
      for (int64_t t = begin; t < end; ++t) {
        for (size_t n = 0; n < to.size(); ++n) to[n] = numbers<Number>(inputs[n]) + t * width;
        mix_row(from + t * width, before[t] < tokens ? from + before[t] * width : memory_of(before[t] - tokens), share.data(), std::ssize(to), width, to.data());
      }
    });
    for (int64_t d = 0; d < last_.size(0); ++d) std::copy_n(from + last[d] * width, width, memory_of(d));
  });
  return inputs;
}

}  // namespace smooth
