// RWKV-7: the operator against its twin, the model against the `rwkv` package, fla and float64 references.
#include <ATen/ATen.h>

#include <cmath>
#include <filesystem>

#include "model/checkpoint.h"
#include "model/naive.h"
#include "model/ops/wkv7.h"
#include "model/rwkv7.h"
#include "model/rwkv7_layouts.h"
#include "tests/model/support.h"

using namespace smooth;

namespace {

at::Tensor unit(const at::Tensor& x) { return x / x.norm(2, {-1}, true); }

// As an RWKV-7 layer would make them: decays above 0.545, a of length one, b against it.
WkvInputs random_inputs(int64_t T, int64_t H, int64_t N, at::ScalarType dtype) {
  const auto draw = [&] { return random_tensor({T, H, N}, dtype); };
  const at::Tensor w = at::exp(-0.606531 * at::sigmoid(draw() * 3)), direction = unit(draw()), rate = at::sigmoid(draw());
  return {draw(), w, draw() * 0.3, draw(), -direction, direction * rate};
}

std::vector<at::Tensor> leaves(const WkvInputs& x, const at::Tensor& state) {
  std::vector<at::Tensor> all;
  for (const at::Tensor& one : {x.r, x.w, x.k, x.v, x.a, x.b, state}) all.push_back(one.detach().clone().requires_grad_());
  return all;
}

WkvInputs inputs_of(const std::vector<at::Tensor>& x) { return {x[0], x[1], x[2], x[3], x[4], x[5]}; }

// Outputs and all gradients of a way to compute the operator.
template <class Compute>
std::vector<at::Tensor> run_wkv(const WkvInputs& x, const at::Tensor& state, const at::Tensor& dy, const at::Tensor& dstate, const Compute& compute) {
  const std::vector<at::Tensor> leaf = leaves(x, state);
  const WkvOutputs out = compute(inputs_of(leaf), leaf[6]);
  ((out.y * dy).sum() + (out.state * dstate).sum()).backward();
  std::vector<at::Tensor> all = {out.y.detach(), out.state.detach()};
  for (const at::Tensor& one : leaf) all.push_back(one.grad());
  return all;
}

Rwkv7Config small_rwkv() {
  return {.vocab_size = 50, .hidden_size = 32, .num_hidden_layers = 3, .head_dim = 16, .intermediate_size = 64,
          .decay_low_rank_dim = 8, .a_low_rank_dim = 8, .v_low_rank_dim = 6, .gate_low_rank_dim = 10};
}

// Nothing left at its special initial value, so that every parameter matters.
std::unique_ptr<Rwkv7> random_rwkv(uint64_t seed, at::ScalarType dtype = at::kFloat) {
  auto model = std::make_unique<Rwkv7>(small_rwkv(), at::TensorOptions(dtype));
  model->initialise(seed);
  at::manual_seed(seed);
  for (const Parameter& parameter : model->parameters()) parameter.value.add_(at::randn_like(parameter.value) * 0.1);
  return model;
}

const char* const kNames[] = {"y", "state", "dr", "dw", "dk", "dv", "da", "db", "dstate"};

}  // namespace

TEST_CASE("the WKV operator is its twin, forward and backward", "[cpu][kernels]") {
  at::manual_seed(1);
  const std::vector<int32_t> cu_seqlens = GENERATE(std::vector<int32_t>{0, 1}, std::vector<int32_t>{0, 16}, std::vector<int32_t>{0, 33, 34, 50, 97});
  const int64_t N = GENERATE(16, 32, 48, 64, 128), H = 2, T = cu_seqlens.back(), D = static_cast<int64_t>(cu_seqlens.size()) - 1;
  INFO("N " << N << ", T " << T);
  const WkvInputs x = random_inputs(T, H, N, at::kDouble);
  const at::Tensor state = random_tensor({D, H, N, N}), dy = random_tensor({T, H, N}), dstate = random_tensor({D, H, N, N});
  const auto twin = run_wkv(x, state, dy, dstate, [&](const WkvInputs& in, at::Tensor memory) {
    const at::Tensor y = naive_wkv7(in.r, in.w, in.k, in.v, in.a, in.b, cu_seqlens, memory);
    return WkvOutputs{y, memory};
  });
  const auto narrow = [](const at::Tensor& t) { return t.to(at::kFloat); };
  const WkvInputs fp32 = {narrow(x.r), narrow(x.w), narrow(x.k), narrow(x.v), narrow(x.a), narrow(x.b)};
  const auto fast = run_wkv(fp32, narrow(state), narrow(dy), narrow(dstate), [&](const WkvInputs& in, const at::Tensor& memory) { return wkv7(in, cu_seqlens, memory); });
  const auto chunked = run_wkv(x, state, dy, dstate, [&](const WkvInputs& in, const at::Tensor& memory) { return wkv7_chunked(in, cu_seqlens, memory); });
  for (size_t i = 0; i < twin.size(); ++i) {
    check_close(std::string("fast ") + kNames[i], twin[i], fast[i], 5e-6);
    check_close(std::string("chunked ") + kNames[i], twin[i], chunked[i], 1e-9);
  }
}

