#include "model/ops/wkv7.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <stdexcept>

#include "model/ops/wkv7_cpu.h"

namespace smooth {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// Where each document's tokens and kept states begin.
struct Documents {
  explicit Documents(const std::vector<int32_t>& cu_seqlens) : begins(cu_seqlens) {
    for (size_t d = 0; d + 1 < begins.size(); ++d) kept.push_back(kept.back() + (tokens(d) + kWkvKeep - 1) / kWkvKeep);
  }
  int64_t count() const { return static_cast<int64_t>(begins.size()) - 1; }
  int64_t tokens(int64_t d) const { return begins[d + 1] - begins[d]; }

  const std::vector<int32_t>& begins;  // [D + 1]
  std::vector<int64_t> kept = {0};     // [D + 1]
};

// Calls visit(document, head) for all of them, spread over threads.
template <class Visit>
void for_each_head(int64_t documents, int64_t heads, const Visit& visit) {
  at::parallel_for(0, documents * heads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) visit(i / heads, i % heads);
  });
}

WkvHead head_of(const std::vector<at::Tensor>& inputs, const Documents& documents, int64_t d, int64_t h) {
  const int64_t heads = inputs[0].size(1), size = inputs[0].size(2), at = (documents.begins[d] * heads + h) * size;
  const auto from = [&](int i) { return inputs[i].const_data_ptr<float>() + at; };
  return {from(0), from(1), from(2), from(3), from(4), from(5), documents.tokens(d), size, heads * size};
}

struct Walked {
  at::Tensor y, kept;  // [T, H, N]; states kept on the way for the backward pass [H, kept, N, N]
};

// Forward, fp32 and contiguous on the CPU: inputs r w k v a b [T, H, N]; the state [D, H, N, N] moves on.
Walked walk(const std::vector<at::Tensor>& inputs, at::Tensor& state, const std::vector<int32_t>& cu_seqlens, bool keep) {
  const at::Tensor& r = inputs[0];
  const int64_t heads = r.size(1), size = r.size(2), square = size * size;
  const Documents documents(cu_seqlens);
  const Walked walked = {at::empty_like(r), at::empty({keep ? heads * documents.kept.back() * square : 0}, r.options())};
  float *to = walked.y.data_ptr<float>(), *states = state.data_ptr<float>(), *kept = walked.kept.data_ptr<float>();
  for_each_head(documents.count(), heads, [&](int64_t d, int64_t h) {
    const int64_t place = h * documents.kept.back() + documents.kept[d];
    wkv7_head(head_of(inputs, documents, d, h), to + (cu_seqlens[d] * heads + h) * size, states + (d * heads + h) * square,
              keep ? kept + place * square : nullptr);
  });
  return walked;
}

class WkvFunction : public torch::autograd::Function<WkvFunction> {
 public:
  static variable_list forward(AutogradContext* context, const Variable& r, const Variable& w, const Variable& k, const Variable& v,
                               const Variable& a, const Variable& b, const Variable& state, const std::vector<int32_t>& cu_seqlens) {
    at::Tensor last = state.clone(at::MemoryFormat::Contiguous);
    const Walked walked = walk({r, w, k, v, a, b}, last, cu_seqlens, /*keep=*/true);
    context->save_for_backward({r, w, k, v, a, b, walked.kept});
    context->saved_data["cu_seqlens"] = std::vector<int64_t>(cu_seqlens.begin(), cu_seqlens.end());
    return {walked.y, last};
  }

