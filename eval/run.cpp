#include "eval/run.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "configs/load.h"
#include "configs/run.h"
#include "data/layout.h"
#include "eval/author.h"
#include "eval/benchmarks/niah.h"
#include "model/memory.h"
#include "eval/spool.h"
#include "model/checkpoint.h"
#include "model/environment.h"

namespace smooth {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

std::vector<std::string> lines_of(const fs::path& file) {
  std::vector<std::string> lines;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (!stream.eof()) lines.push_back(line);  // an unfinished last line does not count
  }
  return lines;
}

void keep_lines(const fs::path& file, int64_t count) {
  if (!fs::exists(file)) return;
  std::string text;
  const std::vector<std::string> lines = lines_of(file);
  for (int64_t i = 0; i < count; ++i) text += lines[i] + "\n";
  write_file(file, text);
}

LoadOptions load_options(const EvalModelConfig& line) {
  return {.sliding_window = window_keys(line.sliding_window, line.window_edge), .dtype = dtype_from(line.dtype)};
}

// A wave's share of the progress bar, in tokens: how far its contexts have been read.
class WaveProgress {
 public:
  WaveProgress(const std::vector<Task>& tasks, int64_t length, Progress& progress)
      : tokens_(static_cast<int64_t>(tasks.size()) * length), progress_(progress) {
    for (const Task& task : tasks) bytes_ += static_cast<int64_t>(task.context.size());
  }
  void read(const Exchange& exchange) {
    read_ += exchange.end - exchange.begin;
    show(bytes_ > 0 ? tokens_ * read_ / bytes_ : 0);
  }
  void finish() { show(tokens_); }  // also what early stopping left unread

 private:
  void show(int64_t tokens) {
    progress_.advance(tokens - shown_);
    shown_ = tokens;
  }
  int64_t tokens_, bytes_ = 0, read_ = 0, shown_ = 0;
  Progress& progress_;
};

// One model line at one length.
class CellRun {
 public:
  CellRun(const EvalConfig& config, const EvalModelConfig& line, int64_t length, const std::string& weights)
      : config_(config), line_(line), length_(length), name_(line.file() + "." + std::to_string(length)), weights_(weights) {}

  const std::string& name() const { return name_; }
  int64_t done() const { return done_; }
  int64_t length() const { return length_; }

  // How many tasks earlier runs have finished, whole waves only. Throws, or deletes with `replace`, what another config left.
  void find_done(bool replace) {
    const std::string inputs = inputs_json();
    if (fs::exists(file("inputs", ".json")) && read_file(file("inputs", ".json")) != inputs) {
      if (!replace) {
        throw std::runtime_error(config_.out + ": cell " + name_ + " was made with another config or other weights; choose another `out`, or pass --replace");
      }
      for (const char* folder : {"pred", "traces", "waves"}) fs::remove(file(folder, ".jsonl"));
    }
    write_file(file("inputs", ".json"), inputs);
    const int64_t waves = static_cast<int64_t>(std::min({lines_of(file("waves", ".jsonl")).size(), whole_waves("pred"), whole_waves("traces")}));
    done_ = std::min(waves * config_.rows, config_.samples);
    keep_lines(file("waves", ".jsonl"), waves);
    keep_lines(file("pred", ".jsonl"), done_);
    keep_lines(file("traces", ".jsonl"), done_);
  }

  void run(const Model& model, const Layout& layout, const NiahBenchmark& benchmark, Progress& progress) {
    while (done_ < config_.samples) {
      const int64_t count = std::min(config_.rows, config_.samples - done_);
      wave(model, layout, benchmark.tasks(length_, done_, count), progress);
      done_ += count;
    }
  }

  Cell cell(const Model& model) const {
    Cell cell{.model = line_.name, .architecture = model.architecture(), .mode = line_.reading.mode, .benchmark = "niah",
              .dataset = config_.niah.haystack, .length = length_, .window = {}, .chunk = {}, .early_stop = {}};
    if (model.window() > 0) cell.window = model.window();
    if (line_.reading.mode != "os") {
      cell.chunk = line_.reading.chunk;
      cell.early_stop = line_.reading.early_stop;
    }
    double hits = 0;
    for (const std::string& line : lines_of(file("pred", ".jsonl"))) {
      const Json json = Json::parse(line);
      hits += json.at("score").get<double>();
      cell.prefill_tokens += json.at("prefill_tokens").get<int64_t>();
      cell.decode_tokens += json.at("decode_tokens").get<int64_t>();
      cell.context_tokens += json.at("length").get<int64_t>();
      ++cell.n;
    }
    for (const std::string& line : lines_of(file("waves", ".jsonl"))) {
      const Json json = Json::parse(line);
      cell.seconds += json.at("seconds").get<double>();
      cell.prefill_seconds += json.at("prefill_seconds").get<double>();
      cell.decode_seconds += json.at("decode_seconds").get<double>();
      cell.peak_bytes = std::max(cell.peak_bytes, json.at("peak_bytes").get<int64_t>());
      cell.state_bytes = std::max(cell.state_bytes, json.at("state_bytes").get<int64_t>());
    }
    cell.score = cell.n > 0 ? 100 * hits / static_cast<double>(cell.n) : 0;
    const Interval interval = wilson(hits, cell.n);
    cell.ci_low = interval.low;
    cell.ci_high = interval.high;
    return cell;
  }

