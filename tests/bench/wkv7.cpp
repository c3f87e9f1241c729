// The WKV operator against its sequential twin, forward and backward, on the same inputs in one run. Prints a JSON object.
//
//   build/release/bench_wkv7 [TOKENS 2048] [HEADS 32] [SIZE 64] [THREADS 2]
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <vector>

#include "model/naive.h"
#include "model/ops/wkv7.h"

using namespace smooth;

namespace {

struct Seconds {
  double forward = 0, backward = 0;
};

// As an RWKV-7 layer makes them: decays above 0.545, a of length one, b against it.
std::vector<at::Tensor> inputs(int64_t tokens, int64_t heads, int64_t size, at::ScalarType dtype) {
  at::manual_seed(1);
  const auto draw = [&] { return at::randn({tokens, heads, size}, at::kDouble); };
  const at::Tensor drawn = draw(), direction = drawn / drawn.norm(2, {2}, true);
  std::vector<at::Tensor> all = {draw(), at::exp(-0.606531 * at::sigmoid(draw() * 3)), draw() * 0.3, draw(), -direction, direction * at::sigmoid(draw())};
  for (at::Tensor& x : all) x = x.to(dtype).requires_grad_();
  return all;
}

template <class Compute>
Seconds time(const std::vector<at::Tensor>& x, int64_t repeats, const Compute& compute) {
  Seconds best{1e9, 1e9};
  for (int64_t i = 0; i < repeats; ++i) {
    using Clock = std::chrono::steady_clock;
    const auto begin = Clock::now();
    const at::Tensor y = compute(x);
    const auto middle = Clock::now();
    y.sum().backward();
    const auto end = Clock::now();
    best.forward = std::min(best.forward, std::chrono::duration<double>(middle - begin).count());
    best.backward = std::min(best.backward, std::chrono::duration<double>(end - middle).count());
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i, int64_t otherwise) { return argc > i ? std::atoll(argv[i]) : otherwise; };
  const int64_t tokens = argument(1, 2048), heads = argument(2, 32), size = argument(3, 64);
  at::set_num_threads(static_cast<int>(argument(4, 2)));
  const std::vector<int32_t> cu_seqlens = {0, static_cast<int32_t>(tokens)};
  const Seconds fast = time(inputs(tokens, heads, size, at::kFloat), 5,
                            [&](const std::vector<at::Tensor>& x) { return wkv7({x[0], x[1], x[2], x[3], x[4], x[5]}, cu_seqlens).y; });
  const Seconds twin = time(inputs(tokens, heads, size, at::kDouble), 1, [&](const std::vector<at::Tensor>& x) {
    at::Tensor state = at::zeros({1, heads, size, size}, at::kDouble);
    return naive_wkv7(x[0], x[1], x[2], x[3], x[4], x[5], cu_seqlens, state);
  });
  fmt::print(R"({{"bench": "wkv7", "tokens": {}, "heads": {}, "size": {}, "threads": {}, "forward_seconds": {:.4f}, "backward_seconds": {:.4f}, )"
             R"("twin_forward_seconds": {:.3f}, "twin_backward_seconds": {:.3f}, "forward_ratio": {:.1f}, "backward_ratio": {:.1f}}})" "\n",
             tokens, heads, size, at::get_num_threads(), fast.forward, fast.backward, twin.forward, twin.backward,
             twin.forward / fast.forward, twin.backward / fast.backward);
  return 0;
}
