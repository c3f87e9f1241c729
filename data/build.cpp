#include "data/build.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "configs/load.h"
#include "configs/run.h"
#include "data/chunker.h"
#include "data/layout.h"
#include "data/niah.h"
#include "data/random.h"
#include "data/reading.h"
#include "data/teachers/rules.h"

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

// A whole number from [low, high], drawn so that every doubling is as likely as the next.
int64_t log_uniform(Random& random, int64_t low, int64_t high) {
  const double drawn = std::exp(std::log(static_cast<double>(low)) + random.uniform() * std::log(static_cast<double>(high) / static_cast<double>(low)));
  return std::clamp(static_cast<int64_t>(std::lround(drawn)), low, high);
}

// One row: its tasks, and each task as a transcript in every form.
class Row {
 public:
  Row(const RowConfig& config, int64_t seed, std::shared_ptr<const Tokenizer> tokenizer)
      : config_(config), seed_(seed), niah_(config.niah, std::move(tokenizer)) {}

  Task task(int64_t index) const {
    Random random(seed_, config_.file() + " length " + std::to_string(index));
    Task task = niah_.task(random.getrandbits(48), random.randint(config_.min_tokens, config_.max_tokens), index);
    task.id = config_.file() + "-" + std::to_string(index);
    task.row = config_.row;
    task.early_stop = config_.row == "niah-b";
    return task;
  }
  Transcript transcript(const Task& task, Mode form, int64_t index) const {
    Random random(seed_, config_.file() + " chunk " + std::to_string(index));
    const ReadingOptions options{.mode = form, .chunk = log_uniform(random, config_.min_chunk, config_.max_chunk), .early_stop = task.early_stop};
    RuleTeacher teacher(task);
    return read(task, options, teacher);
  }
  fs::path file(const fs::path& out, Mode form) const { return out / (config_.file() + "." + mode_name(form) + ".jsonl"); }
  std::vector<Mode> forms() const {
    std::vector<Mode> forms;
    for (const std::string& name : config_.forms) forms.push_back(mode_from(name));
    return forms;
  }
  const RowConfig& config() const { return config_; }

 private:
  const RowConfig& config_;
  int64_t seed_;
  Niah niah_;
};

int64_t whole_lines(const fs::path& file) {
  std::ifstream stream(file);
  int64_t lines = 0;
  for (std::string line; std::getline(stream, line);) lines += stream.eof() ? 0 : 1;
  return lines;
}

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
      for (const Mode form : row.forms()) {
        for (const Exchange& exchange : row.transcript(task, form, row_config.samples + i).exchanges) {
          add(exchange.given);
          add(exchange.written);
        }
      }
    }
  }
  train_sentencepiece(folder, lines, config.tokenizer.model_type, config.tokenizer.vocab_size, special_texts());
}

// A finished set is as its manifest says; throws naming the file that is not.
void check_files(const fs::path& out) {
  const Json manifest = Json::parse(read_file(out / "manifest.json"));
  for (const Json& entry : manifest.at("rows")) {
    const fs::path file = out / entry.at("file").get<std::string>();
    const int64_t expected = entry.at("bytes"), bytes = fs::exists(file) ? static_cast<int64_t>(fs::file_size(file)) : -1;
    if (bytes == expected) continue;
    throw std::runtime_error(file.string() + (bytes < 0 ? " is missing" : " has " + std::to_string(bytes) + " bytes") + ", the manifest says " +
                             std::to_string(expected) + " bytes; delete " + (out / "manifest.json").string() + " to have what is missing built again");
  }
}

void build_row(const Row& row, const fs::path& out) {
  const std::vector<Mode> forms = row.forms();
  int64_t done = row.config().samples;
  for (const Mode form : forms) done = std::min(done, whole_lines(row.file(out, form)));
  std::vector<LineFile> files;
  for (const Mode form : forms) {
    // A form may be ahead of another by the sample that a kill cut in half.
    std::ifstream stream(row.file(out, form));
    std::string kept, line;
    for (int64_t i = 0; i < done && std::getline(stream, line); ++i) kept += line + "\n";
    if (stream.is_open() && whole_lines(row.file(out, form)) != done) write_file(row.file(out, form), kept);
    files.emplace_back(row.file(out, form));
  }
  Progress progress("data " + row.config().file(), row.config().samples, "samples", done);
  for (int64_t i = done; i < row.config().samples; ++i) {
    const Task task = row.task(i);
    for (size_t form = 0; form < forms.size(); ++form) files[form].append(to_json(row.transcript(task, forms[form], i)));
    progress.advance(1);
  }
  progress.finish();
}

}  // namespace

void build_set(const DataConfig& config, bool replace) {
  const fs::path out(config.out);
  const std::string resolved = dump_config(config);
  const auto other = [&] { return fs::exists(out / "config.yaml") && read_file(out / "config.yaml") != resolved; };
  if (fs::exists(out) && replace) {
    const FolderLock lock(config.out);
    if (other()) clear_folder(out, {"config.yaml"});
  }
  if (other()) throw std::runtime_error(config.out + ": holds a set of another config; choose another `out`, or pass --replace to begin anew");
  const FolderLock lock(config.out);
  if (fs::exists(out / "manifest.json")) return check_files(out);
  write_file(out / "config.yaml", resolved);

  const bool own = config.tokenizer.path.empty();
  const fs::path tokenizer_folder = own ? "tokenizer" : fs::absolute(config.tokenizer.path);  // relative to the set
  if (own && !fs::exists(out / tokenizer_folder / "tokenizer_config.json")) train_tokenizer(config, out / tokenizer_folder);
  const auto tokenizer = load_tokenizer(out / tokenizer_folder);

  Json manifest = {{"seed", config.seed}, {"tokenizer", tokenizer_folder.string()}, {"vocab_size", tokenizer->vocab_size()}, {"rows", Json::array()}};
  for (const RowConfig& row_config : config.rows) {
    const Row row(row_config, config.seed, tokenizer);
    build_row(row, out);
    for (const Mode form : row.forms()) {
      const fs::path file = row.file(out, form);
      manifest["rows"].push_back({{"row", row_config.file()}, {"form", mode_name(form)}, {"file", file.filename().string()},
                                  {"samples", row_config.samples}, {"bytes", fs::file_size(file)}, {"checksum", checksum_file(file)}});
    }
  }
  write_file(out / "manifest.json", manifest.dump(2) + "\n");
}

}  // namespace smooth