TEST_CASE("the WKV operator moves a state on in place, however it lies", "[cpu]") {
  at::manual_seed(6);
  const at::ScalarType dtype = GENERATE(at::kFloat, at::kDouble, at::kBFloat16);
  const int64_t N = GENERATE(16, 20);
  const bool across = GENERATE(false, true);
  INFO(dtype << ", heads of " << N << (across ? ", transposed" : ""));
  const std::vector<int32_t> cu_seqlens = {0, 1, 20};
  const WkvInputs x = random_inputs(20, 2, N, dtype);
  at::Tensor state = random_tensor({2, 2, N, N}, dtype == at::kDouble ? at::kDouble : at::kFloat);
  const WkvOutputs whole = wkv7(x, cu_seqlens, state);
  if (across) state = state.transpose(2, 3).contiguous().transpose(2, 3);
  const at::Tensor same = state;
  check_close("y", whole.y, wkv7_advance(x, cu_seqlens, state), dtype == at::kBFloat16 ? 4e-3 : 1e-6);
  check_close("state", whole.state, same, 1e-6);
}

TEST_CASE("the WKV operator's state carries over any cut, gradients too", "[cpu]") {
  at::manual_seed(2);
  const int64_t T = 70, cut = GENERATE(1, 15, 16, 17, 69), H = 2, N = 64;
  const WkvInputs x = random_inputs(T, H, N, at::kFloat);
  const at::Tensor zero = at::zeros({1, H, N, N}), dy = random_tensor({T, H, N}, at::kFloat), dstate = random_tensor({1, H, N, N}, at::kFloat);
  const auto whole = run_wkv(x, zero, dy, dstate, [&](const WkvInputs& in, const at::Tensor& memory) { return wkv7(in, {0, static_cast<int32_t>(T)}, memory); });
  const auto pieces = run_wkv(x, zero, dy, dstate, [&](const WkvInputs& in, const at::Tensor& memory) {
    const auto part = [&](int64_t from, int64_t to, const at::Tensor& before) {
      const auto take = [&](const at::Tensor& t) { return t.slice(0, from, to); };
      return wkv7({take(in.r), take(in.w), take(in.k), take(in.v), take(in.a), take(in.b)}, {0, static_cast<int32_t>(to - from)}, before);
    };
    const WkvOutputs first = part(0, cut, memory), second = part(cut, T, first.state);
    return WkvOutputs{at::cat({first.y, second.y}), second.state};
  });
  for (size_t i = 0; i < whole.size(); ++i) check_close(kNames[i], whole[i], pieces[i], 1e-6);
}

TEST_CASE("the WKV operator equals the float64 reference", "[cpu][fixtures]") {
  if (fixtures().empty()) return;
  const Safetensors io(fixtures() + "/rwkv7/wkv7_op/io.safetensors");
  for (const bool with_state : {false, true}) {
    const std::string tail = with_state ? "_s0" : "";
    for (int64_t batch = 0; batch < 2; ++batch) {
      const auto get = [&](const std::string& name) { return io.get(name)[batch].to(at::kFloat).contiguous(); };
      const WkvInputs x = {get("r"), get("w"), get("k"), get("v"), get("a"), get("b")};
      const at::Tensor first = with_state ? get("s0").unsqueeze(0) : at::zeros({1, 2, 64, 64});
      const auto got = run_wkv(x, first, get("dy"), at::zeros({1, 2, 64, 64}), [&](WkvInputs in, const at::Tensor& memory) {
        in.w = at::exp(-std::exp(-0.5) * at::sigmoid(in.w));  // the reference takes what goes into the sigmoid
        return wkv7(in, {0, 48}, memory);
      });
      check_close("y" + tail, io.get("y" + tail)[batch], got[0], 5e-6);
      check_close("sT" + tail, io.get("sT" + tail)[batch], got[1][0], 5e-6);
      const char* const names[] = {"dr", "dw", "dk", "dv", "da", "db"};
      for (size_t i = 0; i < 6; ++i) check_close(names[i] + tail, io.get(names[i] + tail)[batch], got[2 + i], 5e-5);
      if (with_state) check_close("ds0", io.get("ds0_s0")[batch], got[8][0], 5e-5);
    }
  }
}

