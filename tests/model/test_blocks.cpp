// What layers do to each token by themselves, and layers computed again, against their twins: forward and gradients.
#include "model/ops/norm_project.h"
#include "model/ops/recompute.h"
#include "model/ops/rms_norm.h"
#include "model/ops/swiglu.h"

#include "model/naive.h"
#include "model/rwkv7.h"
#include "tests/model/support.h"

using namespace smooth;

namespace {

struct Kind {
  at::ScalarType dtype;
  double ratio;
};

Kind kind() {
  const auto [dtype, ratio] = GENERATE(table<at::ScalarType, double>({{at::kDouble, 1e-12}, {at::kFloat, 5e-6}, {at::kBFloat16, 2e-2}}));
  return {dtype, ratio};
}

// A random leaf of the dtype, and the same numbers in double.
std::pair<at::Tensor, at::Tensor> leaf(at::IntArrayRef shape, at::ScalarType dtype) {
  const at::Tensor x = random_tensor(shape).to(dtype);
  return {x.clone().requires_grad_(), x.to(at::kDouble).requires_grad_()};
}

// Sums outputs times fixed weights, so that every gradient is met.
void backward_of(const std::vector<at::Tensor>& outputs) {
  at::Tensor total = at::zeros({}, at::kDouble);
  for (const at::Tensor& y : outputs) total = total + (y.to(at::kDouble) * at::cos(at::arange(y.numel(), at::kDouble)).view(y.sizes())).sum();
  total.backward();
}

}  // namespace

TEST_CASE("RMSNorm's gradients are its formula's", "[cpu][kernels]") {
  at::manual_seed(1);
  const int64_t tokens = GENERATE(1, 63, 64, 65, 200), width = GENERATE(2, 15, 100);
  const auto [dtype, ratio] = kind();
  INFO(tokens << " tokens of " << width << ", " << dtype);
  const auto [x, x_wide] = leaf({tokens, width}, dtype);
  const auto [w, w_wide] = leaf({width}, dtype);
  const at::Tensor y = rms_norm(x, w, 1e-6), expected = naive_rms_norm(x_wide, w_wide, 1e-6);
  check_close("y", expected, y, ratio);
  backward_of({y});
  backward_of({expected});
  check_close("dx", x_wide.grad(), x.grad(), ratio);
  check_close("dw", w_wide.grad(), w.grad(), ratio);
}

TEST_CASE("RoPE's gradients are its formula's", "[cpu][kernels]") {
  at::manual_seed(2);
  const auto [dtype, ratio] = kind();
  const Rotation turn = rotation(at::randint(100000, {70}, at::kLong), 10, 1e4, {}, dtype);
  const Rotation wide = {turn.cos.to(at::kDouble), turn.sin.to(at::kDouble)};
  const auto [x, x_wide] = leaf({70, 3, 10}, dtype);
  const at::Tensor y = rotate(x, turn), expected = naive_rotate(x_wide, wide);
  check_close("y", expected, y, ratio);
  backward_of({y});
  backward_of({expected});
  check_close("dx", x_wide.grad(), x.grad(), ratio);
}

TEST_CASE("a norm with its maps is the formula, forward and backward", "[cpu][kernels]") {
  at::manual_seed(3);
  const auto [dtype, ratio] = kind();
  const int64_t tokens = GENERATE(1, 70);
  const auto [x, x_wide] = leaf({tokens, 24}, dtype);
  const auto [norm, norm_wide] = leaf({24}, dtype);
  const auto [a, a_wide] = leaf({10, 24}, dtype);
  const auto [bias, bias_wide] = leaf({10}, dtype);
  const auto [b, b_wide] = leaf({33, 24}, dtype);
  const auto y = norm_project(x, norm, 1e-6, {{a, bias}, {b, {}}}), expected = naive_norm_project(x_wide, norm_wide, 1e-6, {{a_wide, bias_wide}, {b_wide, {}}});
  for (size_t i = 0; i < 2; ++i) check_close("y", expected[i], y[i], ratio);
  backward_of(y);
  backward_of(expected);
  check_close("dx", x_wide.grad(), x.grad(), ratio);
  check_close("dnorm", norm_wide.grad(), norm.grad(), ratio);
  check_close("da", a_wide.grad(), a.grad(), ratio);
  check_close("dbias", bias_wide.grad(), bias.grad(), ratio);
  check_close("db", b_wide.grad(), b.grad(), ratio);
  at::NoGradGuard no_grad;
  const auto reading = norm_project(x, norm, 1e-6, {{a, bias}, {b, {}}});
  for (size_t i = 0; i < 2; ++i) check_close("without gradients", expected[i], reading[i], ratio);
}

