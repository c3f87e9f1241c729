#include "data/build.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "configs/load.h"
#include "configs/run.h"
#include "data/chunker.h"
#include "data/decontamination.h"
#include "data/layout.h"
#include "data/row.h"
#include "data/taught.h"
#include "data/tiny/benchmark.h"

namespace smooth {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

// Counts as the paper estimates, for as long as there is no tokenizer yet.
class EstimatedCount : public Tokenizer {
 public:
  std::vector<int64_t> encode(const std::string& text) const override { return std::vector<int64_t>(estimated_tokens(text), 0); }
  std::string decode(const std::vector<int64_t>&) const override { throw std::logic_error("an estimate has no text"); }
  std::string piece(int64_t) const override { throw std::logic_error("an estimate has no pieces"); }
  int64_t vocab_size() const override { return 1; }
  int64_t special_id(const std::string&) const override { return -1; }
  void save(const std::string&) const override { throw std::logic_error("an estimate cannot be saved"); }
};

// The text that the tokenizer learns from: everything that the rows will say, of tasks beyond those that are built.
void train_tokenizer(const DataConfig& config, const fs::path& folder) {
  std::vector<std::string> lines;
  const auto add = [&](const std::string& text) {
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      if (end > begin) lines.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
  };
  for (const RowConfig& row_config : config.rows) {
    const Row row(row_config, config.seed, std::make_shared<EstimatedCount>());
    const int64_t count = config.tokenizer.training_documents / static_cast<int64_t>(config.rows.size());
    for (int64_t i = 0; i < count; ++i) {
      const Task task = row.task(row_config.samples + i);
      for (const Mode form : forms_of(row_config)) {
        for (const Exchange& exchange : row.by_rules(task, form, row_config.samples + i).exchanges) {
          add(exchange.given);
          add(exchange.written);
        }
      }
    }
  }
  train_sentencepiece(folder, lines, config.tokenizer.model_type, config.tokenizer.vocab_size, special_texts(), config.tokenizer.split_punctuation);
}

// Where a row's raw data should lie and does not; empty if it is there or there is none.
std::string missing_path(const RowConfig& row) {
  const std::string path = row.source ? row.source->path : row.niah.passages;
  return path.empty() || fs::exists(path) ? "" : path;
}

// A finished set is as its manifest says; throws naming the file that is not. False: a row that was left out can be built now, or overlap be told.
bool is_finished(const DataConfig& config) {
  const fs::path out(config.out);
  if (!fs::exists(out / "manifest.json")) return false;
  const Json manifest = Json::parse(read_file(out / "manifest.json"));
  Json files = manifest.at("rows");
  if (manifest.contains("tiny_longbench")) files.insert(files.end(), manifest.at("tiny_longbench").begin(), manifest.at("tiny_longbench").end());
  for (const Json& entry : files) {
    const fs::path file = out / entry.at("file").get<std::string>();
    const int64_t expected = entry.at("bytes"), bytes = fs::exists(file) ? static_cast<int64_t>(fs::file_size(file)) : -1;
    if (bytes == expected) continue;
    throw std::runtime_error(file.string() + (bytes < 0 ? " is missing" : " has " + std::to_string(bytes) + " bytes") + ", the manifest says " +
                             std::to_string(expected) + " bytes; delete " + (out / "manifest.json").string() + " to have what is missing built again");
  }
  for (const RowConfig& row : config.rows) {
    if (manifest.value("missing", Json::object()).contains(row.file()) && missing_path(row).empty()) return false;
  }
  if (!config.decontamination || !fs::exists(config.decontamination->benchmark)) return true;
  return manifest.contains("overlap") && manifest.at("overlap").value("files", Json()) == Json(benchmark_files(config.decontamination->benchmark));
}

// What is to be looked for in the tasks; nothing where LongBench is not there and nothing was to be left out.
std::optional<DecontaminationConfig> looked_for(const DataConfig& config) {
  const auto& wanted = config.decontamination;
  if (!wanted || fs::exists(wanted->benchmark)) return wanted;
  const std::string missing = wanted->benchmark + " is not there; `./smooth data fetch longbench` tells how to have it";
  if (wanted->remove != "none") throw std::runtime_error("decontamination.remove: " + wanted->remove + ", but " + missing);
  std::cerr << "smooth: overlap with LongBench is not told: " << missing << "\n";
  return {};
}

constexpr int64_t kMostInVain = 2000;  // tasks one after another of which no sample may be in the set

// Gives back how many samples were too long.
int64_t build_by_rules(const Row& row, Filters& filters, RowFiles& files) {
  const RowConfig& config = row.config();
  const int64_t done = files.samples();
  // Where every task becomes a sample, those that are there need not be made again.
  int64_t i = filters.decontamination.looks() || filters.limit.limits() ? 0 : done, kept = i, vain = 0, too_long = 0;
  Progress progress("data " + config.file(), std::min(config.samples, row.size()), "samples", kept);
  for (; kept < config.samples && i < row.size(); ++i) {
    if (vain == kMostInVain) {
      throw std::runtime_error(fmt::format("row {}: the last {} tasks overlap with LongBench or are longer than max_sample_tokens ({} of {} were too long, {} samples are kept); "
                                           "change decontamination, max_sample_tokens or the row's lengths", config.file(), vain, too_long, i, kept));
    }
    ++vain;
    const Task task = row.task(i);
    if (!filters.decontamination.passes(task)) continue;
    std::vector<Transcript> sample;
    for (const Mode form : forms_of(config)) sample.push_back(row.by_rules(task, form, i));
    if (!filters.limit.allows(sample)) {
      ++too_long;
      continue;
    }
    vain = 0;
    if (++kept > done) files.append(sample);
    progress.advance(1);
  }
  progress.finish();
  return too_long;
}

// What became of a row's raw set and of its tasks.
Json report_of(const Row& row, const RowFiles& files, const TaughtCounts& counts) {
  Json report = {{"wanted", row.config().samples}, {"samples", files.samples()}};
  if (row.tasks() != nullptr) {
    const SourceCounts& source = row.tasks()->counts();
    report["raw_rows"] = source.rows;
    report["bad_rows"] = source.bad;
    report["left_out"] = source.left_out;
    if (source.bad > 0) report["first_bad"] = source.first_bad;
  }
  if (!row.config().by_rules()) report["tried"] = counts.tried;
  report["dropped"] = counts.dropped;
  return report;
}

// What a set depends on: not how its teacher is reached and paid, nor where raw data and answers lie.
std::string what_shapes(DataConfig config) {
  config.out.clear();
  if (config.teacher) {
    const TeacherConfig& teacher = *config.teacher;
    TeacherConfig kept;
    kept.model = teacher.model;
    kept.temperature = teacher.temperature;
    kept.chunk = teacher.chunk;
    kept.max_tokens = teacher.max_tokens;
    kept.extra_body = teacher.extra_body;
    kept.corrections = teacher.corrections;
    config.teacher = kept;
  }
  if (config.decontamination && config.decontamination->remove == "none") config.decontamination.reset();
  if (config.max_sample_tokens == 0) config.chat_template = DataConfig().chat_template;
  return dump_config(config);
}

// Where tasks are left out, the benchmark's files shape the set too.
const std::string kBenchmarkFile = "benchmark.json";
bool removes(const DataConfig& config) { return config.decontamination && config.decontamination->remove != "none"; }
std::string files_of_benchmark(const DataConfig& config) { return Json(benchmark_files(config.decontamination->benchmark)).dump(2) + "\n"; }

// Does the folder hold the set of another config? Throws if so, unless it may be replaced.
bool holds_another(const DataConfig& config, bool replace) {
  const fs::path file = fs::path(config.out) / "config.yaml";
  bool other = fs::exists(file) && what_shapes(load_config<DataConfig>(file.string())) != what_shapes(config);
  if (const fs::path begun_with = fs::path(config.out) / kBenchmarkFile; !other && fs::exists(begun_with) && removes(config)) other = read_file(begun_with) != files_of_benchmark(config);
  if (other && !replace) throw std::runtime_error(config.out + ": holds a set of another config (or, where tasks are left out, of other files of LongBench); choose another `out`, or pass --replace to begin anew");
  return other;
}

std::shared_ptr<const Tokenizer> tokenizer_of(const DataConfig& config, const fs::path& folder) {
  const bool own = config.tokenizer.path.empty();
  if (own && !fs::exists(folder / "tokenizer_config.json")) train_tokenizer(config, folder);
  return load_tokenizer(folder.string());
}

// One row into its files, and what became of it into the manifest.
void build_row(const Row& row, ChatTeacher* teacher, Filters& filters, const fs::path& out, Json& manifest) {
  const RowConfig& config = row.config();
  RowFiles files(out, config);
  TaughtCounts counts;
  filters.decontamination.begin_row(config.file());
  if (config.by_rules()) {
    counts.dropped["too_long"] = build_by_rules(row, filters, files);
  } else {
    counts = teach_row(row, *teacher, filters, files);
  }
  if (files.samples() < config.samples) {
    std::cerr << "smooth: row " << config.file() << " has " << files.samples() << " samples of " << config.samples << ": its raw set gives no more\n";
  }
  manifest["sources"][config.file()] = report_of(row, files, counts);
  for (const Mode form : forms_of(config)) {
    const fs::path file = row_file(out, config, form);
    manifest["rows"].push_back({{"row", config.file()}, {"form", mode_name(form)}, {"file", file.filename().string()},
                                {"samples", files.samples()}, {"bytes", fs::file_size(file)}, {"checksum", checksum_file(file)}});
  }
}

// A row that was built before, whose raw set has gone since: it stays as it is.
bool keep_row(const std::string& row, const Json& before, Json& manifest) {
  if (!before.contains("sources") || !before.at("sources").contains(row)) return false;
  manifest["sources"][row] = before.at("sources").at(row);
  for (const Json& entry : before.at("rows")) {
    if (entry.at("row") == row) manifest["rows"].push_back(entry);
  }
  return true;
}

}  // namespace