 private:
  fs::path file(const std::string& folder, const std::string& ending) const { return fs::path(config_.out) / folder / (name_ + ending); }
  size_t whole_waves(const std::string& folder) const {
    const auto lines = static_cast<int64_t>(lines_of(file(folder, ".jsonl")).size());
    return lines >= config_.samples ? (lines + config_.rows - 1) / config_.rows : lines / config_.rows;
  }

  // All that decides a prediction; clock readings depend on more.
  std::string inputs_json() const {
    EvalConfig alone = config_;
    alone.models = {line_};
    alone.lengths = {length_};
    alone.models[0].lengths.clear();
    alone.out = "";
    alone.models[0].checkpoint = "";
    return Json({{"config", dump_config(alone)}, {"weights", weights_}}).dump(2) + "\n";
  }

  void wave(const Model& model, const Layout& layout, const std::vector<Task>& tasks, Progress& progress) {
    const ReadingOptions options = reading_options(line_.reading);
    begin_peak_memory(model.device());
    const auto begin = std::chrono::steady_clock::now();
    Engine engine(model, static_cast<int64_t>(tasks.size()), layout.ends(), config_.sampling, config_.seed + done_);
    WaveProgress shown(tasks, length_, progress);
    Spool spool(file("traces", ".spool"));
    std::vector<Transcript> transcripts = read_with_model(engine, layout, tasks, options, [&](size_t row, const Exchange& exchange) {
      spool.add(row, exchange);
      shown.read(exchange);
    });
    Json readings = {{"first", done_}, {"count", tasks.size()},
                     {"seconds", std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()},
                     {"prefill_seconds", 0.0}, {"decode_seconds", 0.0},
                     {"state_bytes", engine.state_bytes() / static_cast<int64_t>(tasks.size())}};
    LineFile traces(file("traces", ".jsonl")), predictions(file("pred", ".jsonl"));
    for (size_t row = 0; row < transcripts.size(); ++row) {
      Transcript transcript = std::move(transcripts[row]);
      transcript.exchanges = spool.exchanges(row);
      int64_t prefill_tokens = 0, decode_tokens = 0;
      double prefill_seconds = 0, decode_seconds = 0;
      for (const Exchange& exchange : transcript.exchanges) {
        prefill_tokens += exchange.given_tokens;
        decode_tokens += exchange.written_tokens;
        prefill_seconds += exchange.prefill_seconds;
        decode_seconds += exchange.decode_seconds;
      }
      const Json prediction = {{"_id", transcript.id}, {"pred", transcript.answer}, {"answers", transcript.answers}, {"all_classes", nullptr},
                               {"length", transcript.length}, {"mode", transcript.mode}, {"trace", "traces/" + name_ + ".jsonl"},
                               {"score", NiahBenchmark::score(transcript)}, {"prefill_tokens", prefill_tokens}, {"decode_tokens", decode_tokens},
                               {"seconds", prefill_seconds + decode_seconds}};
      predictions.append(prediction.dump(-1, ' ', false, Json::error_handler_t::replace));
      traces.append(to_json(transcript));
      readings["prefill_seconds"] = readings["prefill_seconds"].get<double>() + prefill_seconds;
      readings["decode_seconds"] = readings["decode_seconds"].get<double>() + decode_seconds;
    }
    readings["peak_bytes"] = peak_memory_bytes(model.device());
    LineFile(file("waves", ".jsonl")).append(readings.dump());  // last: now the wave is whole
    shown.finish();
  }

  const EvalConfig& config_;
  const EvalModelConfig& line_;
  int64_t length_;
  std::string name_, weights_;
  int64_t done_ = 0;
};

std::string checksum_of_weights(const std::string& folder) {
  std::string sums;
  for (const std::string& file : weight_files(folder)) sums += (sums.empty() ? "" : "+") + checksum_file(file);
  return sums;
}

}  // namespace

std::vector<Cell> evaluate(const EvalConfig& config, bool replace) {
  const FolderLock lock(config.out);
  const at::Device device = open_device(config.device);
  // Every cell is looked at before the first is begun: a folder that holds other cells is left as it is.
  std::vector<std::string> folders;
  std::vector<std::vector<CellRun>> lines;
  for (const EvalModelConfig& line : config.models) {
    folders.push_back(find_checkpoint(line.checkpoint));
    const std::string weights = checksum_of_weights(folders.back());
    std::vector<CellRun>& runs = lines.emplace_back();
    for (const int64_t length : line.lengths.empty() ? config.lengths : line.lengths) runs.emplace_back(config, line, length, weights).find_done(replace);
  }
  prepare_process(config.threads);
  write_file(fs::path(config.out) / "config.yaml", dump_config(config));
  write_file(fs::path(config.out) / "environment.json", environment(device));

  std::vector<Cell> cells;
  for (size_t i = 0; i < lines.size(); ++i) {
    const auto model = load_model(folders[i], load_options(config.models[i]), device);
    const auto tokenizer = load_tokenizer(folders[i]);
    const Layout layout(tokenizer, config.chat_template);
    const NiahBenchmark benchmark(config, tokenizer);
    int64_t total = 0, done = 0;
    for (const CellRun& run : lines[i]) {
      total += config.samples * run.length();
      done += run.done() * run.length();
    }
    Progress progress("eval " + config.models[i].name, total, "tokens", done);
    for (CellRun& run : lines[i]) {
      run.run(*model, layout, benchmark, progress);
      cells.push_back(run.cell(*model));
      write_file(fs::path(config.out) / "results.json", cells_to_json(cells));
    }
    progress.finish();
  }
  return cells;
}

}  // namespace smooth
