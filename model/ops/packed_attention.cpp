#include "model/ops/packed_attention.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <tuple>

#include "model/ops/recompute.h"

namespace smooth {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

namespace {

// Queries [begin, end) meet keys [first, last): causally, or as `bias` says (0: seen, -inf: not).
struct Piece {
  int64_t begin, end, first, last;
  bool causal;
  at::Tensor bias;  // [end - begin, last - first]
};

// A piece of a windowed document meets window + piece keys, so pieces are short beside the window; and not so short that many calls cost
// more than they compute.
int64_t piece_length(int64_t window) { return window == 0 ? 256 : std::clamp<int64_t>((window / 4 + 31) / 32 * 32, 64, 512); }

constexpr int64_t kTogether = 128;  // short documents share a piece of up to so many tokens

bool on_flash(const at::TensorOptions& options) {
  return options.device().is_cuda() && (options.dtype() == at::kBFloat16 || options.dtype() == at::kHalf);
}

}  // namespace

// The pieces of a pack for one window; for a GPU's kernel the borders alone.
struct Packing::Plan : torch::CustomClassHolder {
  int64_t window, ahead;             // keys before the first query
  std::vector<Piece> pieces;
  at::Tensor queries, keys;          // [N + 1] int32 on the GPU: borders of queries and of keys
  int64_t longest_queries = 0, longest_keys = 0;

  Plan(const std::vector<int32_t>& cu_seqlens, int64_t reach, int64_t keys_ahead, const at::TensorOptions& options) : window(reach), ahead(keys_ahead) {
    if (on_flash(options)) {
      lay_borders(cu_seqlens, options);
    } else {
      cut(cu_seqlens, options);
    }
  }

 private:
  void lay_borders(const std::vector<int32_t>& cu_seqlens, const at::TensorOptions& options) {
    std::vector<int32_t> of_keys = {0};
    for (size_t n = 0; n + 1 < cu_seqlens.size(); ++n) {
      of_keys.push_back(static_cast<int32_t>(ahead) + cu_seqlens[n + 1]);
      longest_queries = std::max<int64_t>(longest_queries, cu_seqlens[n + 1] - cu_seqlens[n]);
      longest_keys = std::max<int64_t>(longest_keys, of_keys[n + 1] - of_keys[n]);
    }
    queries = at::tensor(cu_seqlens, at::kInt).to(options.device());
    keys = at::tensor(of_keys, at::kInt).to(options.device());
  }

  // Keys are counted from the first one ahead; token t sees keys first(t) .. ahead + t.
  void cut(const std::vector<int32_t>& cu_seqlens, const at::TensorOptions& options) {
    std::vector<int64_t> first(cu_seqlens.back());
    for (size_t n = 0; n + 1 < cu_seqlens.size(); ++n) {
      const int64_t begin = cu_seqlens[n], end = cu_seqlens[n + 1], earliest = n == 0 ? 0 : ahead + begin, length = ahead + end - earliest;
      for (int64_t t = begin; t < end; ++t) first[t] = std::max(earliest, window == 0 ? earliest : ahead + t - window + 1);
      const bool whole = window == 0 || window >= length;
      if (whole && length == end - begin && length > kTogether) {
        pieces.push_back({begin, end, earliest, ahead + end, true, {}});
      } else if (length <= kTogether && !pieces.empty() && !pieces.back().causal && end - pieces.back().begin <= kTogether) {
        pieces.back().end = end;
        pieces.back().last = ahead + end;
      } else {
        for (int64_t t = begin, step = piece_length(window); t < end; t += step) {
          pieces.push_back({t, std::min(t + step, end), first[t], ahead + std::min(t + step, end), false, {}});
        }
      }
    }
    for (Piece& piece : pieces) {
      if (!piece.causal) piece.bias = bias_of(piece, first, options);
    }
  }

