// The head's loss in pieces against its formula, forward and gradients.
#include "model/ops/head_loss.h"

#include <cmath>

#include "model/naive.h"
#include "tests/model/support.h"

using namespace smooth;

TEST_CASE("the loss in pieces is the formula's, with its gradients", "[cpu]") {
  at::manual_seed(1);
  // 1 << 18 words make pieces of 16 tokens
  const auto [tokens, words] = GENERATE(table<int64_t, int64_t>({{0, 7}, {1, 7}, {100, 50}, {33, 1 << 18}, {16, 1 << 18}}));
  const auto [dtype, ratio] = GENERATE(table<at::ScalarType, double>({{at::kDouble, 1e-12}, {at::kFloat, 2e-6}, {at::kBFloat16, 1e-2}}));
  INFO(tokens << " tokens, " << words << " words, " << dtype);
  const at::Tensor hidden = random_tensor({tokens, 12}).to(dtype), weight = random_tensor({words, 12}).to(dtype);
  const at::Tensor targets = at::randint(words, {tokens}, at::kLong);
  const at::Tensor h = hidden.to(at::kDouble).requires_grad_(), w = weight.to(at::kDouble).requires_grad_();
  const at::Tensor expected = naive_head_loss(h, w, targets);
  expected.backward();

  const at::Tensor d_weight = at::ones({words, 12}, at::TensorOptions(dtype == at::kDouble ? at::kDouble : at::kFloat));
  const HeadLoss loss = head_loss(hidden, weight, targets, true, d_weight);
  CHECK(loss.sum.item<double>() == Approx(expected.item<double>()).epsilon(ratio));
  // A product's sum over all words is rounded as often.
  if (tokens > 0) check_close("d_hidden", h.grad(), loss.d_hidden, ratio * std::max(1.0, std::sqrt(static_cast<double>(words)) / 10));
  check_close("d_weight", w.grad(), d_weight - 1, dtype == at::kBFloat16 ? 2e-2 : ratio);
  const HeadLoss alone = head_loss(hidden, weight, targets);
  CHECK(at::equal(alone.sum, loss.sum));
  CHECK_FALSE(alone.d_hidden.defined());
  if (tokens > 0) CHECK(at::equal(head_loss(hidden, weight, targets, true).d_hidden, loss.d_hidden));  // a head that is not trained
}
