// The time-mix by its kernels (fp32, going on from a memory) against its formulas in double; the token shift by rows against its own.
#include "model/time_mix.h"

#include <limits>

#include "tests/model/support.h"

using namespace smooth;

namespace {

TimeMixOptions options_of(const std::string& kind, int64_t N) {
  TimeMixOptions options{.hidden_size = 3 * N, .head_size = N, .kv_heads = 3, .decay_rank = 8, .a_rank = 8, .v_rank = 4, .gate_rank = 8};
  if (kind == "ARWKV") options.gate = TimeMixOptions::Gate::none;
  if (kind == "ARWKV without a norm") options.group_norm = false;
  if (kind == "QRWKV7") {
    options.kv_heads = 1;
    options.token_shift = options.bonus = options.group_norm = false;
    options.bias = options.rope = options.balance_state = true;
    options.scale = 0.25;
    options.gate = TimeMixOptions::Gate::full;
  }
  return options;
}

// The same weights in two dtypes.
struct Twins {
  TimeMix wide, narrow;
};

Twins random_mixes(const TimeMixOptions& options, bool first, double size) {
  Twins twins{make_time_mix(options, first, at::kDouble), make_time_mix(options, first, at::kFloat)};
  std::vector<Parameter> wide, narrow;
  add_parameters(twins.wide, options.names, "", wide);
  add_parameters(twins.narrow, options.names, "", narrow);
  for (size_t i = 0; i < wide.size(); ++i) {
    narrow[i].value.copy_(random_tensor(wide[i].value.sizes()) * size);
    wide[i].value.copy_(narrow[i].value);
  }
  return twins;
}

TimeMixMemory random_memory(const TimeMixOptions& options, int64_t rows, at::ScalarType dtype) {
  TimeMixMemory memory = make_memory(options, rows, dtype);
  if (memory.time_shift.defined()) memory.time_shift.copy_(random_tensor(memory.time_shift.sizes()).to(at::kFloat));
  memory.wkv.copy_(random_tensor(memory.wkv.sizes()).to(at::kFloat));
  return memory;
}

TimeMixMemory widened(const TimeMixMemory& memory) {
  return {memory.time_shift.defined() ? memory.time_shift.to(at::kDouble) : at::Tensor(), memory.wkv.to(at::kDouble)};
}

Step step_of(const std::vector<int64_t>& lengths, const std::vector<int64_t>& rows) {
  Step step{.ids = {}, .rows = rows, .lengths = lengths};
  for (const int64_t length : lengths) step.ids.resize(step.ids.size() + length);
  return step;
}

struct Compared {
  at::Tensor exact, got;
  TimeMixMemory exact_memory, got_memory;
};

// One step of both, from the same memory.
Compared compare(const TimeMixOptions& options, const Twins& twins, bool first, const at::Tensor& x, const Step& step, int64_t rows) {
  const at::NoGradGuard no_grad;
  const Documents documents(step, rows, at::kCPU);
  Compared out{.exact = {}, .got = {}, .exact_memory = {}, .got_memory = random_memory(options, rows, at::kFloat)};
  out.exact_memory = widened(out.got_memory);
  at::Tensor v_first = first ? at::Tensor() : random_tensor(x.sizes(), at::kFloat), v_first_wide = first ? at::Tensor() : v_first.to(at::kDouble);
  const at::Tensor positions = at::arange(x.size(0));
  const Rotation turn = rotation(positions, options.head_size, 1e4, {}, at::kFloat), turn_wide = {turn.cos.to(at::kDouble), turn.sin.to(at::kDouble)};
  out.got = time_mix(twins.narrow, options, x, v_first, &turn, documents, &out.got_memory);
  out.exact = time_mix(twins.wide, options, x.to(at::kDouble), v_first_wide, &turn_wide, documents, &out.exact_memory);
  return out;
}

}  // namespace

