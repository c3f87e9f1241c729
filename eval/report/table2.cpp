#include "eval/report/table2.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <optional>
#include <string>

#include "data/scores/longbench.h"
#include "eval/report/lines.h"

namespace smooth {
namespace {

const std::string kNone = "–";

struct PaperRow {
  const char *model, *architecture, *mode;  // architecture: how ours begins
  std::array<double, 7> scores;             // the categories, and their average
};
constexpr std::array<PaperRow, 6> kTable2 = {{
    {"Qwen-OS", "dense", "os", {24.20, 41.25, 30.22, 65.89, 56.75, 66.00, 47.38}},
    {"Qwen-UR", "dense", "ur", {31.54, 42.17, 21.91, 68.96, 61.50, 64.13, 48.37}},
    {"RWKV-7-OS", "RWKV", "os", {16.96, 11.39, 29.16, 67.72, 60.50, 62.84, 41.43}},
    {"SWA-4k-OS", "SWA", "os", {16.43, 26.14, 26.96, 66.43, 48.00, 66.22, 41.70}},
    {"RWKV-7-SR", "RWKV", "sr", {28.87, 40.02, 28.23, 65.90, 65.25, 59.92, 48.03}},
    {"SWA-4k-SR", "SWA", "sr", {30.46, 47.67, 26.27, 69.60, 66.75, 65.18, 50.99}},
}};

const PaperRow* paper_row(const Cell& cell) {
  const auto* found = std::find_if(kTable2.begin(), kTable2.end(),
                                   [&](const PaperRow& row) { return cell.architecture.starts_with(row.architecture) && cell.mode == row.mode; });
  return found == kTable2.end() ? nullptr : found;
}

// The cells of one model, in the order in which models come first.
std::vector<std::vector<Cell>> by_model(const std::vector<Cell>& cells) {
  std::vector<std::vector<Cell>> models;
  for (const Cell& cell : cells) {
    const auto model = std::find_if(models.begin(), models.end(), [&](const auto& known) { return known[0].model == cell.model; });
    (model == models.end() ? models.emplace_back() : *model).push_back(cell);
  }
  return models;
}

const Cell* cell_of(const std::vector<Cell>& cells, const std::string& dataset) {
  const auto found = std::find_if(cells.begin(), cells.end(), [&](const Cell& cell) { return cell.dataset == dataset && cell.n > 0; });
  return found == cells.end() ? nullptr : &*found;
}

// The mean over all tasks of which `wanted` holds; nothing where one is lacking.
template <class Wanted>
std::optional<double> mean_of(const std::vector<Cell>& cells, const Wanted& wanted) {
  double sum = 0;
  int64_t count = 0;
  for (const LongBenchTask& task : longbench_tasks()) {
    if (!wanted(task)) continue;
    const Cell* cell = cell_of(cells, task.name);
    if (cell == nullptr) return {};
    sum += cell->score;
    ++count;
  }
  return sum / static_cast<double>(count);
}

TableCell score_text(const std::optional<double>& score) { return score ? TableCell(fmt::format("{:.2f}", *score)) : TableCell(kNone); }

std::vector<TableCell> our_row(const std::vector<Cell>& cells) {
  int64_t n = 0, failed = 0;
  for (const Cell& cell : cells) {
    n += cell.n;
    failed += cell.failed;
  }
  std::vector<TableCell> row = {cells[0].model, mode_label(cells[0].mode), {std::to_string(n), failed > 0 ? fmt::format("{} failed", failed) : ""}};
  std::optional<double> sum = 0;
  for (const auto& [category, label] : kCategories) {
    const std::optional<double> mean = mean_of(cells, [name = category](const LongBenchTask& task) { return std::string(task.category) == name; });
    row.push_back(score_text(mean));
    if (mean && std::string(category) == "code") row.back().note = code_backends(cells);
    sum = sum && mean ? std::optional(*sum + *mean) : std::nullopt;
  }
  row.push_back(score_text(sum ? std::optional(*sum / kCategories.size()) : std::nullopt));
  row.push_back(score_text(mean_of(cells, [](const LongBenchTask&) { return true; })));
  return row;
}

}  // namespace

Table table2(const std::vector<Cell>& cells) {
  Table table{"LongBench. Avg is the mean of the six categories, as on the official leaderboard; tasks is the plain mean of the sixteen tasks. The paper's lines are of 3B.",
              {"model", "mode", "n"}, 2, {}};
  for (const auto& [category, label] : kCategories) table.head.emplace_back(label);
  table.head.insert(table.head.end(), {"Avg", "tasks"});
  for (const std::vector<Cell>& model : by_model(cells)) {
    table.add(our_row(model));
    const PaperRow* paper = paper_row(model[0]);
    if (paper == nullptr) continue;
    std::vector<TableCell> row = {std::string("paper: ") + paper->model, mode_label(paper->mode), kNone};
    for (const double score : paper->scores) row.push_back(score_text(score));
    row.push_back(kNone);
    table.add(row, RowKind::kPaper);
  }
  return table;
}

Table longbench_tasks_table(const std::vector<Cell>& cells) {
  const std::vector<std::vector<Cell>> models = by_model(cells);
  const std::string backends = code_backends(cells);
  Table table{"Task by task, with 95 % intervals." + (backends.empty() ? "" : " Code is compared by " + backends + "."), {"task", "metric"}, 2, {}};
  for (const std::vector<Cell>& model : models) table.head.push_back(model[0].model);
  for (const LongBenchTask& task : longbench_tasks()) {
    std::vector<TableCell> row = {task.name, task.metric};
    bool any = false;
    for (const std::vector<Cell>& model : models) {
      const Cell* cell = cell_of(model, task.name);
      any |= cell != nullptr;
      row.push_back(cell != nullptr ? TableCell(fmt::format("{:.2f}", cell->score), format_interval(*cell)) : TableCell(kNone));
    }
    if (any) table.add(row);
  }
  return table;
}

}  // namespace smooth