  static variable_list backward(AutogradContext* context, variable_list outputs) {
    const variable_list saved = context->get_saved_variables();
    const std::vector<at::Tensor> inputs(saved.begin(), saved.begin() + 6);
    const std::vector<int64_t> borders = context->saved_data["cu_seqlens"].toIntVector();
    const std::vector<int32_t> cu_seqlens(borders.begin(), borders.end());
    const Documents documents(cu_seqlens);
    const int64_t heads = saved[0].size(1), size = saved[0].size(2), square = size * size;
    const at::Tensor dy = outputs[0].defined() ? outputs[0].contiguous() : at::zeros_like(saved[0]);
    const at::Tensor dstate = outputs[1].defined() ? outputs[1].clone(at::MemoryFormat::Contiguous)
                                                   : at::zeros({documents.count(), heads, size, size}, saved[0].options());
    std::vector<at::Tensor> gradients;
    std::vector<float*> to;
    for (const at::Tensor& input : inputs) {
      gradients.push_back(at::empty_like(input));
      to.push_back(gradients.back().data_ptr<float>());
    }
    const float *from = dy.const_data_ptr<float>(), *kept = saved[6].const_data_ptr<float>();
    float* states = dstate.data_ptr<float>();
    for_each_head(documents.count(), heads, [&](int64_t d, int64_t h) {
      const int64_t at = (cu_seqlens[d] * heads + h) * size, place = h * documents.kept.back() + documents.kept[d];
      wkv7_head_backward(head_of(inputs, documents, d, h), from + at, kept + place * square, states + (d * heads + h) * square,
                         {to[0] + at, to[1] + at, to[2] + at, to[3] + at, to[4] + at, to[5] + at});
    });
    return {gradients[0], gradients[1], gradients[2], gradients[3], gradients[4], gradients[5], dstate, {}};
  }
};

void check(const WkvInputs& inputs, const std::vector<int32_t>& cu_seqlens, const at::Tensor& state) {
  const at::Tensor& r = inputs.r;
  for (const at::Tensor* x : {&inputs.w, &inputs.k, &inputs.v, &inputs.a, &inputs.b}) {
    if (r.dim() == 3 && x->sizes() == r.sizes()) continue;
    throw std::invalid_argument("wkv7: inputs must all be [T, H, N]");
  }
  if (cu_seqlens.empty() || cu_seqlens.front() != 0 || cu_seqlens.back() != r.size(0)) {
    throw std::invalid_argument("wkv7: cu_seqlens must go from 0 to the number of tokens, " + std::to_string(r.size(0)));
  }
  const std::vector<int64_t> shape = {static_cast<int64_t>(cu_seqlens.size()) - 1, r.size(1), r.size(2), r.size(2)};
  if (state.defined() && state.sizes() != at::IntArrayRef(shape)) throw std::invalid_argument("wkv7: state must be [D, H, N, N]");
}

at::ScalarType state_type(const at::Tensor& r) { return r.scalar_type() == at::kDouble ? at::kDouble : at::kFloat; }

at::Tensor state_or_zeros(const WkvInputs& inputs, const std::vector<int32_t>& cu_seqlens, const at::Tensor& state) {
  if (state.defined()) return state.to(state_type(inputs.r));
  const int64_t documents = static_cast<int64_t>(cu_seqlens.size()) - 1, heads = inputs.r.size(1), size = inputs.r.size(2);
  return at::zeros({documents, heads, size, size}, inputs.r.options().dtype(state_type(inputs.r)).requires_grad(false));
}

// One chunk of one document in matrix products; all [H, L, N], state [H, N, N] -> y [H, L, N], state [H, N, N].
//
// With P_t the product of the decays up to t, every token before t reaches it through P_t / P_s, so with
//   r~ = r P_t,  a~ = a P_{t-1},  k~ = k / P_t,  b~ = b / P_t
//   U = a~ S0ᵀ + low(a~ b~ᵀ) U + low(a~ k~ᵀ) V        low: strictly below the diagonal; solved for U = [S_{t-1} a_t]
//   Y = r~ S0ᵀ + low0(r~ b~ᵀ) U + low0(r~ k~ᵀ) V      low0: with the diagonal
//   S = (S0 + Uᵀ b~ + Vᵀ k~) diag(P_L)
WkvOutputs chunk_products(const WkvInputs& x, const at::Tensor& state) {
  const int64_t L = x.r.size(1);
  const at::Tensor decay = x.w.log().cumsum(1);                                     // log P_t [H, L, N]
  const at::Tensor before = decay - x.w.log();                                      // log P_{t-1}
  const at::Tensor r = x.r * decay.exp(), a = x.a * before.exp(), k = x.k * (-decay).exp(), b = x.b * (-decay).exp();
  const at::Tensor past = state.transpose(1, 2);                                    // S0ᵀ [H, key, value]
  const at::Tensor right = a.bmm(past) + a.bmm(k.transpose(1, 2)).tril(-1).bmm(x.v);  // [H, L, value]
  const at::Tensor left = at::eye(L, x.r.options()) - a.bmm(b.transpose(1, 2)).tril(-1);
  const at::Tensor u = at::linalg_solve_triangular(left, right, /*upper=*/false, /*left=*/true, /*unitriangular=*/true);
  const at::Tensor y = r.bmm(past) + r.bmm(b.transpose(1, 2)).tril().bmm(u) + r.bmm(k.transpose(1, 2)).tril().bmm(x.v);
  const at::Tensor last = (state + u.transpose(1, 2).bmm(b) + x.v.transpose(1, 2).bmm(k)) * decay.select(1, L - 1).exp().unsqueeze(1);
  return {y, last};
}

