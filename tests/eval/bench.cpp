// The benchmark verbs on a model of random weights.
#include "eval/bench.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace smooth;

namespace {

BenchConfig small_bench(const std::string& architecture) {
  BenchConfig config;
  config.model = ModelConfig{};
  config.model->architecture = architecture;
  config.model->hidden_size = 32;
  config.model->head_dim = 16;
  config.model->intermediate_size = 48;
  config.vocab_size = 60;
  config.threads = 1;
  config.prompt = 20;
  config.tokens = 6;
  config.repeats = 2;
  return config;
}

}  // namespace

TEST_CASE("bench: prefill and decode report their rates, memory and share of the limits", "[bench]") {
  const std::string architecture = GENERATE("qwen2", "rwkv7"), what = GENERATE("prefill", "decode"), dtype = GENERATE("float32", "bfloat16");
  BenchConfig config = small_bench(architecture);
  config.dtype = dtype;
  config.rows = 3;
  const auto out = nlohmann::json::parse(bench(what, config));
  CHECK(out.at("bench") == what);
  CHECK(out.at("rows") == 3);
  const double tokens = what == "decode" ? 3 * 6 : 3 * 20;
  CHECK(out.at("tokens_per_second").get<double>() == Approx(tokens / out.at("seconds").get<double>()));
  CHECK(out.at("matmul_share_of_limit").get<double>() > 0);
  CHECK(out.contains("memory_share_of_limit") == (what == "decode"));
  CHECK(out.at("peak_bytes").get<int64_t>() > out.at("state_bytes").get<int64_t>());
}

TEST_CASE("bench: what it cannot time is refused with what it can", "[bench]") {
  CHECK_THROWS_WITH(bench("train", small_bench("qwen2")), Catch::Contains("prefill or decode"));
}