TEST_CASE("RWKV-7: whole text = chunk by chunk, packed = alone", "[cpu]") {
  const auto model = random_rwkv(3);
  const Batch batch = packed({23, 1, 40}, 50, 4);
  const at::Tensor whole = model->logits(model->forward(batch)).detach();
  for (size_t n = 0; n < 3; ++n) {
    Batch alone;
    alone.ids.assign(batch.ids.begin() + batch.cu_seqlens[n], batch.ids.begin() + batch.cu_seqlens[n + 1]);
    alone.targets.assign(alone.ids.size(), -1);
    alone.cu_seqlens = {0, static_cast<int32_t>(alone.ids.size())};
    check_close("alone", whole.slice(0, batch.cu_seqlens[n], batch.cu_seqlens[n + 1]), model->logits(model->forward(alone)).detach(), 1e-5);
  }
  for (const int64_t most : {1, 4, 40}) {
    const std::vector<at::Tensor> got = logits_by_pieces(*model, batch, most);
    for (int64_t row = 0; row < 3; ++row) {
      INFO("pieces of up to " << most << ", row " << row);
      check_close("by pieces", whole.slice(0, batch.cu_seqlens[row], batch.cu_seqlens[row + 1]), got[row], 1e-5);
    }
  }
}

TEST_CASE("RWKV-7's state: cloned, saved, loaded, reset", "[cpu]") {
  const auto model = random_rwkv(5);
  auto state = model->new_state(2);
  const Step text{.ids = {1, 2, 3, 4, 5, 6}, .rows = {0, 1}, .lengths = {4, 2}}, more{.ids = {7, 8}, .rows = {0, 1}, .lengths = {1, 1}};
  model->step(text, *state);
  const auto copy = state->clone();
  const std::string file = (std::filesystem::temp_directory_path() / "smooth_test_rwkv7_state.safetensors").string();
  state->save(file);
  const at::Tensor next = model->step(more, *state);
  CHECK(at::equal(next, model->step(more, *copy)));
  auto loaded = model->new_state(2);
  loaded->load(file);
  std::filesystem::remove(file);
  CHECK(loaded->seen(0) == 4);
  CHECK(at::equal(next, model->step(more, *loaded)));
  CHECK(state->bytes() == 2 * 3 * (2 * 32 + 2 * 16 * 16) * 4);
  state->reset(0);
  CHECK(state->seen(0) == 0);
  CHECK(state->seen(1) == 3);
  auto fresh = model->new_state(2);
  const Step alone{.ids = {9}, .rows = {0}, .lengths = {1}};
  CHECK(at::equal(model->step(alone, *state), model->step(alone, *fresh)));
}

TEST_CASE("RWKV-7's gradients are finite differences, in double", "[cpu]") {
  const auto model = random_rwkv(6, at::kDouble);
  const Batch batch = packed({9, 4}, 50, 7);
  for (const Parameter& parameter : model->parameters()) parameter.value.requires_grad_();
  backward(*model, batch);
  at::NoGradGuard no_grad;
  for (const Parameter& parameter : model->parameters()) {
    const at::Tensor direction = at::randn_like(parameter.value);
    const double slope = (parameter.value.grad() * direction).sum().item<double>(), step = 1e-6;
    parameter.value.add_(direction, step);
    const double above = loss_sum(*model, batch).item<double>();
    parameter.value.add_(direction, -2 * step);
    const double below = loss_sum(*model, batch).item<double>();
    parameter.value.add_(direction, step);
    INFO(parameter.name);
    CHECK((above - below) / (2 * step) == Approx(slope).epsilon(1e-5).margin(1e-5));
  }
}

