#include "eval/benchmarks/niah.h"

#include <fmt/format.h>

#include <numeric>
#include <stdexcept>

#include "data/in_order.h"
#include "data/scores/metrics.h"

namespace smooth {
namespace {

std::string with_length(std::string path, int64_t length) {
  const std::string place = "{length}";
  for (size_t at; (at = path.find(place)) != std::string::npos;) path.replace(at, place.size(), std::to_string(length));
  return path;
}

}  // namespace

NiahBenchmark::NiahBenchmark(const EvalConfig& config, std::shared_ptr<const Tokenizer> tokenizer)
    : config_(config), tokenizer_(std::move(tokenizer)) {
  if (config.niah.file.empty()) {
    niah_.emplace(config.niah, tokenizer_);
    return;
  }
  for (const EvalModelConfig& line : config.models) {
    for (const int64_t length : config.lengths_of(line)) {
      if (files_.contains(length)) continue;
      const std::string path = with_length(config.niah.file, length);
      const RulerFile& file = files_.emplace(length, path).first->second;
      if (file.size() >= config.samples) continue;
      throw std::runtime_error(fmt::format("niah.file: {} holds {} tasks, and samples asks for {}; set samples to what all files have", path, file.size(),
                                           config.samples));
    }
  }
}

std::vector<Dataset> NiahBenchmark::datasets(const EvalModelConfig& line) const {
  std::vector<Dataset> datasets;
  for (const int64_t length : config_.lengths_of(line)) {
    if (!niah_) datasets.push_back({files_.at(length).name(), length, config_.samples, files_.at(length).checksum()});
    if (niah_ && config_.niah.distance.empty()) datasets.push_back({config_.niah.name(), length, config_.samples});
  }
  for (const int64_t distance : config_.niah.distance) {
    for (const int64_t length : config_.lengths_of(line)) {
      datasets.push_back({fmt::format("{}, {} from the end", config_.niah.name(), distance), length, config_.samples, {}, distance});
    }
  }
  return datasets;
}

std::vector<Task> NiahBenchmark::tasks(const Dataset& dataset, int64_t first, int64_t count) const {
  InOrder<Task> made(count, config_.threads, [&](int64_t i) {
    if (niah_) return niah_->task(config_.seed, *dataset.length, first + i, dataset.distance);
    Task task = files_.at(*dataset.length).task(first + i);
    task.length = static_cast<int64_t>(tokenizer_->encode(task.instruction + "\n" + task.context + "\n" + task.question).size());
    return task;
  });
  std::vector<Task> tasks;
  for (int64_t i = 0; i < count; ++i) tasks.push_back(made.next());
  return tasks;
}

double NiahBenchmark::score(const Task& task, const std::string& answer) const { return string_match_all(answer, task.answers); }

double NiahBenchmark::summary(const std::vector<double>& scores) const {
  return 100 * std::accumulate(scores.begin(), scores.end(), 0.0) / static_cast<double>(scores.size());
}

}  // namespace smooth