  // The pieces within a long document look alike and share one bias.
  at::Tensor bias_of(const Piece& piece, const std::vector<int64_t>& first, const at::TensorOptions& options) {
    std::vector<int64_t> from;  // first key of each query, counted from the piece's first key
    for (int64_t t = piece.begin; t < piece.end; ++t) from.push_back(first[t] - piece.first);
    const std::tuple<std::vector<int64_t>, int64_t> shape = {from, piece.last - piece.first};
    for (const auto& [known, bias] : biases_) {
      if (known == shape) return bias;
    }
    const int64_t rows = piece.end - piece.begin, columns = piece.last - piece.first;
    const at::Tensor key = at::arange(columns, at::kLong);                                                             // [K]
    const at::Tensor low = at::tensor(from, at::kLong).unsqueeze(1);                                                   // [Q, 1]
    const at::Tensor high = (at::arange(rows, at::kLong) + (ahead + piece.begin - piece.first)).unsqueeze(1);          // [Q, 1]
    const at::Tensor hidden = (key < low) | (key > high);                                                              // [Q, K]
    const at::Tensor bias = at::zeros({rows, columns}, at::TensorOptions(at::kFloat)).masked_fill_(hidden, -std::numeric_limits<double>::infinity());
    return biases_.emplace_back(shape, bias.to(options.device(), c10::typeMetaToScalarType(options.dtype()))).second;
  }

  std::vector<std::pair<std::tuple<std::vector<int64_t>, int64_t>, at::Tensor>> biases_;
};

namespace {

// [Q, H, D] -> [G, R, Q, D]: the heads that share a key-value head side by side. Nothing is copied.
at::Tensor heads_of(const at::Tensor& q, int64_t groups) {
  return q.view({q.size(0), groups, q.size(1) / groups, q.size(2)}).permute({1, 2, 0, 3});
}

// [K, G, D] -> [G, R, K, D], each head seeing its group's. Nothing is copied.
at::Tensor shared(const at::Tensor& k, int64_t repeats) {
  return k.transpose(0, 1).unsqueeze(1).expand({-1, repeats, -1, -1});
}

struct Attended {
  at::Tensor y, logsumexp;  // [G, R, Q, D], [G, R, Q]
};

// softmax(q k^T / sqrt(D) + bias) v; q [G, R, Q, D], k and v [G, R, K, D]
Attended attend_piece(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const Piece& piece) {
  const auto bias = piece.causal ? std::optional<at::Tensor>() : std::optional<at::Tensor>(piece.bias);
  if (q.is_cpu()) {
    auto [y, logsumexp] = at::_scaled_dot_product_flash_attention_for_cpu(q, k, v, /*dropout_p=*/0.0, piece.causal, bias);
    return {y, logsumexp};
  }
  const at::Tensor seen = at::ones({q.size(2), k.size(2)}, q.options()).tril();
  const at::Tensor scores = at::matmul(q, k.transpose(2, 3)) / std::sqrt(static_cast<double>(q.size(3))) + (bias ? *bias : seen.log());
  const at::Tensor logsumexp = at::logsumexp(scores, {3});
  return {at::matmul(at::exp(scores - logsumexp.unsqueeze(3)), v), logsumexp};
}

struct Gradients {
  at::Tensor q, k, v;
};

Gradients attend_piece_backward(const at::Tensor& dy, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const Attended& attended,
                                const Piece& piece) {
  const auto bias = piece.causal ? std::optional<at::Tensor>() : std::optional<at::Tensor>(piece.bias);
  if (q.is_cpu()) {
    auto [dq, dk, dv] = at::_scaled_dot_product_flash_attention_for_cpu_backward(dy, q, k, v, attended.y, attended.logsumexp, /*dropout_p=*/0.0, piece.causal, bias);
    return {dq, dk, dv};
  }
  // P = softmax(S), dV = Pᵀ dY, dP = dY Vᵀ, dS = P ∘ (dP - rowsum(dY ∘ Y)), dQ = dS K / sqrt(D), dK = dSᵀ Q / sqrt(D): arXiv:2205.14135, B.2
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(3)));
  const at::Tensor seen = at::ones({q.size(2), k.size(2)}, q.options()).tril();
  const at::Tensor scores = at::matmul(q, k.transpose(2, 3)) * scale + (bias ? *bias : seen.log());
  const at::Tensor p = at::exp(scores - attended.logsumexp.unsqueeze(3));                                                   // [G, R, Q, K]
  const at::Tensor ds = p * (at::matmul(dy, v.transpose(2, 3)) - (dy * attended.y).sum(3, /*keepdim=*/true)) * scale;  // [G, R, Q, K]
  return {at::matmul(ds, k), at::matmul(ds.transpose(2, 3), q), at::matmul(p.transpose(2, 3), dy)};
}