void build_set(const DataConfig& config, bool replace) {
  const fs::path out(config.out);
  const FolderLock lock(config.out);
  const std::optional<DecontaminationConfig> overlap = looked_for(config);
  const bool anew = holds_another(config, replace);
  if (!anew && is_finished(config)) return;
  // What cannot do is told of before anything is cleared.
  Decontamination decontamination(overlap);
  if (decontamination.looks() && !decontamination.incomplete().empty()) {
    std::cerr << "smooth: warning: " << overlap->benchmark << " is not all of LongBench: " << fmt::format("{}", fmt::join(decontamination.incomplete(), ", ")) << "\n";
  }
  if (const std::string& path = config.tokenizer.path; !path.empty()) SampleLimit(config.max_sample_tokens, load_tokenizer(path), config.chat_template);
  const bool taught = std::any_of(config.rows.begin(), config.rows.end(), [](const RowConfig& row) { return !row.by_rules() && missing_path(row).empty(); });
  const auto teacher = taught ? std::make_unique<ChatTeacher>(*config.teacher) : nullptr;
  if (anew) clear_folder(out, {kBenchmarkFile, "config.yaml"});
  const Json before = fs::exists(out / "manifest.json") ? Json::parse(read_file(out / "manifest.json")) : Json::object();
  write_file(out / "config.yaml", dump_config(config));
  if (removes(config)) write_file(out / kBenchmarkFile, files_of_benchmark(config));

  const fs::path tokenizer_folder = config.tokenizer.path.empty() ? "tokenizer" : fs::absolute(config.tokenizer.path);  // relative to the set
  const auto tokenizer = tokenizer_of(config, out / tokenizer_folder);
  Filters filters{std::move(decontamination), SampleLimit(config.max_sample_tokens, tokenizer, config.chat_template)};
  Json manifest = {{"seed", config.seed}, {"tokenizer", tokenizer_folder.string()}, {"vocab_size", tokenizer->vocab_size()}, {"chat_template", config.chat_template},
                   {"max_sample_tokens", config.max_sample_tokens}, {"rows", Json::array()}, {"sources", Json::object()}, {"missing", Json::object()}};
  for (const RowConfig& row_config : config.rows) {
    const std::string path = missing_path(row_config);
    if (path.empty()) {
      build_row(Row(row_config, config.seed, tokenizer), teacher.get(), filters, out, manifest);
    } else if (!keep_row(row_config.file(), before, manifest)) {
      std::cerr << "smooth: row " << row_config.file() << " is left out: " << path << " is not there; `./smooth data fetch` tells how to have it\n";
      manifest["missing"][row_config.file()] = path;
    }
  }
  if (config.tiny_longbench) manifest["tiny_longbench"] = build_tiny_longbench(*config.tiny_longbench, config.seed, *tokenizer, out);
  if (filters.decontamination.looks()) {
    manifest["overlap"] = filters.decontamination.report();
    write_file(out / "overlap.jsonl", filters.decontamination.lines());
  }
  write_file(out / "manifest.json", manifest.dump(2) + "\n");
}

std::string price_set(const DataConfig& config) {
  std::string words;
  for (const RowConfig& row_config : config.rows) {
    if (row_config.by_rules()) continue;
    const std::string path = missing_path(row_config);
    words += row_config.file() + ": " + (path.empty() ? price_row(Row(row_config, config.seed, nullptr), *config.teacher) : path + " is not there") + "\n";
  }
  return words.empty() ? "no row asks a language model: nothing to pay\n" : words;
}

}  // namespace smooth
