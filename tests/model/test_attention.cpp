// Attention against its naive twin: packed training and ring reading, forward and gradients, odd lengths, every window.
#include "model/ops/packed_attention.h"
#include "model/ops/ring_attention.h"

#include "model/naive.h"
#include "tests/model/support.h"

using namespace smooth;

namespace {

std::vector<int32_t> borders(const std::vector<int32_t>& lengths) {
  std::vector<int32_t> borders = {0};
  for (const int32_t length : lengths) borders.push_back(borders.back() + length);
  return borders;
}

}  // namespace

TEST_CASE("packed attention equals the naive twin, forward and backward", "[cpu]") {
  at::manual_seed(1);
  const std::vector<std::vector<int32_t>> packs = {{1}, {63}, {64}, {65}, {200, 1, 7}, {3, 130, 64, 2}, {257}};
  for (const auto& lengths : packs) {
    const auto cu = borders(lengths);
    for (const int64_t window : {0, 1, 2, 7, 64, 65, 128, 500}) {
      at::Tensor q = random_tensor({cu.back(), 4, 6}).requires_grad_(), k = random_tensor({cu.back(), 2, 6}).requires_grad_(),
                 v = random_tensor({cu.back(), 2, 6}).requires_grad_();
      const at::Tensor weight = random_tensor({cu.back(), 4, 6});
      const at::Tensor expected = naive_attention(q, k, v, cu, window);
      (expected * weight).sum().backward();
      const at::Tensor dq = q.grad().clone(), dk = k.grad().clone(), dv = v.grad().clone();
      for (at::Tensor* x : {&q, &k, &v}) x->mutable_grad() = at::Tensor();
      Batch batch;
      batch.cu_seqlens = cu;
      Packing packing(batch, q.options());
      const at::Tensor got = packing.attend(q, k, v, window);
      (got * weight).sum().backward();
      INFO("documents " << lengths.size() << ", first of " << lengths[0] << ", window " << window);
      check_close("y", expected, got, 1e-12);
      check_close("dq", dq, q.grad(), 1e-11);
      check_close("dk", dk, k.grad(), 1e-11);
      check_close("dv", dv, v.grad(), 1e-11);
    }
  }
}

TEST_CASE("ring attention equals the naive twin for any chunking of any rows", "[cpu]") {
  at::manual_seed(2);
  const int64_t total = 61;
  const auto options = at::TensorOptions().dtype(at::kDouble);
  for (const int64_t window : {0, 1, 2, 8, 16, 100}) {
    KvState state(3, {window, window}, 2, 6, options);
    std::vector<at::Tensor> q, k, v, expected;
    std::vector<std::vector<at::Tensor>> got(3);
    for (int64_t row = 0; row < 3; ++row) {
      q.push_back(random_tensor({total, 4, 6}));
      k.push_back(random_tensor({total, 2, 6}));
      v.push_back(random_tensor({total, 2, 6}));
      expected.push_back(naive_attention(q[row], k[row], v[row], {0, static_cast<int32_t>(total)}, window));
    }
    // Rows 2 and 0 march in one step, at first with one length, then with unlike ones, row 1 alone; singles, chunks and more than a
    // window at once.
    const std::vector<std::vector<int64_t>> marches = {{9, 1, 1, 20, 3, 1, 26}, {4, 1, 37, 1, 1, 1, 16}, {9, 1, 1, 1, 33, 1, 15}};
    std::vector<int64_t> at(3, 0);
    const auto take = [&](const std::vector<int64_t>& rows, const std::vector<int64_t>& lengths) {
      Step step;
      std::vector<at::Tensor> qs, ks, vs;
      for (size_t n = 0; n < rows.size(); ++n) {
        step.rows.push_back(rows[n]);
        step.lengths.push_back(lengths[n]);
        step.ids.resize(step.ids.size() + lengths[n], 0);
        qs.push_back(q[rows[n]].narrow(0, at[rows[n]], lengths[n]));
        ks.push_back(k[rows[n]].narrow(0, at[rows[n]], lengths[n]));
        vs.push_back(v[rows[n]].narrow(0, at[rows[n]], lengths[n]));
      }
      RingPlan plan(step, state, options);
      plan.attend(at::cat(qs), at::cat(ks), at::cat(vs), 0, state);
      const at::Tensor y = plan.attend(at::cat(qs), at::cat(ks), at::cat(vs), 1, state);
      plan.finish(state);
      int64_t begin = 0;
      for (size_t n = 0; n < rows.size(); ++n) {
        got[rows[n]].push_back(y.narrow(0, begin, lengths[n]));
        begin += lengths[n];
        at[rows[n]] += lengths[n];
      }
    };
    for (size_t i = 0; i < marches[0].size(); ++i) {
      take({2, 0}, {marches[2][i], marches[0][i]});
      take({1}, {marches[1][i]});
      if (i == 3) state = dynamic_cast<KvState&>(*state.clone());  // a copy carries on alike
    }
    for (int64_t row = 0; row < 3; ++row) {
      INFO("window " << window << ", row " << row);
      REQUIRE(state.seen(row) == total);
      check_close("y", expected[row], at::cat(got[row]), 1e-12);
    }
  }
}

TEST_CASE("a window's ring does not grow with the reading, a dense one does", "[cpu]") {
  const auto options = at::TensorOptions().dtype(at::kFloat);
  const auto bytes_after = [&](int64_t window, int64_t tokens) {
    KvState state(1, {window}, 2, 8, options);
    for (int64_t t = 0; t < tokens; t += 32) {
      const Step step{.ids = std::vector<int64_t>(32, 0), .rows = {0}, .lengths = {32}};
      RingPlan plan(step, state, options);
      const at::Tensor x = at::zeros({32, 2, 8}, options);
      plan.attend(x, x, x, 0, state);
      plan.finish(state);
    }
    return state.bytes();
  };
  CHECK(bytes_after(16, 64) == bytes_after(16, 4096));
  CHECK(bytes_after(0, 4096) > 16 * bytes_after(0, 64));
}