TEST_CASE("SwiGLU is the formula, forward and backward, also far from zero", "[cpu][kernels]") {
  at::manual_seed(4);
  const auto [dtype, ratio] = kind();
  const int64_t tokens = GENERATE(1, 7, 1100);
  const at::Tensor gate = random_tensor({tokens, 19}) * 3;
  gate[0][0] = 200;
  gate[0][1] = -200;
  const at::Tensor g = gate.to(dtype).requires_grad_(), g_wide = g.detach().to(at::kDouble).requires_grad_();
  const auto [u, u_wide] = leaf({tokens, 19}, dtype);
  const auto [w, w_wide] = leaf({8, 19}, dtype);
  const at::Tensor y = swiglu_project(g, u, w), expected = naive_swiglu_project(g_wide, u_wide, w_wide);
  check_close("y", expected, y, ratio);
  backward_of({y});
  backward_of({expected});
  check_close("dg", g_wide.grad(), g.grad(), ratio);
  check_close("du", u_wide.grad(), u.grad(), ratio);
  check_close("dw", w_wide.grad(), w.grad(), ratio);
  at::NoGradGuard no_grad;
  check_close("without gradients", expected, swiglu_project(g, u, w), ratio);
}

TEST_CASE("weights that are not trained get no gradient, and what they pass on is the same", "[cpu]") {
  at::manual_seed(5);
  const auto [x, same] = leaf({9, 8}, at::kDouble);
  const at::Tensor norm = random_tensor({8}), w = random_tensor({6, 8}), down = random_tensor({8, 6});
  const auto run = [&](const at::Tensor& in, bool naive) {
    const auto made = naive ? naive_norm_project(in, norm, 1e-6, {{w, {}}, {w * 2, {}}}) : norm_project(in, norm, 1e-6, {{w, {}}, {w * 2, {}}});
    backward_of({naive ? naive_swiglu_project(made[0], made[1], down) : swiglu_project(made[0], made[1], down)});
  };
  run(x, false);
  run(same, true);
  check_close("dx", same.grad(), x.grad(), 1e-12);
  CHECK_FALSE(w.grad().defined());
}

TEST_CASE("layers computed again have the gradients of layers that are kept, to the bit", "[cpu]") {
  const bool rwkv = GENERATE(false, true);
  const Batch batch = packed({17, 1, 90}, 50, 6);
  const auto model = [&]() -> std::unique_ptr<Model> {
    if (!rwkv) {
      auto decoder = std::make_unique<Decoder>(small_config(16));
      decoder->initialise(1, 0.1);
      return decoder;
    }
    Rwkv7Config config{.vocab_size = 50, .hidden_size = 32, .num_hidden_layers = 3, .head_dim = 16, .intermediate_size = 48,
                       .decay_low_rank_dim = 8, .a_low_rank_dim = 8, .v_low_rank_dim = 8, .gate_low_rank_dim = 8};
    auto made = std::make_unique<Rwkv7>(config);
    made->initialise(1);
    at::NoGradGuard no_grad;
    for (const Parameter& parameter : made->parameters()) parameter.value.add_(at::randn_like(parameter.value), 0.05);
    return made;
  }();
  for (const Parameter& parameter : model->parameters()) parameter.value.requires_grad_();
  std::vector<at::Tensor> kept;
  double loss = 0;
  const bool holds = GENERATE(false, true);
  for (const int64_t recomputed : {0, 2, 3}) {
    for (const Parameter& parameter : model->parameters()) parameter.value.mutable_grad() = at::Tensor();
    const double now = backward(*model, batch, {.recomputed = recomputed, .holds_attention = holds}).item<double>();
    for (const Parameter& parameter : model->parameters()) {
      if (recomputed == 0) kept.push_back(parameter.value.grad().clone());
    }
    if (recomputed == 0) loss = now;
    CHECK(now == loss);
    size_t i = 0;
    for (const Parameter& parameter : model->parameters()) {
      INFO((rwkv ? "RWKV-7 " : "decoder ") << parameter.name << ", " << recomputed << " layers again" << (holds ? ", but for attention" : ""));
      CHECK(at::equal(kept[i++], parameter.value.grad()));
    }
  }
}

