#include "data/tiny/benchmark.h"

#include <nlohmann/json.hpp>

#include "configs/run.h"
#include "data/scores/longbench.h"
#include "data/tiny/tiny.h"

namespace smooth {
namespace fs = std::filesystem;

namespace {

std::string lines_of(const std::string& dataset, const TinyBenchmarkConfig& config, int64_t seed, const Tokenizer& tokenizer) {
  TinyConfig test;
  test.split = "test";
  std::string lines;
  for (int64_t i = 0; i < config.samples; ++i) {
    Random random(seed, "longbench/" + dataset + "/" + std::to_string(i));
    const int64_t length = random.randint(config.min_tokens, config.max_tokens);
    lines += to_json(dataset, tiny_record(dataset, test, tokenizer, length, random).record) + "\n";
  }
  return lines;
}

}  // namespace

nlohmann::ordered_json build_tiny_longbench(const TinyBenchmarkConfig& config, int64_t seed, const Tokenizer& tokenizer, const fs::path& out) {
  auto entries = nlohmann::ordered_json::array();
  Progress progress("data longbench", std::ssize(longbench_tasks()), "files");
  for (const LongBenchTask& task : longbench_tasks()) {
    const fs::path file = fs::path("longbench") / (std::string(task.name) + ".jsonl");
    const std::string lines = lines_of(task.name, config, seed, tokenizer);
    if (!fs::exists(out / file) || read_file(out / file) != lines) write_file(out / file, lines);
    entries.push_back({{"dataset", task.name}, {"file", file.string()}, {"samples", config.samples}, {"bytes", fs::file_size(out / file)}, {"checksum", checksum_file(out / file)}});
    progress.advance(1);
  }
  progress.finish();
  return entries;
}

}  // namespace smooth
