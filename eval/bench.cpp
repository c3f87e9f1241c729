#include "eval/bench.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "data/random.h"
#include "eval/engine.h"
#include "eval/memory.h"
#include "model/checkpoint.h"
#include "model/environment.h"

namespace smooth {
namespace {

// Shortest of some runs, in seconds.
template <class Run>
double fastest(int64_t repeats, const Run& run) {
  double best = 0;
  for (int64_t i = 0; i < repeats; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    run();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (i == 0 || seconds < best) best = seconds;
  }
  return best;
}

// Bytes a second that a sum over more than any cache reads.
double memory_limit(const at::Device& device) {
  const at::Tensor x = at::ones({1 << 27}, at::TensorOptions(at::kFloat).device(device));
  return static_cast<double>(x.nbytes()) / fastest(5, [&] { x.sum().item<float>(); });
}

// Floating point operations a second of a square matrix product.
double product_limit(at::ScalarType dtype, const at::Device& device) {
  constexpr int64_t kSize = 2048;
  const at::Tensor x = at::rand({kSize, kSize}, at::TensorOptions(at::kFloat).device(device)).to(dtype);
  return 2.0 * kSize * kSize * kSize / fastest(5, [&] { x.mm(x)[0][0].item<float>(); });
}

std::unique_ptr<Model> model_of(const BenchConfig& config, const at::Device& device) {
  const std::optional<int64_t> window = window_keys(config.sliding_window, config.window_edge);
  const at::ScalarType dtype = dtype_from(config.dtype);
  if (!config.checkpoint.empty()) return load_model(find_checkpoint(config.checkpoint), {.sliding_window = window, .dtype = dtype}, device);
  auto model = make_model(*config.model, config.vocab_size, window, config.seed, device);
  for (const Parameter& parameter : model->parameters()) parameter.value.set_data(parameter.value.to(dtype));
  return model;
}

// Weights that every token meets, in the layers and in the head.
struct Weighed {
  double body = 0, head = 0;
};

Weighed weigh(const Model& model) {
  Weighed weights;
  for (const Parameter& parameter : model.parameters()) {
    const auto count = static_cast<double>(parameter.value.numel());
    const bool table = parameter.name.find("embed") != std::string::npos;  // an untied table is looked up only
    if (parameter.name == "lm_head.weight" || (table && model.tied())) {
      weights.head += count;
    } else if (!table) {
      weights.body += count;
    }
  }
  return weights;
}

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
  const auto model = model_of(config, device);
  const Weighed weights = weigh(*model);
  begin_peak_memory();
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
  const int64_t peak = peak_memory_bytes();

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
  out["environment"] = nlohmann::json::parse(environment(config.device));
  return out.dump(2);
}

}  // namespace smooth
