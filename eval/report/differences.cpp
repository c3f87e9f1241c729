#include "eval/report/differences.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <utility>

#include "data/scores/longbench.h"
#include "eval/report/table2.h"

namespace smooth {
namespace {

constexpr size_t kRowsShown = 12;  // more are folded away

std::string place_of(const Cell& cell) { return cell.length ? fmt::format("{} at {} tokens", cell.dataset, *cell.length) : cell.dataset; }

int rank(const Line* line) { return line->kind().mode == "sr" ? 0 : line->kind().mode == "ur" ? 1 : 2; }

// Every two, the smoother first.
std::vector<std::pair<const Line*, const Line*>> pairs_of(const std::vector<Line>& lines) {
  std::vector<const Line*> order;
  for (const Line& line : lines) order.push_back(&line);
  std::ranges::stable_sort(order, {}, rank);
  std::vector<std::pair<const Line*, const Line*>> pairs;
  for (size_t i = 0; i < order.size(); ++i) {
    for (size_t j = i + 1; j < order.size(); ++j) pairs.emplace_back(order[i], order[j]);
  }
  return pairs;
}

// A mean of columns, of both lines; nothing where one of the columns cannot be paired.
using Parts = std::vector<const DrawnColumn*>;
std::optional<std::pair<DrawnMean, DrawnMean>> means_of(const Line* a, const Line* b, const Parts& parts) {
  std::vector<const DrawnMean*> of_a, of_b;
  for (const DrawnColumn* part : parts) {
    if (!part->pairs(a, b)) return {};
    of_a.push_back(&part->lines.at(a).mean);
    of_b.push_back(&part->lines.at(b).mean);
  }
  if (parts.empty()) return {};
  return std::pair(mean_of(of_a), mean_of(of_b));
}

TableCell cell_of(const std::optional<std::pair<DrawnMean, DrawnMean>>& means) { return means ? difference_cell(difference(means->first, means->second)) : TableCell("–"); }

std::string caption(const std::string& what) {
  return fmt::format("Differences of two lines in points of per cent on {}: mean over the same tasks, 95 % interval and two-sided p of the paired bootstrap ({} draws). p is not corrected for "
                     "the number of comparisons.", what, kPairedDraws);
}

// The table with what could not be paired below it; nothing where nothing could.
void add(Table table, const std::set<std::string>& refused, std::vector<Block>& blocks) {
  if (table.rows.size() > kRowsShown) table.folded = fmt::format("Differences between models, {} pairs", table.rows.size());
  if (!table.rows.empty()) blocks.push_back(std::move(table));
  std::string text;
  for (const std::string& reason : refused) text += (text.empty() ? "" : "; ") + reason;
  if (!text.empty()) blocks.push_back(Prose{"Not paired: " + text + "."});
}

void add_needles(const std::vector<Line>& lines, std::vector<Block>& blocks) {
  std::map<std::pair<std::string, int64_t>, std::vector<LineCell>> cells;
  std::set<int64_t> lengths;
  for (const Line& line : lines) {
    for (const Cell& cell : line.cells) cells[{cell.dataset, *cell.length}].push_back({&line, &cell});
  }
  std::map<std::pair<std::string, int64_t>, DrawnColumn> columns;
  std::set<std::string> refused;
  for (const auto& [place, there] : cells) {
    if (there.size() < 2) continue;
    lengths.insert(place.second);
    const DrawnColumn& column = columns[place] = draw_column(there);
    refused.insert(column.refused.begin(), column.refused.end());
  }
  Table table{caption("needles, by context length; mean: of all lengths that both have"), {"difference"}, 1, {}, "differences"};
  for (const int64_t length : lengths) table.head.push_back(format_length(length));
  table.head.emplace_back("mean");
  for (const auto& [a, b] : pairs_of(lines)) {
    if (a->kind().dataset != b->kind().dataset) continue;
    std::vector<TableCell> row = {a->label + " − " + b->label};
    Parts all;
    for (const int64_t length : lengths) {
      const auto column = columns.find({a->kind().dataset, length});
      const bool there = column != columns.end() && column->second.pairs(a, b);
      if (there) all.push_back(&column->second);
      row.push_back(there ? cell_of(means_of(a, b, {&column->second})) : TableCell("–"));
    }
    if (all.empty()) continue;
    row.push_back(cell_of(means_of(a, b, all)));
    table.add(std::move(row));
  }
  add(std::move(table), refused, blocks);
}

void add_longbench(const std::vector<Line>& lines, std::vector<Block>& blocks) {
  std::map<std::string, std::vector<LineCell>> cells;
  for (const Line& line : lines) {
    for (const Cell& cell : line.cells) cells[cell.dataset].push_back({&line, &cell});
  }
  std::map<std::string, DrawnColumn> columns;
  std::set<std::string> refused;
  for (const auto& [task, there] : cells) {
    if (there.size() < 2) continue;
    const DrawnColumn& column = columns[task] = draw_column(there);
    refused.insert(column.refused.begin(), column.refused.end());
  }
  Table table{caption("LongBench, by category"), {"difference"}, 1, {}, "differences-longbench"};
  for (const auto& [category, label] : kCategories) table.head.emplace_back(label);
  table.head.emplace_back("Avg");
  for (const auto& [a, b] : pairs_of(lines)) {
    std::vector<TableCell> row = {a->label + " − " + b->label};
    std::vector<std::pair<DrawnMean, DrawnMean>> categories;
    for (const auto& [category, label] : kCategories) {
      Parts parts;
      for (const LongBenchTask& task : longbench_tasks()) {
        if (task.category == std::string(category)) parts.push_back(&columns[task.name]);
      }
      auto means = means_of(a, b, parts);
      row.push_back(cell_of(means));
      if (means) categories.push_back(std::move(*means));
    }
    if (categories.empty()) continue;
    std::vector<const DrawnMean*> of_a, of_b;
    for (const auto& [one, other] : categories) {
      of_a.push_back(&one);
      of_b.push_back(&other);
    }
    row.push_back(categories.size() == kCategories.size() ? cell_of(std::pair(mean_of(of_a), mean_of(of_b))) : TableCell("–"));
    table.add(std::move(row));
  }
  add(std::move(table), refused, blocks);
}

}  // namespace

DrawnColumn draw_column(const std::vector<LineCell>& cells) {
  DrawnColumn column;
  struct Group {
    std::vector<const Line*> lines;
    std::vector<std::vector<TaskScore>> scores;
  };
  std::vector<Group> groups;
  for (const auto& [line, cell] : cells) {
    const std::filesystem::path file = predictions_of(*line, *cell);
    if (line->path.empty() || !std::filesystem::exists(file)) {
      column.refused.push_back(fmt::format("{}, whose predictions are not in {}", line->label, (std::filesystem::path(line->path) / "pred").string()));
      continue;
    }
    std::vector<TaskScore> scores = read_scores(file);
    if (scores.empty()) continue;
    auto group = std::ranges::find_if(groups, [&](const Group& known) { return first_other_task(known.scores[0], scores).empty(); });
    if (group == groups.end()) {
      if (!groups.empty()) {
        column.refused.push_back(fmt::format("{} and {} on {}, which did not read the same tasks ({})", groups[0].lines[0]->label, line->label, place_of(*cell),
                                             first_other_task(groups[0].scores[0], scores)));
      }
      group = groups.insert(groups.end(), Group{});
    }
    group->lines.push_back(line);
    group->scores.push_back(std::move(scores));
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    const int64_t failed = drop_failed(groups[i].scores);
    if (failed > 0) column.refused.push_back(fmt::format("{} tasks on {}, which not all could read", failed, place_of(*cells[0].cell)));
    if (groups[i].scores[0].empty()) continue;
    std::vector<DrawnMean> means = draw_means(groups[i].scores, place_of(*cells[0].cell));
    for (size_t j = 0; j < means.size(); ++j) column.lines[groups[i].lines[j]] = {i, std::move(means[j])};
  }
  return column;
}

TableCell difference_cell(const Difference& d) {
  const std::string p = d.p < 0.001 ? "p < 0.001" : fmt::format("p = {:.3f}", d.p);
  const auto end = [](double value) {
    const std::string text = format_difference(value, 1);
    return text.starts_with('+') ? text.substr(1) : text;
  };
  return {format_difference(d.mean, 1), fmt::format("[{}, {}]\n{}", end(d.low), end(d.high), p)};
}

std::vector<Block> difference_blocks(const std::vector<Line>& needles, const std::vector<Line>& longbench) {
  std::vector<Block> blocks;
  add_needles(needles, blocks);
  add_longbench(longbench, blocks);
  if (!blocks.empty()) blocks.insert(blocks.begin(), Heading{"Differences between models"});
  return blocks;
}

}  // namespace smooth