class PiecesFunction : public torch::autograd::Function<PiecesFunction> {
 public:
  static Variable forward(AutogradContext* context, const Variable& q, const Variable& k, const Variable& v, const c10::intrusive_ptr<Packing::Plan>& plan) {
    const variable_list attended = held([&] { return attend(q, k, v, *plan); });
    variable_list saved = {q, k, v};
    saved.insert(saved.end(), attended.begin(), attended.end());
    context->save_for_backward(saved);
    context->saved_data["plan"] = c10::IValue::make_capsule(plan);
    return attended[0];
  }

  static variable_list backward(AutogradContext* context, variable_list outputs) {
    const variable_list saved = context->get_saved_variables();
    const auto plan = c10::static_intrusive_pointer_cast<Packing::Plan>(context->saved_data["plan"].toCapsule());
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2], &y = saved[3];
    const at::Tensor dy = outputs[0].contiguous();
    const int64_t groups = k.size(1), repeats = q.size(1) / groups;
    const at::Tensor dq = at::empty_like(q, at::MemoryFormat::Contiguous);
    const at::Tensor dk = at::zeros_like(k, at::MemoryFormat::Contiguous), dv = at::zeros_like(v, at::MemoryFormat::Contiguous);
    for (size_t i = 0; i < plan->pieces.size(); ++i) {
      const Piece& piece = plan->pieces[i];
      const auto rows = [&](const at::Tensor& x) { return heads_of(x.slice(0, piece.begin, piece.end), groups); };   // [G, R, Q, D]
      const auto keys = [&](const at::Tensor& x) { return shared(x.slice(0, piece.first, piece.last), repeats); };  // [G, R, K, D]
      const Gradients d = attend_piece_backward(rows(dy), rows(q), keys(k), keys(v), {rows(y), saved[4 + i]}, piece);
      rows(dq).copy_(d.q);
      const auto add = [&](const at::Tensor& to, const at::Tensor& x) {  // x [G, R, K, D]
        to.slice(0, piece.first, piece.last).transpose(0, 1).add_(repeats == 1 ? x.squeeze(1) : x.sum(1));
      };
      add(dk, d.k);
      add(dv, d.v);
    }
    return {dq, dk, dv, {}};
  }

 private:
  // y [T, H, D], and each piece's logsumexp.
  static variable_list attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const Packing::Plan& plan) {
    const int64_t groups = k.size(1), repeats = q.size(1) / groups;
    const at::Tensor y = at::empty_like(q, at::MemoryFormat::Contiguous);  // [T, H, D]
    variable_list attended = {y};
    for (const Piece& piece : plan.pieces) {
      const auto keys = [&](const at::Tensor& x) { return shared(x.slice(0, piece.first, piece.last), repeats); };  // [G, R, K, D]
      const Attended part = attend_piece(heads_of(q.slice(0, piece.begin, piece.end), groups), keys(k), keys(v), piece);
      heads_of(y.slice(0, piece.begin, piece.end), groups).copy_(part.y);
      attended.push_back(part.logsumexp);
    }
    return attended;
  }
};

// FlashAttention-2 as LibTorch has it, whose window counts the keys to the left of the token.
class FlashFunction : public torch::autograd::Function<FlashFunction> {
 public:
  static Variable forward(AutogradContext* context, const Variable& q, const Variable& k, const Variable& v, const c10::intrusive_ptr<Packing::Plan>& plan) {
    const bool dense = plan->window == 0;
    const variable_list attended = held([&] {  // y, logsumexp, and two that tell of random numbers
      const auto out = at::_flash_attention_forward(q, k, v, plan->queries, plan->keys, plan->longest_queries, plan->longest_keys, /*dropout_p=*/0.0,
                                                    /*is_causal=*/dense, /*return_debug_mask=*/false, /*scale=*/std::nullopt,
                                                    /*window_size_left=*/dense ? -1 : plan->window - 1, /*window_size_right=*/dense ? -1 : 0);
      return variable_list{std::get<0>(out), std::get<1>(out), std::get<2>(out), std::get<3>(out)};
    });
    context->save_for_backward({q, k, v, attended[0], attended[1], attended[2], attended[3]});
    context->saved_data["plan"] = c10::IValue::make_capsule(plan);
    return attended[0];
  }