bool walkable(const at::Tensor& r) { return r.device().is_cpu() && r.scalar_type() != at::kDouble && wkv7_takes(r.size(2)); }

std::vector<at::Tensor> for_walk(const WkvInputs& inputs) {
  std::vector<at::Tensor> x;
  for (const at::Tensor* input : {&inputs.r, &inputs.w, &inputs.k, &inputs.v, &inputs.a, &inputs.b}) x.push_back(input->to(at::kFloat).contiguous());
  return x;
}

constexpr int64_t kChunk = 32;  // 1 / P stays below 0.545^-32 = 3e8

}  // namespace

WkvOutputs wkv7_chunked(const WkvInputs& inputs, const std::vector<int32_t>& cu_seqlens, const at::Tensor& state) {
  check(inputs, cu_seqlens, state);
  const at::Tensor first = state_or_zeros(inputs, cu_seqlens, state);
  std::vector<at::Tensor> y, last;
  for (size_t d = 0; d + 1 < cu_seqlens.size(); ++d) {
    at::Tensor memory = first[static_cast<int64_t>(d)];
    for (int64_t begin = cu_seqlens[d]; begin < cu_seqlens[d + 1]; begin += kChunk) {
      const int64_t length = std::min<int64_t>(kChunk, cu_seqlens[d + 1] - begin);
      const auto heads_first = [&](const at::Tensor& x) { return x.narrow(0, begin, length).transpose(0, 1).to(memory.scalar_type()); };  // [H, L, N]
      const WkvOutputs chunk = chunk_products({heads_first(inputs.r), heads_first(inputs.w), heads_first(inputs.k), heads_first(inputs.v),
                                               heads_first(inputs.a), heads_first(inputs.b)}, memory);
      y.push_back(chunk.y.transpose(0, 1));  // [L, H, N]
      memory = chunk.state;
    }
    last.push_back(memory);
  }
  return {at::cat(y).to(inputs.r.scalar_type()), at::stack(last)};
}

WkvOutputs wkv7(const WkvInputs& inputs, const std::vector<int32_t>& cu_seqlens, const at::Tensor& state) {
  check(inputs, cu_seqlens, state);
  if (!walkable(inputs.r)) return wkv7_chunked(inputs, cu_seqlens, state);
  const std::vector<at::Tensor> x = for_walk(inputs);
  const at::Tensor first = state_or_zeros(inputs, cu_seqlens, state).contiguous();
  const auto wanted = [](const at::Tensor& input) { return input.requires_grad(); };
  if (!at::GradMode::is_enabled() || !(wanted(first) || std::any_of(x.begin(), x.end(), wanted))) {
    at::Tensor last = first.clone();
    return {walk(x, last, cu_seqlens, /*keep=*/false).y.to(inputs.r.scalar_type()), last};
  }
  const variable_list outputs = WkvFunction::apply(x[0], x[1], x[2], x[3], x[4], x[5], first, cu_seqlens);
  return {outputs[0].to(inputs.r.scalar_type()), outputs[1]};
}

at::Tensor wkv7_advance(const WkvInputs& inputs, const std::vector<int32_t>& cu_seqlens, at::Tensor& state) {
  at::NoGradGuard no_grad;
  check(inputs, cu_seqlens, state);
  if (walkable(inputs.r) && state.scalar_type() == at::kFloat && state.is_contiguous()) {
    return walk(for_walk(inputs), state, cu_seqlens, /*keep=*/false).y.to(inputs.r.scalar_type());
  }
  const WkvOutputs outputs = wkv7(inputs, cu_seqlens, state);
  state.copy_(outputs.state);
  return outputs.y;
}

}  // namespace smooth
