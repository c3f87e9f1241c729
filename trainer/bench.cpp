#include "trainer/bench.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <nlohmann/json.hpp>

#include "configs/load.h"
#include "configs/run.h"
#include "data/random.h"
#include "model/checkpoint.h"
#include "model/environment.h"
#include "model/limits.h"
#include "model/memory.h"
#include "trainer/adamw.h"
#include "trainer/plan/costs.h"

namespace smooth {
namespace {

constexpr int64_t kStretch = 1024;  // tokens that end in targets, as a chunk and its summary do

Batch random_pack(const BenchConfig& config, int64_t vocab_size) {
  Random random(config.seed, "bench");
  Batch pack;
  const auto given = static_cast<int64_t>((1 - config.target_share) * kStretch);
  for (int64_t row = 0; row < config.rows; ++row) {
    Example document;
    for (int64_t i = 0; i < config.prompt; ++i) {
      document.ids.push_back(static_cast<int64_t>(random.below(static_cast<uint64_t>(vocab_size))));
      document.target.push_back(i % kStretch >= given ? 1 : 0);
    }
    pack.add(document);
  }
  return pack;
}

}  // namespace

std::string bench_train(const BenchConfig& config) {
  prepare_process(config.threads);
  const at::Device device = open_device(config.device);
  BenchConfig in_master = config;
  in_master.dtype = "float32";
  const auto model = benched_model(in_master, device);
  Ranks alone({}, {}, device);
  PrecisionConfig precision;
  precision.weights = config.dtype;
  Buckets buckets(model->parameters(), precision, {}, alone);
  AdamW optimizer(buckets, {}, precision, alone);
  const Batch pack = random_pack(config, model->vocab_size());
  double loss = 0;
  const auto step = [&] {
    buckets.zero_gradients();
    buckets.begin_pass(true);
    loss = add_gradients(*model, pack, buckets.gradient(model->head()), {.recomputed = config.recompute, .holds_attention = config.recompute_keeps == "attention"}).item<double>();
    buckets.end_pass();
    optimizer.update(static_cast<double>(pack.num_targets), 1e-5);
  };
  step();  // once for the caches
  begin_peak_memory(device);
  const double seconds = fastest(config.repeats, step);
  const int64_t peak = peak_memory_bytes(device);

  const auto tokens = static_cast<double>(pack.num_tokens());
  const TokenFlops each = token_flops(*model, count_parameters(*model), text_of({pack}));
  const double flops = (each.matrices + each.head) * tokens / seconds;
  const nlohmann::ordered_json out = {
      {"bench", "train"}, {"config", checksum(dump_config(config))}, {"architecture", model->architecture()}, {"dtype", config.dtype}, {"device", config.device}, {"threads", at::get_num_threads()},
      {"rows", config.rows}, {"prompt", config.prompt}, {"targets", pack.num_targets}, {"recompute", config.recompute}, {"recompute_keeps", config.recompute_keeps}, {"repeats", config.repeats},
      {"seconds", seconds}, {"tokens_per_second", tokens / seconds}, {"loss", loss / static_cast<double>(pack.num_targets)},
      {"matmul_flops_per_second", flops}, {"matmul_share_of_limit", flops / product_limit(dtype_from(config.dtype), device)}, {"peak_bytes", peak},
      {"environment", nlohmann::json::parse(environment(device))}};
  return out.dump(2);
}

}  // namespace smooth
