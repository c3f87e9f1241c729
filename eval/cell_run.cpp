#include "eval/cell_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "configs/load.h"
#include "eval/author.h"
#include "eval/spool.h"
#include "model/memory.h"

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

// A wave's share of the progress bar, in tokens: how far its contexts have been read.
class WaveProgress {
 public:
  WaveProgress(const std::vector<Task>& tasks, int64_t tokens, Progress& progress) : tokens_(tokens), progress_(progress) {
    for (const Task& task : tasks) bytes_ += static_cast<int64_t>(task.context.size());
  }
  void read(const Exchange& exchange) {
    read_ += exchange.end - exchange.begin;
    show(bytes_ > 0 ? static_cast<int64_t>(static_cast<double>(tokens_) * static_cast<double>(read_) / static_cast<double>(bytes_)) : 0);
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

// What all exchanges of a reading cost.
Exchange sum_of(const Transcript& transcript) {
  Exchange sum;
  for (const Exchange& exchange : transcript.exchanges) {
    sum.given_tokens += exchange.given_tokens;
    sum.written_tokens += exchange.written_tokens;
    sum.prefill_seconds += exchange.prefill_seconds;
    sum.decode_seconds += exchange.decode_seconds;
  }
  return sum;
}

// Nothing for a reading that failed, or whose task cannot be scored: then it has failed too.
std::optional<double> score_of(const Benchmark& benchmark, const Task& task, Transcript& transcript) {
  if (!transcript.error.empty()) return {};
  try {
    return benchmark.score(task, transcript.answer);
  } catch (const std::runtime_error& error) {
    transcript.error = error.what();
    return {};
  }
}

Json prediction(const Task& task, const Transcript& transcript, const Exchange& cost, const std::string& trace, const std::optional<double>& score) {
  Json json = {{"_id", transcript.id}, {"pred", transcript.answer}, {"answers", transcript.answers},
               {"all_classes", task.classes.empty() ? Json() : Json(task.classes)}, {"length", task.words.value_or(task.length)}, {"mode", transcript.mode},
               {"trace", trace}, {"score", score ? Json(*score) : Json()}, {"context_tokens", task.length}, {"prefill_tokens", cost.given_tokens},
               {"decode_tokens", cost.written_tokens}, {"seconds", cost.prefill_seconds + cost.decode_seconds}};
  if (!score) json["error"] = transcript.error;
  return json;
}

}  // namespace

Shard Shard::from_text(const std::string& text) {
  Shard shard;
  char rest = 0;
  const bool read = std::sscanf(text.c_str(), "%ld/%ld%c", &shard.index, &shard.of, &rest) == 2;
  if (read && shard.of >= 1 && shard.index >= 0 && shard.index < shard.of) return shard;
  throw ConfigError("--shard: expected i/n with i from 0 to n - 1, as 0/8 to 7/8, got " + text);
}

fs::path Shard::folder(const fs::path& out) const { return of == 1 ? out : out / "shards" / fmt::format("{}-of-{}", index, of); }

CellRun::CellRun(const EvalConfig& config, const EvalModelConfig& line, Dataset dataset, const std::string& weights, const Shard& shard)
    : config_(config), line_(line), dataset_(std::move(dataset)), shard_(shard), out_(shard.folder(config.out)),
      name_(line.file() + (dataset_.length ? "." + std::to_string(*dataset_.length) : "/" + dataset_.name)), weights_(weights) {
  const int64_t all = (dataset_.samples + config.rows - 1) / config.rows;
  waves_ = (all - shard.index + shard.of - 1) / shard.of;
}

int64_t CellRun::count(int64_t wave) const { return std::min(config_.rows, dataset_.samples - first(wave)); }

int64_t CellRun::lines(int64_t waves) const {
  int64_t lines = 0;
  for (int64_t wave = 0; wave < waves; ++wave) lines += count(wave);
  return lines;
}

int64_t CellRun::tokens(const Benchmark& benchmark, int64_t waves) const {
  int64_t tokens = 0;
  for (int64_t wave = 0; wave < waves; ++wave) tokens += benchmark.tokens(dataset_, first(wave), count(wave));
  return tokens;
}
int64_t CellRun::tokens(const Benchmark& benchmark) const { return tokens(benchmark, waves_); }
int64_t CellRun::tokens_done(const Benchmark& benchmark) const { return tokens(benchmark, done_); }

// All that decides a prediction; clock readings depend on more.
std::string CellRun::inputs_json() const {
  EvalConfig alone = config_;
  alone.models = {line_};
  if (dataset_.length) alone.lengths = {*dataset_.length};
  if (alone.longbench) alone.longbench->tasks = {dataset_.name};
  alone.models[0].lengths.clear();
  alone.out = "";
  alone.models[0].checkpoint = "";
  return Json({{"config", dump_config(alone)}, {"weights", weights_}, {"data", dataset_.checksum}}).dump(2) + "\n";
}

int64_t CellRun::whole_waves(const std::string& folder) const {
  const auto there = static_cast<int64_t>(lines_of(file(folder, ".jsonl")).size());
  int64_t waves = 0;
  while (waves < waves_ && lines(waves + 1) <= there) ++waves;
  return waves;
}

void CellRun::find_done(bool replace) {
  const std::string inputs = inputs_json();
  if (fs::exists(file("inputs", ".json")) && read_file(file("inputs", ".json")) != inputs) {
    if (!replace) {
      throw std::runtime_error(out_.string() + ": cell " + name_ + " was made with another config or other weights; choose another `out`, or pass --replace");
    }
    for (const char* folder : {"pred", "traces", "waves"}) fs::remove(file(folder, ".jsonl"));
  }
  write_file(file("inputs", ".json"), inputs);
  const auto told = static_cast<int64_t>(lines_of(file("waves", ".jsonl")).size());
  done_ = std::min({told, whole_waves("pred"), whole_waves("traces")});
  keep_lines(file("waves", ".jsonl"), done_);
  keep_lines(file("pred", ".jsonl"), lines(done_));
  keep_lines(file("traces", ".jsonl"), lines(done_));
}

void CellRun::run(const Model& model, const Layout& layout, const Benchmark& benchmark, Progress& progress) {
  for (; done_ < waves_; ++done_) wave(model, layout, benchmark, progress);
}

void CellRun::wave(const Model& model, const Layout& layout, const Benchmark& benchmark, Progress& progress) {
  const std::vector<Task> tasks = benchmark.tasks(dataset_, first(done_), count(done_));
  begin_peak_memory(model.device());
  const auto begin = std::chrono::steady_clock::now();
  Engine engine(model, static_cast<int64_t>(tasks.size()), layout.ends(), config_.sampling, config_.seed + first(done_));
  WaveProgress shown(tasks, benchmark.tokens(dataset_, first(done_), count(done_)), progress);
  fs::create_directories(file("traces", "").parent_path());
  Spool spool(file("traces", ".spool"));
  std::vector<Transcript> transcripts = read_with_model(engine, layout, tasks, reading_options(line_.reading), [&](size_t row, const Exchange& exchange) {
    spool.add(row, exchange);
    shown.read(exchange);
  });
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  double prefill_seconds = 0, decode_seconds = 0;
  LineFile traces(file("traces", ".jsonl")), predictions(file("pred", ".jsonl"));
  for (size_t row = 0; row < transcripts.size(); ++row) {
    Transcript transcript = std::move(transcripts[row]);
    transcript.exchanges = spool.exchanges(row);
    const Exchange cost = sum_of(transcript);
    const std::optional<double> score = score_of(benchmark, tasks[row], transcript);
    predictions.append(prediction(tasks[row], transcript, cost, "traces/" + name_ + ".jsonl", score).dump(-1, ' ', false, Json::error_handler_t::replace));
    traces.append(to_json(transcript));
    prefill_seconds += cost.prefill_seconds;
    decode_seconds += cost.decode_seconds;
  }
  const Json readings = {{"first", first(done_)}, {"count", tasks.size()}, {"seconds", seconds}, {"prefill_seconds", prefill_seconds},
                         {"decode_seconds", decode_seconds}, {"state_bytes", engine.state_bytes() / std::ssize(tasks)},
                         {"peak_bytes", peak_memory_bytes(model.device())}};
  LineFile(file("waves", ".jsonl")).append(readings.dump());  // last: now the wave is whole
  shown.finish();
}

Cell CellRun::cell(const Model& model, const Benchmark& benchmark) const {
  Cell cell{.model = line_.name, .architecture = model.architecture(), .mode = line_.reading.mode, .benchmark = config_.benchmark,
            .dataset = dataset_.name, .length = dataset_.length, .window = {}, .chunk = {}, .early_stop = {}};
  if (model.window() > 0) cell.window = model.window();
  if (line_.reading.mode != "os") {
    cell.chunk = line_.reading.chunk;
    cell.early_stop = line_.reading.early_stop;
  }
  std::vector<double> scores, lengths;
  for (const std::string& line : lines_of(file("pred", ".jsonl"))) {
    const Json json = Json::parse(line);
    if (json.at("score").is_null()) {
      ++cell.failed;
    } else {
      scores.push_back(json.at("score").get<double>());
      lengths.push_back(json.at("length").get<double>());
    }
    cell.prefill_tokens += json.at("prefill_tokens").get<int64_t>();
    cell.decode_tokens += json.at("decode_tokens").get<int64_t>();
    cell.context_tokens += json.at("context_tokens").get<int64_t>();
  }
  for (const std::string& line : lines_of(file("waves", ".jsonl"))) {
    const Json json = Json::parse(line);
    cell.seconds += json.at("seconds").get<double>();
    cell.prefill_seconds += json.at("prefill_seconds").get<double>();
    cell.decode_seconds += json.at("decode_seconds").get<double>();
    cell.peak_bytes = std::max(cell.peak_bytes, json.at("peak_bytes").get<int64_t>());
    cell.state_bytes = std::max(cell.state_bytes, json.at("state_bytes").get<int64_t>());
  }
  cell.n = std::ssize(scores);
  cell.score = scores.empty() ? 0 : benchmark.summary(scores);
  cell.by_length = benchmark.by_length(scores, lengths);
  cell.code_backend = benchmark.code_backend(dataset_);
  const Interval interval = interval_of(scores);
  cell.ci_low = interval.low;
  cell.ci_high = interval.high;
  return cell;
}

void CellRun::merge(int64_t shards) {
  std::vector<CellRun> parts;
  for (int64_t i = 0; i < shards; ++i) {
    CellRun& part = parts.emplace_back(config_, line_, dataset_, weights_, Shard{i, shards});
    const fs::path inputs = part.file("inputs", ".json");
    if (!fs::exists(inputs)) throw std::runtime_error(fmt::format("{}: has not begun cell {}; run --shard {}/{} first", part.out_.string(), name_, i, shards));
    if (read_file(inputs) != inputs_json()) {
      throw std::runtime_error(fmt::format("{}: cell {} was made with another config or other weights; run --shard {}/{} --replace", part.out_.string(), name_, i, shards));
    }
    part.find_done(/*replace=*/false);
    if (part.done_ < part.waves_) {
      throw std::runtime_error(fmt::format("{}: has {} of the {} waves of cell {}; run --shard {}/{} to its end", part.out_.string(), part.done_, part.waves_, name_, i, shards));
    }
  }
  for (const std::string folder : {"traces", "pred", "waves"}) {  // a kill between them leaves what find_done cuts
    std::vector<std::vector<std::string>> lines;
    for (const CellRun& part : parts) lines.push_back(lines_of(part.file(folder, ".jsonl")));
    write_file(file(folder, ".jsonl"), [&](const Append& append) {
      for (int64_t wave = 0; wave < waves_; ++wave) {
        const CellRun& part = parts[wave % shards];
        const int64_t own = wave / shards, begin = folder == "waves" ? own : part.lines(own), end = folder == "waves" ? own + 1 : part.lines(own + 1);
        for (int64_t line = begin; line < end; ++line) append(lines[wave % shards][line] + "\n");
      }
    });
  }
}

}  // namespace smooth
