#include "eval/run.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <set>
#include <stdexcept>

#include "configs/load.h"
#include "configs/run.h"
#include "data/layout.h"
#include "eval/benchmarks/benchmark.h"
#include "model/checkpoint.h"
#include "model/environment.h"

namespace smooth {
namespace fs = std::filesystem;

namespace {

LoadOptions load_options(const EvalModelConfig& line) {
  return {.sliding_window = window_keys(line.sliding_window, line.window_edge), .dtype = dtype_from(line.dtype)};
}

std::string checksum_of_weights(const std::string& folder) {
  std::string sums;
  for (const std::string& file : weight_files(folder)) sums += (sums.empty() ? "" : "+") + checksum_file(file);
  return sums;
}

// A model line with its benchmark and its cells; the model itself is loaded when its turn comes.
struct LineRun {
  const EvalModelConfig* line;
  std::string folder;
  std::shared_ptr<const Tokenizer> tokenizer;
  std::unique_ptr<Benchmark> benchmark;
  std::vector<CellRun> cells;
};

std::vector<LineRun> line_runs(const EvalConfig& config, const Shard& shard) {
  std::vector<LineRun> runs;
  for (const EvalModelConfig& line : config.models) {
    LineRun& run = runs.emplace_back(&line, find_checkpoint(line.checkpoint));
    run.tokenizer = load_tokenizer(run.folder);
    run.benchmark = open_benchmark(config, run.tokenizer);
    const std::string weights = checksum_of_weights(run.folder);
    for (const Dataset& dataset : run.benchmark->datasets(line)) run.cells.emplace_back(config, line, dataset, weights, shard);
  }
  return runs;
}

}  // namespace

std::vector<Cell> evaluate(const EvalConfig& config, bool replace, const Shard& shard) {
  const fs::path out = shard.folder(config.out);
  const FolderLock lock(out);
  const at::Device device = open_device(config.device);
  // Every cell is looked at before the first is begun: a folder that holds other cells is left as it is.
  std::vector<LineRun> lines = line_runs(config, shard);
  for (LineRun& line : lines) {
    for (CellRun& run : line.cells) run.find_done(replace);
  }
  prepare_process(config.threads);
  write_file(out / "config.yaml", dump_config(config));
  write_file(out / "environment.json", environment(device));

  std::vector<Cell> cells;
  for (LineRun& line : lines) {
    const auto model = load_model(line.folder, load_options(*line.line), device);
    const Layout layout(line.tokenizer, config.chat_template, end_tokens(line.folder));
    int64_t total = 0, done = 0;
    for (const CellRun& run : line.cells) {
      total += run.tokens(*line.benchmark);
      done += run.tokens_done(*line.benchmark);
    }
    Progress progress("eval " + line.line->name, total, "tokens", done);
    for (CellRun& run : line.cells) {
      run.run(*model, layout, *line.benchmark, progress);
      cells.push_back(run.cell(*model, *line.benchmark));
      write_file(out / "results.json", cells_to_json(cells));
    }
    progress.finish();
  }
  return cells;
}

namespace {

// The n of OUT/shards/i-of-n.
int64_t shards_in(const fs::path& out) {
  std::set<int64_t> found;
  if (fs::is_directory(out / "shards")) {
    for (const auto& entry : fs::directory_iterator(out / "shards")) {
      Shard shard;
      if (std::sscanf(entry.path().filename().c_str(), "%ld-of-%ld", &shard.index, &shard.of) == 2) found.insert(shard.of);
    }
  }
  if (found.size() == 1) return *found.begin();
  if (found.empty()) throw std::runtime_error(out.string() + ": has no shards; run --shard 0/n to n-1/n first");
  throw std::runtime_error(fmt::format("{}: has shards of {} and of {}, which share the tasks out differently; remove those that are not wanted", (out / "shards").string(),
                                       *found.begin(), *found.rbegin()));
}

}  // namespace

std::vector<Cell> merge_shards(const EvalConfig& config) {
  {
    const FolderLock lock(config.out);
    const int64_t shards = shards_in(config.out);
    std::vector<LineRun> lines = line_runs(config, {});
    for (LineRun& line : lines) {
      for (CellRun& run : line.cells) run.find_done(/*replace=*/false);
    }
    for (LineRun& line : lines) {
      for (CellRun& run : line.cells) run.merge(shards);
    }
  }
  return evaluate(config, /*replace=*/false);
}

}  // namespace smooth
