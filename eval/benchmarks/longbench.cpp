#include "eval/benchmarks/longbench.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>

#include "configs/run.h"
#include "data/scores/average.h"
#include "data/scores/longbench.h"
#include "data/tasks/longbench.h"
#include "data/tasks/longbench_prompts.h"

namespace smooth {
namespace {

bool is_there(const LongBenchTask& task, bool e) { return !e || task.total_e() > 0; }

std::vector<std::string> all_names(bool e) {
  std::vector<std::string> names;
  for (const LongBenchTask& task : longbench_tasks()) {
    if (is_there(task, e)) names.emplace_back(task.name);
  }
  return names;
}

void check_names(const std::vector<std::string>& names, bool e) {
  for (const std::string& name : names) {
    const LongBenchTask* task = find_longbench_task(name);
    if (task != nullptr && is_there(*task, e) && std::count(names.begin(), names.end(), name) == 1) continue;
    std::string known;
    for (const std::string& other : all_names(e)) known += (known.empty() ? "" : ", ") + other;
    const bool twice = task != nullptr && is_there(*task, e);
    throw std::runtime_error(fmt::format("longbench.tasks: {} {}; {}'s are {}", name, twice ? "is given twice" : "is not known", e ? "LongBench-E" : "LongBench", known));
  }
}

}  // namespace

LongBench::LongBench(const LongBenchConfig& config, const Tokenizer& tokenizer)
    : e_(config.e), code_backend_(config.code_backend), names_(config.tasks.empty() ? all_names(config.e) : config.tasks) {
  check_names(names_, config.e);
  std::optional<LongBenchPrompts> prompts;
  if (config.prompts == "official") prompts.emplace(config.config, names_, config.max_length.value());
  for (const std::string& name : names_) {
    std::vector<LongBenchRecord> records = read_longbench(config.path, name, config.e);
    if (config.samples && *config.samples < std::ssize(records)) records.resize(*config.samples);
    std::vector<Task>& tasks = tasks_[name];
    std::string texts;
    for (const LongBenchRecord& record : records) {
      for (const std::string& text : {record.id, record.input, record.context}) texts += checksum(text);
      for (const std::string& answer : record.answers) texts += checksum(answer);
      Task& task = tasks.emplace_back(longbench_task(name, record));
      if (prompts) task.prompt = prompts->prompt(name, record, tokenizer);
      task.length = std::ssize(task.prompt ? tokenizer.encode_framed(task.prompt->text) : tokenizer.encode(record.context));
    }
    if (prompts) texts += prompts->checksum_of(name);
    checksums_[name] = checksum(texts);
    std::stable_sort(tasks.begin(), tasks.end(), [](const Task& a, const Task& b) { return a.length > b.length; });
  }
}

std::vector<Dataset> LongBench::datasets(const EvalModelConfig&) const {
  std::vector<Dataset> datasets;
  for (const std::string& name : names_) datasets.push_back({name, {}, std::ssize(tasks_.at(name)), checksums_.at(name)});
  return datasets;
}

std::vector<Task> LongBench::tasks(const Dataset& dataset, int64_t first, int64_t count) const {
  const auto begin = tasks_.at(dataset.name).begin() + first;
  return {begin, begin + count};
}

int64_t LongBench::tokens(const Dataset& dataset, int64_t first, int64_t count) const {
  const std::vector<Task>& tasks = tasks_.at(dataset.name);
  int64_t tokens = 0;
  for (int64_t i = first; i < first + count; ++i) tokens += tasks[i].length;
  return tokens;
}

double LongBench::score(const Task& task, const std::string& answer) const {
  return longbench_score(*find_longbench_task(task.row), answer, task.answers, task.classes, code_backend_);
}

double LongBench::summary(const std::vector<double>& scores) const { return plain_average(scores); }

std::array<std::optional<double>, 3> LongBench::by_length(const std::vector<double>& scores, const std::vector<double>& lengths) const {
  std::array<std::optional<double>, 3> averages;
  if (!e_) return averages;
  const std::array<double, 3> found = bucket_averages(scores, lengths);
  for (size_t i = 0; i < found.size(); ++i) {
    if (!std::isnan(found[i])) averages[i] = found[i];
  }
  return averages;
}

std::optional<std::string> LongBench::code_backend(const Dataset& dataset) const {
  if (std::string(find_longbench_task(dataset.name)->metric) != "code_sim") return {};
  return code_backend_;
}

}  // namespace smooth
