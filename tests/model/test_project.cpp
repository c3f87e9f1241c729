// The decoding kernel against LibTorch's product.
#include <ATen/Parallel.h>

#include <mutex>
#include <set>
#include <thread>

#include "model/ops/project.h"
#include "tests/model/support.h"

using namespace smooth;

TEST_CASE("x Wᵀ + b for few rows is LibTorch's, in fp32 and bf16", "[cpu][kernels]") {
  at::NoGradGuard no_grad;
  at::manual_seed(1);
  const int64_t rows = GENERATE(1, 2, 3, 4, 5), width = GENERATE(1, 16, 63, 64, 200), out = GENERATE(1, 7, 300);
  const at::ScalarType dtype = GENERATE(at::kFloat, at::kBFloat16);
  const bool biased = GENERATE(false, true);
  INFO("rows " << rows << " width " << width << " out " << out << " dtype " << dtype);
  const at::Tensor x = random_tensor({rows, width}).to(dtype), w = random_tensor({out, width}).to(dtype),
                   b = biased ? random_tensor({out}).to(dtype) : at::Tensor();
  at::Tensor exact = x.to(at::kDouble).mm(w.to(at::kDouble).t());
  if (biased) exact = exact + b.to(at::kDouble);
  const at::Tensor y = project(x, w, b);
  CHECK(y.scalar_type() == dtype);
  check_close("y", exact, y, dtype == at::kFloat ? 1e-6 : 4e-3);
}

TEST_CASE("several products at once are each as alone, whatever threads share them", "[cpu]") {
  at::NoGradGuard no_grad;
  at::manual_seed(2);
  const int threads = GENERATE(1, 2, 3), before = at::get_num_threads();
  at::set_num_threads(threads);
  std::vector<Product> products;
  for (const auto& [width, out] : std::vector<std::pair<int64_t, int64_t>>{{64, 3}, {200, 500}, {33, 1}, {768, 100}, {16, 0}, {48, 700}}) {
    products.push_back({random_tensor({2, width}, at::kFloat), random_tensor({out, width}, at::kFloat), random_tensor({out}, at::kFloat)});
  }
  products.push_back({random_tensor({2, 40}, at::kFloat), random_tensor({40, 50}, at::kFloat).t(), {}});  // does not lie as the kernel reads
  const std::vector<at::Tensor> together = project_all(products);
  for (size_t i = 0; i < products.size(); ++i) {
    INFO("product " << i);
    CHECK(at::equal(together[i], project(products[i].x, products[i].weight, products[i].bias)));
  }
  at::set_num_threads(before);
}

TEST_CASE("gradients go through it", "[cpu]") {
  const at::Tensor x = random_tensor({2, 8}, at::kFloat).requires_grad_(), w = random_tensor({5, 8}, at::kFloat).requires_grad_();
  project(x, w).sum().backward();
  check_close("dx", w.sum(0).expand({2, 8}), x.grad(), 1e-6);
  check_close("dw", x.sum(0).expand({5, 8}), w.grad(), 1e-6);
}

// Compiled without OpenMP, at::parallel_for calls its function once, on the calling thread, and says nothing.
TEST_CASE("work that is spread over threads runs on several", "[cpu]") {
  const int before = at::get_num_threads();
  at::set_num_threads(2);
  std::mutex mutex;
  std::set<std::thread::id> threads;
  at::parallel_for(0, 2, 1, [&](int64_t, int64_t) {
    const std::scoped_lock lock(mutex);
    threads.insert(std::this_thread::get_id());
  });
  at::set_num_threads(before);
  CHECK(threads.size() == 2);
}