TEST_CASE("RWKV-7 logits, state, loss and gradients equal the rwkv package's and the float64 reference", "[cpu][fixtures]") {
  if (fixtures().empty()) return;
  const std::string folder = fixtures() + "/rwkv7/rwkv7_tiny";
  const Safetensors blinkdl(folder + "/model.safetensors"), io(folder + "/io.safetensors"), gradients(folder + "/grads_f64.safetensors");
  const auto model = load_model(folder + "/fla", {}, at::kCPU);
  const auto there = [](const Safetensors& file, const Parameter& parameter) {
    const BlinkdlTensor from = blinkdl_tensor(parameter.name);
    const at::Tensor value = file.get(from.name);
    return (from.transposed ? value.t() : value).reshape(parameter.value.sizes());
  };
  for (const Parameter& parameter : model->parameters()) {
    INFO(parameter.name);
    CHECK(at::equal(there(blinkdl, parameter), parameter.value));
  }

  const at::Tensor ids = io.get("input_ids");
  Example example;
  for (int64_t t = 0; t < ids.numel(); ++t) {
    example.ids.push_back(ids[t].item<int64_t>());
    example.target.push_back(1);
  }
  Batch batch;
  batch.add(example);
  check_close("logits", io.get("logits_f64"), model->logits(model->forward(batch)).detach(), 5e-5);

  auto state = model->new_state(1);
  std::vector<at::Tensor> pieces;
  const at::Tensor sizes = io.get("chunk_sizes");
  for (int64_t i = 0, begin = 0; i < sizes.numel(); begin += sizes[i++].item<int64_t>()) {
    const int64_t length = sizes[i].item<int64_t>();
    pieces.push_back(model->logits(model->step({.ids = {example.ids.begin() + begin, example.ids.begin() + begin + length}, .rows = {0}, .lengths = {length}}, *state)));
  }
  check_close("chunked logits", io.get("logits_f64"), at::cat(pieces), 5e-5);
  auto& layers = dynamic_cast<Rwkv7State&>(*state).layers();
  for (size_t l = 0; l < layers.size(); ++l) {
    const std::string prefix = "state." + std::to_string(l) + ".";
    check_close(prefix + "S", io.get(prefix + "S"), layers[l].wkv[0], 5e-5);
    check_close(prefix + "att_x", io.get(prefix + "att_x"), layers[l].time_shift[0], 5e-5);
    check_close(prefix + "ffn_x", io.get(prefix + "ffn_x"), layers[l].channel_shift[0], 5e-5);
  }

  for (const Parameter& parameter : model->parameters()) parameter.value.requires_grad_();
  const at::Tensor loss = backward(*model, batch) / batch.num_targets;
  CHECK(loss.item<double>() == Approx(io.get("loss_f64").item<double>()).epsilon(1e-5));
  for (const Parameter& parameter : model->parameters()) {
    check_close(parameter.name, there(gradients, parameter), parameter.value.grad() / batch.num_targets, 5e-5);
  }
}

TEST_CASE("RWKV-7 equals fla on a longer text", "[cpu][fixtures]") {
  if (fixtures().empty()) return;
  const std::string folder = fixtures() + "/rwkv7/rwkv7_tiny";
  const Safetensors io(folder + "/fla_io.safetensors");
  const auto model = load_model(folder + "/fla", {}, at::kCPU);
  const Batch batch = one_document(io.get("long_ids"));
  const at::Tensor logits = model->logits(model->forward(batch)).detach();
  check_close("float64", io.get("long_logits_f64"), logits, 5e-5);
  check_close("fla", io.get("long_logits_chunked"), logits, 5e-5);
}

TEST_CASE("an RWKV-7 that begins near induction continues a text as it went on before", "[cpu]") {
  const int64_t layers = GENERATE(2, 3, 5), half = 40;
  Rwkv7 model({.vocab_size = 500, .hidden_size = 128, .num_hidden_layers = layers, .head_dim = 64, .intermediate_size = 256,
               .decay_low_rank_dim = 32, .a_low_rank_dim = 32, .v_low_rank_dim = 32, .gate_low_rank_dim = 64});
  model.initialise_induction(1);
  at::NoGradGuard no_grad;
  at::manual_seed(1);
  const at::Tensor once = at::randint(500, {half}, at::kLong), ids = at::cat({once, once});
  const at::Tensor logits = model.logits(model.forward(one_document(ids)));  // [T, V]
  const at::Tensor loss = -at::log_softmax(logits, 1).gather(1, ids.roll(-1).unsqueeze(1)).squeeze(1);
  const double first = loss.narrow(0, 0, half - 1).mean().item<double>(), again = loss.narrow(0, half, half - 1).mean().item<double>();
  INFO("layers " << layers << ": " << first << " where nothing is known, " << again << " the second time");
  CHECK(again < first - 2);
}

TEST_CASE("beginning near induction needs a layer to look back and one to match", "[cpu]") {
  Rwkv7 model({.vocab_size = 50, .hidden_size = 64, .num_hidden_layers = 1, .head_dim = 32, .intermediate_size = 64,
               .decay_low_rank_dim = 8, .a_low_rank_dim = 8, .v_low_rank_dim = 8, .gate_low_rank_dim = 8});
  CHECK_THROWS_WITH(model.initialise_induction(1), Catch::Contains("two layers"));
}