TEST_CASE("a time-mix by heads is its formulas, whatever the options", "[cpu][kernels]") {
  at::manual_seed(1);
  const std::string kind = GENERATE(as<std::string>{}, "RWKV-7", "ARWKV", "ARWKV without a norm", "QRWKV7");
  const int64_t N = GENERATE(16, 48, 64, 128);
  const bool first = GENERATE(true, false);
  const auto [lengths, rows] = GENERATE(table<std::vector<int64_t>, std::vector<int64_t>>(
      {{{1}, {0}}, {{1, 1, 1}, {0, 1, 2}}, {{1, 1}, {2, 0}}, {{33, 1, 70}, {1, 2, 0}}}));
  INFO(kind << ", heads of " << N << (first ? ", first layer" : "") << ", " << lengths.size() << " documents");
  const TimeMixOptions options = options_of(kind, N);
  const Step step = step_of(lengths, rows);
  const Compared both = compare(options, random_mixes(options, first, 0.2), first, random_tensor({step.num_tokens(), options.hidden_size}, at::kFloat), step, 3);
  check_close("y", both.exact, both.got, 5e-6);
  check_close("state", both.exact_memory.wkv, both.got_memory.wkv, 5e-6);
  if (options.token_shift) CHECK(at::equal(both.exact_memory.time_shift, both.got_memory.time_shift.to(at::kDouble)));
}

TEST_CASE("a time-mix by heads where sigmoids are 0 and 1 and a key is nothing", "[cpu][kernels]") {
  at::manual_seed(2);
  const TimeMixOptions options = options_of("RWKV-7", 32);
  const Step step = step_of({5}, {0});
  const Twins extreme = random_mixes(options, false, 8);
  const Compared both = compare(options, extreme, false, random_tensor({5, options.hidden_size}, at::kFloat), step, 1);
  check_close("y", both.exact, both.got, 5e-5);
  check_close("state", both.exact_memory.wkv, both.got_memory.wkv, 5e-5);
  for (const TimeMix* mix : {&extreme.wide, &extreme.narrow}) mix->k_proj.zero_();
  const Compared nothing = compare(options, extreme, false, random_tensor({5, options.hidden_size}, at::kFloat), step, 1);
  check_close("y without keys", nothing.exact, nothing.got, 5e-5);
}

TEST_CASE("what is no number stays in its head of the state", "[cpu][kernels]") {
  at::manual_seed(3);
  TimeMixOptions options = options_of("RWKV-7", 16);
  const Twins twins = random_mixes(options, true, 0.2);
  twins.narrow.v_proj[20][0] = std::numeric_limits<float>::quiet_NaN();  // a value of the second head
  twins.wide.v_proj.copy_(twins.narrow.v_proj);
  const Compared both = compare(options, twins, true, random_tensor({3, options.hidden_size}, at::kFloat), step_of({3}, {0}), 1);
  for (const TimeMixMemory* memory : {&both.exact_memory, &both.got_memory}) {
    CHECK(memory->wkv[0][1][4].isnan().all().item<bool>());
    CHECK(memory->wkv.isnan().sum().item<int64_t>() == 16);
  }
}

TEST_CASE("the token shift by rows is its formula", "[cpu][kernels]") {
  const at::NoGradGuard no_grad;
  at::manual_seed(4);
  const at::ScalarType dtype = GENERATE(at::kFloat, at::kBFloat16);
  const int64_t width = GENERATE(1, 16, 50);
  const Step step = step_of({1, 200, 3}, {3, 0, 1});
  const Documents documents(step, 4, at::kCPU);
  const auto draw = [&](at::IntArrayRef shape) { return random_tensor(shape).to(dtype); };
  const at::Tensor x = draw({204, width}), first = draw({4, width});
  const std::vector<at::Tensor> shares = {draw({1, 1, width}), draw({width})};
  at::Tensor kept = first.clone(), kept_wide = first.to(at::kDouble);
  const std::vector<at::Tensor> got = documents.mixed(x, shares, &kept);
  // In bf16 the shift itself is rounded, as where each operation is by itself.
  const at::Tensor before = at::cat({first.narrow(0, 3, 1), first.narrow(0, 0, 1), x.narrow(0, 1, 199), first.narrow(0, 1, 1), x.narrow(0, 201, 2)});
  for (size_t n = 0; n < shares.size(); ++n) {
    const at::Tensor exact = x.to(at::kDouble) + (before - x).to(at::kDouble) * shares[n].view({-1}).to(at::kDouble);
    check_close("input", exact, got[n], dtype == at::kFloat ? 1e-6 : 4e-3);
  }
  const std::vector<at::Tensor> wide = documents.mixed(x.to(at::kDouble), {shares[0].to(at::kDouble)}, &kept_wide);
  check_close("by formula", wide[0], got[0], dtype == at::kFloat ? 1e-6 : 8e-3);
  CHECK(at::equal(kept.to(at::kDouble), kept_wide));
  CHECK(at::equal(kept[2], first[2]));
}
