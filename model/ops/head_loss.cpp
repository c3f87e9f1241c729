#include "model/ops/head_loss.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace smooth {
namespace {

// Of a piece's logits in fp32. On the CPU they should stay in the cache; a GPU wants few, large products.
constexpr int64_t kPieceOnCpu = 16 << 20, kPieceOnGpu = 256 << 20;

int64_t piece_length(const at::Tensor& weight) {
  const int64_t bytes = weight.is_cpu() ? kPieceOnCpu : kPieceOnGpu;
  return std::max<int64_t>(16, bytes / (4 * weight.size(0)));
}

// into += aᵀ b, the sums in fp32: a [n, V], b [n, C], into [V, C]
void add_product(const at::Tensor& into, const at::Tensor& a, const at::Tensor& b) {
  if (a.scalar_type() == into.scalar_type()) {
    into.addmm_(a.t(), b);
  } else if (a.is_cuda()) {
    into.copy_(at::addmm(into, a.t(), b, into.scalar_type()));
  } else {
    into.add_(a.t().mm(b));
  }
}

}  // namespace

HeadLoss head_loss(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets, bool with_gradients, const at::Tensor& d_weight) {
  at::NoGradGuard no_grad;
  const at::ScalarType wide = hidden.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  HeadLoss loss = {at::zeros({}, hidden.options().dtype(wide).requires_grad(false)), with_gradients ? at::empty_like(hidden) : at::Tensor()};
  const int64_t tokens = hidden.size(0), length = piece_length(weight);
  for (int64_t begin = 0; begin < tokens; begin += length) {
    const int64_t end = std::min(tokens, begin + length);
    const at::Tensor h = hidden.slice(0, begin, end), target = targets.slice(0, begin, end).unsqueeze(1);  // [n, C], [n, 1]
    at::Tensor logits = at::linear(h, weight).to(wide);                                                    // [n, V]
    const at::Tensor log_sum = at::logsumexp(logits, {1}, /*keepdim=*/true);                               // [n, 1]
    // -log softmax(z)[y] = log Σ exp z - z_y
    loss.sum += (log_sum - logits.gather(1, target)).sum();
    if (!with_gradients) continue;
    // d/dz = softmax(z) - onehot(y)
    logits.sub_(log_sum).exp_().scatter_add_(1, target, at::full_like(target, -1, logits.options()));
    const at::Tensor d = logits.to(hidden.scalar_type());
    at::Tensor to = loss.d_hidden.slice(0, begin, end);
    at::mm_out(to, d, weight);
    if (d_weight.defined()) add_product(d_weight, d, h);
  }
  return loss;
}

}  // namespace smooth