  static variable_list backward(AutogradContext* context, variable_list outputs) {
    const variable_list saved = context->get_saved_variables();
    const auto plan = c10::static_intrusive_pointer_cast<Packing::Plan>(context->saved_data["plan"].toCapsule());
    const bool dense = plan->window == 0;
    const auto d = at::_flash_attention_backward(outputs[0].contiguous(), saved[0], saved[1], saved[2], saved[3], saved[4], plan->queries, plan->keys,
                                                 plan->longest_queries, plan->longest_keys, /*dropout_p=*/0.0, /*is_causal=*/dense, saved[5], saved[6],
                                                 /*scale=*/std::nullopt, dense ? -1 : plan->window - 1, dense ? -1 : 0);
    return {std::get<0>(d), std::get<1>(d), std::get<2>(d), {}};
  }
};

}  // namespace

Packing::Packing(const Batch& batch, at::TensorOptions options, Halo* halo)
    : cu_seqlens_(batch.cu_seqlens), before_(batch.before), continues_(batch.continues), halo_(halo), options_(options.requires_grad(false)) {
  std::vector<int64_t> positions;
  for (size_t n = 0; n + 1 < cu_seqlens_.size(); ++n) {
    for (int64_t i = 0; i < cu_seqlens_[n + 1] - cu_seqlens_[n]; ++i) positions.push_back(i + (n == 0 ? before_ : 0));
  }
  positions_ = at::tensor(positions, at::kLong).to(options.device());
}

Packing::~Packing() = default;

const c10::intrusive_ptr<Packing::Plan>& Packing::plan_of(int64_t window, int64_t ahead) {
  for (const auto& plan : plans_) {
    if (plan->window == window && plan->ahead == ahead) return plan;
  }
  return plans_.emplace_back(c10::make_intrusive<Plan>(cu_seqlens_, window, ahead, options_));
}

at::Tensor Packing::attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t window) {
  const auto met = [&](const at::Tensor& queries, const at::Tensor& keys, const at::Tensor& values) {
    const auto& plan = plan_of(window, keys.size(0) - queries.size(0));
    return on_flash(options_) ? FlashFunction::apply(queries, keys, values, plan) : PiecesFunction::apply(queries, keys, values, plan);
  };
  if (before_ == 0 && !continues_) return met(q, k, v);
  if (halo_ == nullptr || window == 0) throw std::logic_error("attention over a stretch of a pack needs its neighbours and a window");
  // A token's window reaches W - 1 tokens to the left: the last keys and values of the left neighbour, which has at least so many.
  at::Tensor queries = q, keys = k, values = v;
  const int64_t reach = window - 1, ahead = std::min(reach, before_);
  if (continues_) {
    const int64_t last = cu_seqlens_.back() - cu_seqlens_[cu_seqlens_.size() - 2] + (cu_seqlens_.size() == 2 ? before_ : 0);  // the last document's tokens so far
    const int64_t owed = std::min(reach, last);
    if (owed > k.size(0)) throw std::logic_error("a stretch of " + std::to_string(k.size(0)) + " tokens is shorter than the window");
    queries = sent_right(*halo_, at::cat({k.slice(0, k.size(0) - owed), v.slice(0, v.size(0) - owed)}, 1), q);  // [owed, 2 G, D]
  }
  if (before_ > 0) {
    const at::Tensor left = taken_left(*halo_, {ahead, 2 * k.size(1), k.size(2)}, k.scalar_type(), queries);  // [ahead, 2 G, D]
    keys = at::cat({left.slice(1, 0, k.size(1)), k});
    values = at::cat({left.slice(1, k.size(1)), v});
  }
  return met(queries, keys, values);
}

}  // namespace smooth
