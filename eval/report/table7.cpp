#include "eval/report/table7.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <tuple>

#include "eval/report/differences.h"
#include "eval/report/figures.h"
#include "eval/report/paper.h"
#include "eval/report/plot.h"

namespace smooth {
namespace {

constexpr const char* kNone = "–";

// What both lines of a pair have in common; their names may differ ("SWA SR", "SWA SR, early stop").
auto kind_of(const Line& line) {
  const Cell& c = line.kind();
  return std::tie(c.architecture, c.dataset, c.window, c.chunk, line.training_length);
}

bool is_smooth(const Line& line, bool stops) { return line.kind().mode == "sr" && line.kind().early_stop == stops; }

const Cell* cell_of_length(const Line& line, int64_t length) {
  const auto found = std::ranges::find(line.cells, std::optional(length), &Cell::length);
  return found == line.cells.end() ? nullptr : &*found;
}

// Keeps those that fit, where any does.
template <class Fits>
void narrow(std::vector<const Line*>& lines, Fits fits) {
  if (std::ranges::any_of(lines, fits)) std::erase_if(lines, [&](const Line* line) { return !fits(line); });
}

// The paper's score at a length; nothing where it has none or multiples are not known.
std::optional<double> paper_score(const StopPair& pair, int64_t length, bool stops) {
  if (pair.without->training_length <= 0) return {};
  return paper_table7(stops).at(static_cast<double>(length) / static_cast<double>(pair.without->training_length));
}

// A row: what `value` gives at each length, and the mean where all lengths have one.
template <class Value>
std::vector<TableCell> row_of(const std::string& name, const std::vector<int64_t>& lengths, Value value,
                              const std::function<std::string(double)>& text) {
  std::vector<TableCell> row = {name};
  double sum = 0;
  bool all = true;
  for (const int64_t length : lengths) {
    const std::optional<double> here = value(length);
    row.push_back(here ? text(*here) : kNone);
    all = all && here;
    sum += here.value_or(0);
  }
  row.push_back(all ? text(sum / static_cast<double>(lengths.size())) : kNone);
  return row;
}

std::vector<int64_t> lengths_of(const StopPair& pair) {
  std::vector<int64_t> lengths;
  for (const Cell& cell : pair.without->cells) {
    if (cell_of_length(*pair.with, *cell.length)) lengths.push_back(*cell.length);
  }
  return lengths;
}

std::vector<TableCell> our_row(const std::string& name, const Line& line, const std::vector<int64_t>& lengths) {
  std::vector<TableCell> row = row_of(
      name, lengths, [&](int64_t length) { return std::optional(cell_of_length(line, length)->score); }, format_score);
  for (size_t i = 0; i < lengths.size(); ++i) row[i + 1].note = format_interval(*cell_of_length(line, lengths[i]));
  return row;
}

// With less without, at each length and in the mean, paired by tasks.
struct Paired {
  std::vector<std::optional<Difference>> at;
  std::optional<Difference> mean;
  std::string refused;
};
Paired paired_differences(const StopPair& pair, const std::vector<int64_t>& lengths) {
  Paired paired;
  std::vector<DrawnColumn> columns;
  for (const int64_t length : lengths) {
    columns.push_back(draw_column({{pair.with, cell_of_length(*pair.with, length)}, {pair.without, cell_of_length(*pair.without, length)}}));
    for (const std::string& reason : columns.back().refused) paired.refused = reason;
  }
  std::vector<const DrawnMean*> with, without;
  for (const DrawnColumn& column : columns) {
    if (!column.pairs(pair.with, pair.without)) {
      paired.at.emplace_back();
      continue;
    }
    with.push_back(&column.lines.at(pair.with).mean);
    without.push_back(&column.lines.at(pair.without).mean);
    paired.at.emplace_back(difference(*with.back(), *without.back()));
  }
  if (!with.empty() && with.size() == lengths.size()) paired.mean = difference(mean_of(with), mean_of(without));
  return paired;
}

std::vector<TableCell> difference_row(const Paired& paired) {
  std::vector<TableCell> row = {"with − without"};
  for (const auto& at : paired.at) row.push_back(at ? difference_cell(*at) : TableCell(kNone));
  row.push_back(paired.mean ? difference_cell(*paired.mean) : TableCell(kNone));
  return row;
}

void add_paper(const StopPair& pair, const std::vector<int64_t>& lengths, Table& table) {
  const auto score = [&](bool stops) { return [&pair, stops](int64_t length) { return paper_score(pair, length, stops); }; };
  if (std::ranges::none_of(lengths, [&](int64_t length) { return paper_score(pair, length, true).has_value(); })) return;
  const auto both = [&](int64_t length) {
    const auto with = paper_score(pair, length, true), without = paper_score(pair, length, false);
    return with ? std::optional(*with - *without) : std::nullopt;
  };
  table.add(row_of("paper: without", lengths, score(false), format_score), RowKind::kPaper);
  table.add(row_of("paper: with", lengths, score(true), format_score), RowKind::kPaper);
  table.add(row_of("paper: with − without", lengths, both, [](double value) { return format_difference(value, 1); }), RowKind::kPaper);
  for (const bool stops : {false, true}) {
    const Line& ours = stops ? *pair.with : *pair.without;
    const auto off = [&](int64_t length) {
      const auto theirs = paper_score(pair, length, stops);
      return theirs ? std::optional(cell_of_length(ours, length)->score - *theirs) : std::nullopt;
    };
    table.add(row_of(stops ? "ours − paper: with" : "ours − paper: without", lengths, off, [](double value) { return format_difference(value, 1); }),
              RowKind::kDifference);
  }
}

double paper_mean(bool stops) {
  const auto& scores = paper_table7(stops).scores;
  return std::accumulate(scores.begin(), scores.end(), 0.0) / static_cast<double>(scores.size());
}

std::string sentence(const StopPair& pair, const Paired& paired) {
  if (!paired.mean) return "";
  const Difference& d = *paired.mean;
  const char* verdict = d.low > 0 ? "finds more" : d.high < 0 ? "finds less" : "finds no more and no fewer than chance explains";
  return fmt::format("With early stop {} {}: {} points in the mean over {} lengths, 95 % interval {} to {}, p = {:.3f} (the paper: {}).",
                     pair.without->label, verdict, format_difference(d.mean, 2), paired.at.size(), format_difference(d.low, 2),
                     format_difference(d.high, 2), d.p, format_difference(paper_mean(true) - paper_mean(false), 2));
}

Picture picture_of(const std::vector<Line>& lines, const std::string& name) {
  Gallery gallery = accuracy_figures(lines);
  Picture picture = std::move(gallery.pictures.front());
  picture.name = name;
  return picture;
}

}  // namespace

std::vector<StopPair> stop_pairs(const std::vector<Line>& lines) {
  std::vector<StopPair> pairs;
  for (const Line& without : lines) {
    if (!is_smooth(without, false)) continue;
    std::vector<const Line*> found;
    for (const Line& with : lines) {
      if (is_smooth(with, true) && kind_of(with) == kind_of(without) && !lengths_of({&without, &with}).empty()) found.push_back(&with);
    }
    narrow(found, [&](const Line* with) { return with->folder == without.folder; });
    narrow(found, [&](const Line* with) { return with->kind().model == without.kind().model; });
    narrow(found, [&](const Line* with) { return with->kind().model.starts_with(without.kind().model); });
    if (found.size() > 1) {
      throw std::runtime_error(fmt::format("table7: {} and {} both are like {} but for stopping; give the report the runs of one of them",
                                           found[0]->label, found[1]->label, without.label));
    }
    if (!found.empty()) pairs.push_back({&without, found[0]});
  }
  return pairs;
}

Table table7(const StopPair& pair) {
  const std::vector<int64_t> lengths = lengths_of(pair);
  const Paired paired = paired_differences(pair, lengths);
  Table table{
      fmt::format("{} with and without early stop: per cent of the needles' values found, with Wilson's 95 % interval; their difference with the 95 "
                  "% interval and two-sided p of the "
                  "paired bootstrap over the same tasks ({} draws).{} In italics the paper's Table 7 at the same multiples of its training length.",
                  pair.without->label, kPairedDraws, paired.refused.empty() ? "" : " Not paired: " + paired.refused + "."),
      {"reading"},
      1,
      {},
      "table7"};
  for (const int64_t length : lengths) {
    const bool known = pair.without->training_length > 0;
    table.head.push_back(known ? format_multiple(static_cast<double>(length) / static_cast<double>(pair.without->training_length)) + " (" +
                                     format_length(length) + ")"
                               : format_length(length));
  }
  table.head.emplace_back("Avg");
  table.add(our_row("without early stop", *pair.without, lengths));
  table.add(our_row("with early stop", *pair.with, lengths));
  table.add(difference_row(paired));
  const auto time = [&](int64_t length) {
    const double with = seconds_per_task(*cell_of_length(*pair.with, length)), without = seconds_per_task(*cell_of_length(*pair.without, length));
    return with > 0 && without > 0 ? std::optional(with / without) : std::nullopt;
  };
  table.add(row_of("time, with ÷ without", lengths, time, [](double value) { return fmt::format("{:.2f}", value); }));
  add_paper(pair, lengths, table);
  return table;
}

std::vector<Block> table7_blocks(const std::vector<Line>& lines) {
  const std::vector<StopPair> pairs = stop_pairs(lines);
  if (pairs.empty())
    throw std::runtime_error("table7: the runs hold no model in smooth reading both with early stop and without it at a common length");
  std::vector<Block> blocks;
  for (size_t i = 0; i < pairs.size(); ++i) {
    const std::string more = i == 0 ? "" : fmt::format("-{}", i + 1);
    if (const std::string text = sentence(pairs[i], paired_differences(pairs[i], lengths_of(pairs[i]))); !text.empty())
      blocks.push_back(Prose{text, true});
    Table table = table7(pairs[i]);
    table.name += more;
    blocks.push_back(std::move(table));
    blocks.push_back(Gallery{{picture_of({*pairs[i].without, *pairs[i].with}, "table7" + more)}});
  }
  return blocks;
}

}  // namespace smooth
