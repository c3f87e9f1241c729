#include "eval/report/table2.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "data/scores/longbench.h"

namespace smooth {
namespace {

const std::string kNone = "–";
constexpr double kNormal = 1.959963984540054;  // 97.5 % of a normal distribution lie below

const Cell* cell_of(const Line& line, const std::string& dataset) {
  const auto found = std::ranges::find_if(line.cells, [&](const Cell& cell) { return cell.dataset == dataset && cell.n > 0; });
  return found == line.cells.end() ? nullptr : &*found;
}

struct Score {
  double mean = 0, variance = 0;
};

// The mean of as many scores that weigh the same and do not depend on one another.
std::optional<Score> mean_of(const std::vector<std::optional<Score>>& parts) {
  Score mean;
  const auto count = static_cast<double>(parts.size());
  for (const std::optional<Score>& part : parts) {
    if (!part) return {};
    mean.mean += part->mean / count;
    mean.variance += part->variance / (count * count);
  }
  return mean;
}

// Over all tasks of which `wanted` holds; nothing where one is lacking.
std::optional<Score> mean_of_tasks(const Line& line, const std::function<bool(const LongBenchTask&)>& wanted) {
  std::vector<std::optional<Score>> scores;
  for (const LongBenchTask& task : longbench_tasks()) {
    if (!wanted(task)) continue;
    const Cell* cell = cell_of(line, task.name);
    scores.push_back(cell == nullptr ? std::nullopt : std::optional(Score{cell->score, std::pow((cell->ci_high - cell->ci_low) / (2 * kNormal), 2)}));
  }
  return mean_of(scores);
}

// The six categories, their mean, and the mean of the tasks.
std::vector<std::optional<Score>> scores_of(const Line& line) {
  std::vector<std::optional<Score>> scores;
  for (const auto& [category, label] : kCategories) {
    scores.push_back(mean_of_tasks(line, [name = std::string(category)](const LongBenchTask& task) { return task.category == name; }));
  }
  scores.push_back(mean_of(scores));
  scores.push_back(mean_of_tasks(line, [](const LongBenchTask&) { return true; }));
  return scores;
}

TableCell score_text(const std::optional<Score>& score) {
  if (!score) return kNone;
  const double half = kNormal * std::sqrt(score->variance);
  return {fmt::format("{:.2f}", score->mean), fmt::format("[{:.1f}, {:.1f}]", std::max(0.0, score->mean - half), std::min(100.0, score->mean + half))};
}

std::vector<TableCell> our_row(const Line& line) {
  int64_t n = 0, failed = 0;
  for (const Cell& cell : line.cells) {
    n += cell.n;
    failed += cell.failed;
  }
  std::vector<TableCell> row = {line.label, mode_label(line.kind().mode), {std::to_string(n), failed > 0 ? fmt::format("{} failed", failed) : ""}};
  for (const std::optional<Score>& score : scores_of(line)) row.push_back(score_text(score));
  return row;
}

std::vector<TableCell> paper_row(const PaperCategories& paper) {
  std::vector<TableCell> row = {std::string("paper: ") + paper.model, mode_label(paper.mode), ""};
  for (const double score : paper.scores) row.push_back(fmt::format("{:.2f}", score));
  row.push_back("");
  return row;
}

std::vector<TableCell> difference_row(const Line& line, const PaperCategories& paper) {
  std::vector<TableCell> row = {"ours − paper", "", ""};
  const std::vector<std::optional<Score>> ours = scores_of(line);
  for (size_t i = 0; i < paper.scores.size(); ++i) row.push_back(ours[i] ? format_difference(ours[i]->mean - paper.scores[i], 2) : "");
  row.push_back("");
  return row;
}

}  // namespace

Table table2(const std::vector<Line>& lines, PaperLongBench paper) {
  const bool larger = paper == PaperLongBench::kTable6;
  Table table{fmt::format("LongBench. Avg is the mean of the six categories, as on the official leaderboard; tasks is the plain mean of the sixteen tasks. In brackets 95 % "
                          "intervals: those of the tasks, combined as independent. In italics the paper's lines (Table {}, {}).", larger ? 6 : 2, larger ? "7B" : "3B"),
              {"model", "mode", "n"}, 2, {}, larger ? "table6" : "table2"};
  for (const auto& [category, label] : kCategories) table.head.emplace_back(label);
  table.head.insert(table.head.end(), {"Avg", "tasks"});
  for (const Line& line : lines) {
    table.add(our_row(line));
    const PaperCategories* row = paper_categories(paper, line.kind());
    if (row == nullptr) continue;
    table.add(paper_row(*row), RowKind::kPaper);
    table.add(difference_row(line, *row), RowKind::kDifference);
  }
  return table;
}

Table longbench_tasks_table(const std::vector<Line>& lines) {
  std::vector<Cell> cells;
  for (const Line& line : lines) cells.insert(cells.end(), line.cells.begin(), line.cells.end());
  const std::string backends = code_backends(cells);
  Table table{"Task by task, with 95 % intervals." + (backends.empty() ? "" : " Code is compared by " + backends + "."), {"task", "metric"}, 2, {}, "longbench-tasks"};
  for (const Line& line : lines) table.head.push_back(line.label);
  for (const LongBenchTask& task : longbench_tasks()) {
    std::vector<TableCell> row = {task.name, task.metric};
    bool any = false;
    for (const Line& line : lines) {
      const Cell* cell = cell_of(line, task.name);
      any |= cell != nullptr;
      row.push_back(cell != nullptr ? TableCell(fmt::format("{:.2f}", cell->score), format_interval(*cell)) : TableCell(kNone));
    }
    if (any) table.add(row);
  }
  return table;
}

std::string longbench_sentence(const std::vector<Line>& lines, PaperLongBench paper) {
  struct Whole {
    const Line* line;
    double average;
  };
  std::vector<Whole> whole;
  for (const Line& line : lines) {
    if (const auto average = scores_of(line)[kCategories.size()]) whole.push_back({&line, average->mean});
  }
  if (whole.empty()) return "";
  const Whole best = *std::ranges::max_element(whole, {}, &Whole::average);
  std::string out = whole.size() == 1 ? fmt::format("On LongBench {} averages {:.2f}", best.line->label, best.average)
                                      : fmt::format("On LongBench {} has the best average of {} lines, {:.2f}", best.line->label, whole.size(), best.average);
  std::string differences;
  for (const auto& [line, average] : whole) {
    const PaperCategories* row = paper_categories(paper, line->kind());
    if (row == nullptr) continue;
    differences += fmt::format("{}{} by {}", differences.empty() ? "" : ", ", line->label, format_difference(average - row->scores.back(), 2));
  }
  return out + (differences.empty() ? "." : "; averages differ from the paper's: " + differences + ".");
}

}  // namespace smooth
