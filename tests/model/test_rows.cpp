// RMSNorm and RoPE by the row kernels against their twins.
#include <limits>

#include "model/naive.h"
#include "model/ops/rms_norm.h"
#include "model/ops/rope.h"
#include "tests/model/support.h"

using namespace smooth;

TEST_CASE("RMSNorm by rows is its formula, in fp32 and bf16", "[cpu][kernels]") {
  at::manual_seed(1);
  const int64_t tokens = GENERATE(0, 1, 5, 200), width = GENERATE(1, 15, 16, 100, 896);
  const at::ScalarType dtype = GENERATE(at::kFloat, at::kBFloat16);
  INFO(tokens << " tokens of " << width << ", " << dtype);
  const at::Tensor x = (random_tensor({tokens, width}) * 3).to(dtype), weight = random_tensor({width}).to(dtype);
  const at::Tensor y = rms_norm(x, weight, 1e-6);
  CHECK(y.scalar_type() == dtype);
  if (tokens == 0) return;
  check_close("exact", rms_norm(x.to(at::kDouble), weight.to(at::kDouble), 1e-6), y, dtype == at::kFloat ? 1e-6 : 6e-3);
  // Sums in another order may move a value across a border between two of bf16: by one of its steps, in few places.
  const at::Tensor twin = naive_rms_norm(x, weight, 1e-6);
  CHECK(at::allclose(twin, y, dtype == at::kFloat ? 1e-5 : 1.0 / 64, 1e-6));
  if (dtype == at::kBFloat16) CHECK((twin != y).sum().item<int64_t>() <= twin.numel() / 100);
}

TEST_CASE("RMSNorm of what is no number or too large is none", "[cpu][kernels]") {
  const double bad = GENERATE(std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity());
  const at::ScalarType dtype = GENERATE(at::kFloat, at::kBFloat16);
  const at::Tensor x = at::ones({2, 40}, at::TensorOptions(dtype)), weight = at::ones({40}, at::TensorOptions(dtype));
  x[1][3] = bad;
  const at::Tensor y = rms_norm(x, weight, 0);
  CHECK(at::equal(y[0], weight));
  CHECK(y[1][3].isnan().item<bool>());
}

TEST_CASE("RoPE by rows is its formula, in bf16 to the bit", "[cpu][kernels]") {
  at::manual_seed(2);
  const int64_t tokens = GENERATE(1, 3, 150), heads = GENERATE(1, 2, 14), width = GENERATE(2, 10, 64, 128);
  const at::ScalarType dtype = GENERATE(at::kFloat, at::kBFloat16);
  INFO(tokens << " tokens of " << heads << " heads of " << width << ", " << dtype);
  const Rotation turn = rotation(at::randint(100000, {tokens}, at::kLong), width, 1e4, {}, dtype);
  const at::Tensor x = random_tensor({tokens, heads, width}).to(dtype);
  const at::Tensor y = rotate(x, turn), twin = naive_rotate(x, turn);
  CHECK(y.scalar_type() == dtype);
  if (dtype == at::kBFloat16) {
    CHECK(at::equal(twin, y));
  } else {
    check_close("y", twin, y, 1e-6);
  }
}
