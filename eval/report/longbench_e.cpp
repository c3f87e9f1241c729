#include "eval/report/longbench_e.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>

#include "data/scores/longbench.h"
#include "data/scores/longbench_result.h"
#include "eval/report/lines.h"
#include "eval/report/table2.h"

namespace smooth {
namespace {

TableCell score_text(const std::optional<double>& score) { return score ? fmt::format("{:.2f}", *score) : std::string("–"); }

// The cells of one model in one mode, in the order in which models come first.
std::vector<std::vector<Cell>> by_model(const std::vector<Cell>& cells) {
  std::vector<std::vector<Cell>> models;
  for (const Cell& cell : cells) {
    const auto takes = [&](const std::vector<Cell>& model) {
      const bool has_it = std::any_of(model.begin(), model.end(), [&](const Cell& other) { return other.dataset == cell.dataset; });
      return model[0].model == cell.model && model[0].mode == cell.mode && !has_it;
    };
    const auto model = std::find_if(models.begin(), models.end(), takes);
    (model == models.end() ? models.emplace_back() : *model).push_back(cell);
  }
  return models;
}

// What `./smooth score --e` makes of a model's predictions.
LongBenchResult result_of(const std::vector<Cell>& cells) {
  LongBenchResult result{.e = true, .tasks = {}};
  for (const Cell& cell : cells) {
    for (const std::optional<double>& score : cell.by_length) result.tasks[cell.dataset].push_back(score.value_or(std::numeric_limits<double>::quiet_NaN()));
  }
  return result;
}

std::vector<TableCell> bucket_row(const std::vector<Cell>& cells, size_t bucket) {
  const LongBenchMeans means = result_of(cells).means(bucket);
  std::vector<TableCell> row = {cells[0].model, mode_label(cells[0].mode), kBuckets[bucket]};
  for (const auto& [category, label] : kCategories) {
    const LongBenchMeans::Category& found = means.categories.at(category);
    row.push_back(score_text(found.whole ? std::optional(found.mean) : std::nullopt));
    if (found.whole && std::string(category) == "code") row.back().note = code_backends(cells);
  }
  const bool whole = means.missing.empty();
  row.push_back(score_text(whole ? std::optional(means.of_categories) : std::nullopt));
  row.push_back(score_text(whole ? std::optional(means.of_tasks) : std::nullopt));
  return row;
}

}  // namespace

Table longbench_e_table(const std::vector<Cell>& cells) {
  Table table{"LongBench-E, by length in words. Avg is the mean of the six categories, tasks the plain mean of the thirteen tasks.", {"model", "mode", "words"}, 3, {}};
  for (const auto& [category, label] : kCategories) table.head.emplace_back(label);
  table.head.insert(table.head.end(), {"Avg", "tasks"});
  for (const std::vector<Cell>& model : by_model(cells)) {
    for (size_t bucket = 0; bucket < kBuckets.size(); ++bucket) table.add(bucket_row(model, bucket));
  }
  return table;
}

Table longbench_e_tasks_table(const std::vector<Cell>& cells) {
  const std::vector<std::vector<Cell>> models = by_model(cells);
  const std::string backends = code_backends(cells);
  Table table{"LongBench-E task by task and length by length." + (backends.empty() ? "" : " Code is compared by " + backends + "."), {"task", "metric"}, 2, {}};
  for (const std::vector<Cell>& model : models) {
    for (const std::string& bucket : kBuckets) table.head.push_back(model[0].model + " " + bucket);
  }
  for (const LongBenchTask& task : longbench_tasks()) {
    std::vector<TableCell> row = {task.name, task.metric};
    bool any = false;
    for (const std::vector<Cell>& model : models) {
      const auto cell = std::find_if(model.begin(), model.end(), [&](const Cell& one) { return one.dataset == task.name; });
      any |= cell != model.end();
      for (size_t bucket = 0; bucket < kBuckets.size(); ++bucket) row.push_back(score_text(cell != model.end() ? cell->by_length[bucket] : std::nullopt));
    }
    if (any) table.add(row);
  }
  return table;
}

}  // namespace smooth
