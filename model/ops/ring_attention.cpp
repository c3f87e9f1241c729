#include "model/ops/ring_attention.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

namespace smooth {
namespace {

constexpr double kHidden = -std::numeric_limits<double>::infinity();

at::Tensor bias_of(const at::Tensor& seen, at::ScalarType dtype) {
  return at::zeros(seen.sizes(), seen.options().dtype(dtype)).masked_fill_(seen.logical_not(), kHidden);
}

// Query heads that share a key-value head lie side by side as further queries: [n, T, H, D] -> [n, G, R T, D], R = H / G.
at::Tensor fold_groups(const at::Tensor& q, int64_t groups) {
  const int64_t n = q.size(0), tokens = q.size(1), repeats = q.size(2) / groups, width = q.size(3);
  return q.view({n, tokens, groups, repeats, width}).permute({0, 2, 3, 1, 4}).reshape({n, groups, repeats * tokens, width});
}

// [n, G, R T, D] -> [n, T, H, D]
at::Tensor unfold_groups(const at::Tensor& y, int64_t heads) {
  const int64_t n = y.size(0), groups = y.size(1), repeats = heads / groups, tokens = y.size(2) / repeats, width = y.size(3);
  return y.view({n, groups, repeats, tokens, width}).permute({0, 3, 1, 2, 4}).reshape({n, tokens, heads, width});
}

// softmax(q k^T / sqrt(D) + bias) v; q [n, T, H, D], k and v [n, K, G, D], bias [n, 1, R T, K] -> [n, T, H, D]
at::Tensor attend_folded(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& bias) {
  const at::Tensor folded = fold_groups(q, k.size(2));                                                       // [n, G, R T, D]
  const at::Tensor y = at::scaled_dot_product_attention(folded, k.transpose(1, 2), v.transpose(1, 2), bias);  // [n, G, R T, D]
  return unfold_groups(y, q.size(2));
}

// The same over n texts that begin here: a token sees itself and all before it, and no mask is needed.
// q [n, T, H, D], k and v [n, T, G, D] -> [n, T, H, D]
at::Tensor attend_causally(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  const int64_t repeats = q.size(2) / k.size(2);
  const auto each_head = [&](const at::Tensor& x) { return x.transpose(1, 2).repeat_interleave(repeats, 1); };  // [n, H, T, D]
  return at::scaled_dot_product_attention(q.transpose(1, 2), each_head(k), each_head(v), /*attn_mask=*/{}, /*dropout_p=*/0.0,
                                          /*is_causal=*/true).transpose(1, 2);
}

}  // namespace

RingPlan::RingPlan(const Step& step, KvState& state, at::TensorOptions options) : step_(step), options_(options) {
  int64_t furthest = 0;
  for (size_t n = 0; n < step.rows.size(); ++n) {
    longest_ = std::max(longest_, step.lengths[n]);
    furthest = std::max(furthest, state.seen(step.rows[n]) + step.lengths[n]);
  }
  state.make_room(furthest);
  std::vector<int64_t> positions, padded;
  for (size_t n = 0; n < step.rows.size(); ++n) {
    for (int64_t t = 0; t < step.lengths[n]; ++t) {
      positions.push_back(state.seen(step.rows[n]) + t);
      padded.push_back(static_cast<int64_t>(n) * longest_ + t);
    }
  }
  single_ = longest_ == 1;
  all_rows_ = static_cast<int64_t>(step.rows.size()) == state.rows() && std::is_sorted(step.rows.begin(), step.rows.end());
  const auto on_device = [&](const std::vector<int64_t>& x) { return at::tensor(x, at::kLong).to(options.device()); };
  positions_ = on_device(positions);
  padded_ = on_device(padded);
  rows_ = on_device(step.rows);
  for (Ring& ring : state.rings()) rings_.push_back(plan_ring(ring));
  // A lone new token may overwrite its slot before it attends: what lay there has just left the window.
  if (single_) {
    for (size_t i = 0; i < rings_.size(); ++i) {
      state.rings()[i].positions.index_put_({rings_[i].kept_row, rings_[i].slot}, positions_.index_select(0, rings_[i].kept));
      const at::Tensor key = rows_of(state.rings()[i].positions, rings_[i].slots);  // [N, slots]
      rings_[i].bias = bias_of((key >= 0).view({-1, 1, 1, rings_[i].slots}), c10::typeMetaToScalarType(options_.dtype()));
    }
  }
}

RingPlan::RingStep RingPlan::plan_ring(const Ring& ring) const {
  RingStep plan;
  std::vector<int64_t> slot, kept, kept_row;
  const int64_t* position = nullptr;
  const at::Tensor on_host = positions_.cpu();
  position = on_host.const_data_ptr<int64_t>();
  int64_t token = 0, used = 0;
  for (size_t n = 0; n < step_.rows.size(); ++n) {
    used = std::max(used, position[token] + (single_ ? 1 : 0));  // several new tokens are met beside the ring, a lone one in it
    for (int64_t t = 0; t < step_.lengths[n]; ++t, ++token) {
      if (ring.window > 0 && step_.lengths[n] - t > ring.window) continue;  // overwritten within this very step
      slot.push_back(ring.window > 0 ? position[token] % ring.window : position[token]);
      kept.push_back(token);
      kept_row.push_back(step_.rows[n]);
    }
  }
  const auto on_device = [&](const std::vector<int64_t>& x) { return at::tensor(x, at::kLong).to(options_.device()); };
  plan.slot = on_device(slot);
  plan.kept = on_device(kept);
  plan.kept_row = on_device(kept_row);
  plan.slots = std::min(used, ring.positions.size(1));
  plan.causal = !single_ && plan.slots == 0 && std::ssize(step_.rows) * longest_ == step_.num_tokens() && (ring.window == 0 || longest_ <= ring.window);
  if (single_ || plan.causal) return plan;

  const at::Tensor fresh = at::full({static_cast<int64_t>(step_.rows.size()) * longest_}, -1, positions_.options())
                               .index_put_({padded_}, positions_).view({-1, longest_});  // [N, T], -1: padding
  const at::Tensor key = at::cat({rows_of(ring.positions, plan.slots), fresh}, 1).unsqueeze(1);  // [N, 1, slots + T]
  const at::Tensor query = fresh.unsqueeze(2);                                                  // [N, T, 1]
  at::Tensor seen = (key >= 0) & (key <= query);                                                // [N, T, slots + T]
  if (ring.window > 0) seen = seen & (query - key < ring.window);
  seen = seen | (query < 0);  // a padding query may look anywhere: its output is dropped
  plan.bias = bias_of(seen.unsqueeze(1), c10::typeMetaToScalarType(options_.dtype()));
  return plan;
}

at::Tensor RingPlan::rows_of(const at::Tensor& ring, int64_t slots) const {
  const at::Tensor used = ring.narrow(1, 0, slots);
  return all_rows_ ? used : used.index_select(0, rows_);
}

// [S, H, D] -> [N, T, H, D]
at::Tensor RingPlan::pad(const at::Tensor& x) const {
  const int64_t n = static_cast<int64_t>(step_.rows.size());
  if (n * longest_ == x.size(0)) return x.view({n, longest_, x.size(1), x.size(2)});
  const at::Tensor flat = at::zeros({n * longest_, x.size(1), x.size(2)}, x.options());
  return flat.index_copy_(0, padded_, x).view({n, longest_, x.size(1), x.size(2)});
}

at::Tensor RingPlan::attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t layer, KvState& state) {
  RingStep& plan = rings_[state.ring_of(layer)];
  const auto remember = [&](at::Tensor& ring, const at::Tensor& x) {
    ring.index_put_({plan.kept_row, plan.slot}, x.index_select(0, plan.kept));
  };
  if (single_) {
    remember(state.keys(layer), k);
    remember(state.values(layer), v);
  }
  at::Tensor keys = rows_of(state.keys(layer), plan.slots), values = rows_of(state.values(layer), plan.slots);
  if (!single_) {
    keys = at::cat({keys, pad(k)}, 1);      // [N, slots + T, G, D]
    values = at::cat({values, pad(v)}, 1);  // [N, slots + T, G, D]
  }
  const auto met = [&] {
    if (plan.causal) return attend_causally(pad(q), keys, values);
    if (!plan.folded.defined()) plan.folded = plan.bias.repeat({1, 1, q.size(1) / k.size(1), 1});  // [N, 1, R T, keys]
    return attend_folded(pad(q), keys, values, plan.folded);
  };
  const at::Tensor y = met();  // [N, T, H, D]
  if (!single_) {
    remember(state.keys(layer), k);
    remember(state.values(layer), v);
  }
  return y.reshape({-1, q.size(1), q.size(2)}).index_select(0, padded_);  // [S, H, D]
}

void RingPlan::finish(KvState& state) {
  for (size_t i = 0; i < rings_.size() && !single_; ++i) {
    state.rings()[i].positions.index_put_({rings_[i].kept_row, rings_[i].slot}, positions_.index_select(0, rings_[i].kept));
  }
  for (size_t n = 0; n < step_.rows.size(); ++n) state.advance(step_.rows[n], step_.lengths[n]);
}

}  // namespace smooth
