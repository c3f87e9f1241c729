#include "eval/benchmarks/benchmark.h"

#include <stdexcept>

#include "eval/benchmarks/longbench.h"
#include "eval/benchmarks/niah.h"

namespace smooth {

std::unique_ptr<Benchmark> open_benchmark(const EvalConfig& config, std::shared_ptr<const Tokenizer> tokenizer) {
  if (config.benchmark == "niah") return std::make_unique<NiahBenchmark>(config, std::move(tokenizer));
  if (config.benchmark == "longbench") return std::make_unique<LongBench>(*config.longbench, *tokenizer);
  throw std::logic_error("benchmark " + config.benchmark + " is not known; niah and longbench are");
}

}  // namespace smooth
