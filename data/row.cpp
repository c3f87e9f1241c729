#include "data/row.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>

#include "data/random.h"
#include "data/teachers/rules.h"
#include "data/tiny/tiny.h"

namespace smooth {
namespace fs = std::filesystem;

namespace {

// A whole number from [low, high], drawn so that every doubling is as likely as the next.
int64_t log_uniform(Random& random, int64_t low, int64_t high) {
  const double drawn = std::exp(std::log(static_cast<double>(low)) + random.uniform() * std::log(static_cast<double>(high) / static_cast<double>(low)));
  return std::clamp(static_cast<int64_t>(std::lround(drawn)), low, high);
}

// Writes again what was written before; asked for an answer only, the answer.
class Replay : public Author {
 public:
  explicit Replay(const Transcript& taught) : taught_(taught) {}
  std::string write(const Turn& turn) override { return turn.one_step ? taught_.answer : taught_.exchanges.at(next_++).written; }

 private:
  const Transcript& taught_;
  size_t next_ = 0;
};

int64_t whole_lines(const fs::path& file) {
  std::ifstream stream(file);
  int64_t lines = 0;
  for (std::string line; std::getline(stream, line);) lines += stream.eof() ? 0 : 1;
  return lines;
}

void keep_lines(const fs::path& file, int64_t count) {
  std::ifstream stream(file);
  write_file(file, [&](const Append& append) {
    std::string line;
    for (int64_t i = 0; i < count && std::getline(stream, line); ++i) append(line + "\n");
  });
}

}  // namespace

Row::Row(const RowConfig& config, int64_t seed, std::shared_ptr<const Tokenizer> tokenizer) : config_(config), seed_(seed), tokenizer_(std::move(tokenizer)) {
  if (config.needles()) {
    niah_.emplace(config.niah, tokenizer_);
  } else if (!config.tiny) {
    tasks_ = load_tasks(config.row, *config.source);
  }
}

int64_t Row::size() const { return tasks_ ? tasks_->size() : std::numeric_limits<int64_t>::max(); }

Task Row::task(int64_t index) const { return tasks_ ? tasks_->task(seed_, index) : niah_ ? needle_task(index) : miniature(index); }

Task Row::needle_task(int64_t index) const {
  Random random(seed_, config_.file() + " length " + std::to_string(index));
  Task task = niah_->task(random.getrandbits(48), random.randint(config_.min_tokens, config_.max_tokens), index);
  task.id = config_.file() + "-" + std::to_string(index);
  task.row = config_.row;
  task.early_stop = config_.row == "niah-b";
  return task;
}

Task Row::miniature(int64_t index) const {
  Random random(seed_, config_.file() + " miniature " + std::to_string(index));
  const std::string dataset = tiny_dataset(config_.row);
  const int64_t length = random.randint(config_.min_tokens, config_.max_tokens);
  Task task = tiny_task(dataset, tiny_record(dataset, *config_.tiny, *tokenizer_, length, random));
  task.id = config_.file() + "-" + std::to_string(index);
  task.row = config_.row;
  task.length = static_cast<int64_t>(tokenizer_->encode(task.context).size());
  return task;
}

Transcript Row::by_rules(const Task& task, Mode form, int64_t index) const {
  Random random(seed_, config_.file() + " chunk " + std::to_string(index));
  const ReadingOptions options{.mode = form, .chunk = log_uniform(random, config_.min_chunk, config_.max_chunk), .early_stop = task.early_stop};
  return read(task, options, *rule_teacher(task));
}

Transcript in_form(const Task& task, const Transcript& taught, Mode form) {
  Replay author(taught);
  return read(task, {.mode = form, .chunk = taught.chunk, .early_stop = taught.early_stop}, author);
}

SampleLimit::SampleLimit(int64_t tokens, const std::shared_ptr<const Tokenizer>& tokenizer, const std::string& chat_template) : tokens_(tokens) {
  if (tokens > 0) layout_.emplace(tokenizer, chat_template);
}

bool SampleLimit::allows(const Task& task) const {
  if (!layout_) return true;
  return static_cast<int64_t>(layout_->given(Reading(task, {.mode = Mode::kOneStep}).next()->text, true).size()) <= tokens_;
}

bool SampleLimit::allows(const std::vector<Transcript>& forms) const {
  if (!layout_) return true;
  const auto fits = [&](const Example& document) { return static_cast<int64_t>(document.ids.size()) <= tokens_; };
  return std::all_of(forms.begin(), forms.end(), [&](const Transcript& form) {
    const std::vector<Example> documents = layout_->examples(form);
    return std::all_of(documents.begin(), documents.end(), fits);
  });
}

std::vector<Mode> forms_of(const RowConfig& config) {
  std::vector<Mode> forms;
  for (const std::string& name : config.forms) forms.push_back(mode_from(name));
  return forms;
}

fs::path row_file(const fs::path& out, const RowConfig& config, Mode form) { return out / (config.file() + "." + mode_name(form) + ".jsonl"); }

RowFiles::RowFiles(const fs::path& out, const RowConfig& config) : samples_(std::numeric_limits<int64_t>::max()) {
  const std::vector<Mode> forms = forms_of(config);
  for (const Mode form : forms) samples_ = std::min(samples_, whole_lines(row_file(out, config, form)));
  for (const Mode form : forms) {
    // A form may be ahead of another by the sample that a kill cut in half.
    const fs::path file = row_file(out, config, form);
    if (fs::exists(file) && whole_lines(file) != samples_) keep_lines(file, samples_);
    files_.emplace_back(file);
  }
}

void RowFiles::append(const std::vector<Transcript>& forms) {
  for (size_t i = 0; i < files_.size(); ++i) files_[i].append(to_json(forms[i]));
  ++samples_;
}

}  // namespace smooth
