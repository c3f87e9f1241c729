#include "eval/bench.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "data/random.h"
#include "eval/engine.h"
#include "model/checkpoint.h"
#include "model/environment.h"
#include "model/limits.h"
#include "model/memory.h"

namespace smooth {
namespace {

struct Timed {
  double prefill = 0, decode = 0;  // seconds of all rows
};

Timed time_once(Engine& engine, const std::vector<int64_t>& rows, const std::vector<Request>& requests) {
  Timed timed;
  for (const Reply& reply : engine.answer(rows, requests)) {
    timed.prefill += reply.prefill_seconds;
    timed.decode += reply.decode_seconds;
  }
  return timed;
}

}  // namespace

std::string bench(const std::string& what, const BenchConfig& config) {
  at::NoGradGuard no_grad;
  const bool decoding = what == "decode";
  if (!decoding && what != "prefill") throw std::runtime_error("bench " + what + " is not known; it times prefill or decode");
  prepare_process(config.threads);
  const at::Device device = open_device(config.device);
  const auto model = benched_model(config, device);
  const Weighed weights = weigh(*model);
  begin_peak_memory(device);
  Engine engine(*model, config.rows, {}, {}, config.seed);
  Random random(config.seed, "bench");
  std::vector<int64_t> rows;
  std::vector<Request> requests;
  for (int64_t row = 0; row < config.rows; ++row) {
    Request request{.forget = true, .forced = {}, .max_tokens = decoding ? config.tokens + 1 : 1};
    for (int64_t i = 0; i < config.prompt; ++i) request.forced.push_back(static_cast<int64_t>(random.below(static_cast<uint64_t>(model->vocab_size()))));
    rows.push_back(row);
    requests.push_back(std::move(request));
  }
  time_once(engine, rows, requests);  // once for the caches
  double seconds = 0;
  for (int64_t i = 0; i < config.repeats; ++i) {
    const Timed timed = time_once(engine, rows, requests);
    // `tokens` + 1 tokens are written, by as many logits and one step less.
    const double now = decoding ? timed.decode : timed.prefill + timed.decode;
    seconds = i == 0 ? now : std::min(seconds, now);
  }
  const int64_t peak = peak_memory_bytes(device);

  const auto width = static_cast<double>(c10::elementSize(dtype_from(config.dtype)));
  const auto tokens = static_cast<double>(config.rows * (decoding ? config.tokens : config.prompt));
  const double logits = decoding ? tokens : static_cast<double>(config.rows);
  nlohmann::ordered_json out = {{"bench", what}, {"model", config.checkpoint}, {"architecture", model->architecture()}, {"dtype", config.dtype},
                                {"device", config.device}, {"threads", at::get_num_threads()}, {"rows", config.rows}, {"prompt", config.prompt},
                                {"tokens", decoding ? config.tokens : 0}, {"repeats", config.repeats}, {"seconds", seconds},
                                {"tokens_per_second", tokens / seconds}};
  const double flops = 2 * (weights.body * tokens + weights.head * logits) / seconds;
  out["matmul_flops_per_second"] = flops;
  out["matmul_share_of_limit"] = flops / product_limit(dtype_from(config.dtype), device);
  if (decoding) {
    const double bytes = (weights.body + weights.head) * width * static_cast<double>(config.tokens) / seconds;  // once a step for all rows
    out["weight_bytes_per_second"] = bytes;
    out["memory_share_of_limit"] = bytes / memory_limit(device);
  }
  out["peak_bytes"] = peak;
  out["state_bytes"] = engine.state_bytes();
  out["environment"] = nlohmann::json::parse(environment(device));
  return out.dump(2);
}

}  // namespace smooth