TEST_CASE("what a block holds is computed once", "[cpu]") {
  int computed = 0, held_computed = 0;
  const at::Tensor w = at::full({3}, 0.5, at::kDouble).requires_grad_();
  const Block block = [&](const std::vector<at::Tensor>& in) {
    ++computed;
    const at::Tensor x = in[0] * w;
    const auto twice = held([&] {
      ++held_computed;
      return std::vector<at::Tensor>{(2 * x).detach(), (3 * x).detach()};
    });
    return std::vector<at::Tensor>{x * twice[0] + twice[1]};
  };
  const at::Tensor x = at::arange(3, at::kDouble).requires_grad_();
  for (const bool holds : {false, true}) {
    computed = held_computed = 0;
    w.mutable_grad() = at::Tensor();
    recomputed(block, {x}, holds)[0].sum().backward();
    CHECK(computed == 2);
    CHECK(held_computed == (holds ? 1 : 2));
    CHECK(at::allclose(w.grad(), x.detach() * 2 * x.detach() * 0.5));
  }
  computed = 0;
  held([&] { return std::vector<at::Tensor>{at::full({}, ++computed)}; });
  CHECK(computed == 1);  // outside of a block it is simply computed
}

TEST_CASE("hidden states of some rows are those of all, with the same gradients", "[cpu]") {
  const int kind = GENERATE(0, 1, 2);
  const Batch batch = packed({17, 1, 42}, 50, 6);
  const auto model = [&]() -> std::unique_ptr<Model> {
    if (kind == 2) {
      auto made = std::make_unique<Rwkv7>(Rwkv7Config{.vocab_size = 50, .hidden_size = 32, .num_hidden_layers = 2, .head_dim = 16, .intermediate_size = 48,
                                                      .decay_low_rank_dim = 8, .a_low_rank_dim = 8, .v_low_rank_dim = 8, .gate_low_rank_dim = 8});
      made->initialise(1);
      return made;
    }
    auto decoder = std::make_unique<Decoder>(small_config(kind == 0 ? 0 : 16));
    decoder->initialise(1, 0.1);
    return decoder;
  }();
  const at::Tensor rows = at::tensor({0, 3, 16, 17, 30, 59}, at::kLong);
  const at::Tensor d = at::randn({6, 32});
  std::vector<at::Tensor> expected;
  for (const bool alone : {false, true}) {
    for (const Parameter& parameter : model->parameters()) {
      parameter.value.requires_grad_();
      parameter.value.mutable_grad() = at::Tensor();
    }
    Pass pass{.recomputed = 2};
    if (alone) pass.rows = rows;
    const at::Tensor hidden = alone ? model->forward(batch, pass) : model->forward(batch, pass).index_select(0, rows);
    hidden.backward(d);
    if (!alone) expected.push_back(hidden.detach());
    size_t i = 1;
    if (alone) check_close("hidden", hidden.detach(), expected[0], 1e-5);
    for (const Parameter& parameter : model->parameters()) {
      if (!parameter.value.grad().defined()) continue;  // the head's
      if (alone) check_close(parameter.name, parameter.value.grad(), expected.at(i++), 1e-5);
      else expected.push_back(parameter.value.grad().clone());
    }
  }
}
