#include "data/decontamination.h"

#include <fmt/format.h>

#include <stdexcept>

namespace smooth {
using Json = nlohmann::ordered_json;

Decontamination::Decontamination(const std::optional<DecontaminationConfig>& config) {
  if (!config) return;
  config_ = *config;
  benchmark_.emplace(config_.benchmark);
}

void Decontamination::begin_row(const std::string& row) { rows_.push_back({.name = row}); }

void Decontamination::count(double share, std::array<int64_t, kShares.size()>& counts) {
  for (size_t i = 0; i < kShares.size(); ++i) counts[i] += share > 0 && share >= kShares[i];
}

bool Decontamination::is_removed(const Overlap& overlap) const {
  if (config_.remove == "none") return false;
  return overlap.question >= config_.share || (config_.remove == "all" && overlap.context >= config_.share);
}

bool Decontamination::passes(const Task& task) {
  if (!benchmark_) return true;
  const Overlap overlap = benchmark_->of(task);
  Row& row = rows_.back();
  ++row.tasks;
  count(overlap.question, row.questions);
  count(overlap.context, row.contexts);
  if (overlap.question > 0 || overlap.context > 0) {
    lines_ += Json{{"row", row.name}, {"id", task.id}, {"question", overlap.question}, {"context", overlap.context}}.dump() + "\n";
  }
  if (!is_removed(overlap)) return true;
  ++row.removed;
  return false;
}

Json Decontamination::report() const {
  const auto by_share = [](const std::array<int64_t, kShares.size()>& counts) {
    Json json;
    for (size_t i = 0; i < kShares.size(); ++i) json[i == 0 ? "any" : fmt::format(">={}", kShares[i])] = counts[i];
    return json;
  };
  Json rows = Json::object();
  for (const Row& row : rows_) {
    rows[row.name] = {{"tasks", row.tasks}, {"questions", by_share(row.questions)}, {"contexts", by_share(row.contexts)}, {"removed", row.removed}};
  }
  return {{"benchmark", config_.benchmark}, {"files", benchmark_files(config_.benchmark)}, {"incomplete", benchmark_->incomplete()}, {"benchmark_samples", benchmark_->samples()}, {"remove", config_.remove}, {"share", config_.share}, {"rows", rows}};
}

}  // namespace smooth
