#include "eval/table3.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "configs/run.h"
#include "eval/paper.h"

namespace smooth {
namespace {

constexpr const char* kNone = "–";

std::set<double> columns_of(const std::vector<Line>& lines, bool multiples) {
  std::set<double> columns;
  for (const Line& line : lines)
    for (const Cell& cell : line.cells) columns.insert(place_of(line, cell, multiples));
  return columns;
}

std::string text_of(const std::optional<int64_t>& value, const char* none) {
  return value ? fmt::format("{}", *value) : none;
}

std::string stops(const Cell& cell) { return cell.early_stop ? (*cell.early_stop ? "yes" : "no") : kNone; }

// "500", or "50 to 500" where the cells differ.
std::string tasks_of(const Line& line) {
  const auto [low, high] = std::minmax_element(line.cells.begin(), line.cells.end(), [](const Cell& a, const Cell& b) { return a.n < b.n; });
  return low->n == high->n ? fmt::format("{}", low->n) : fmt::format("{} to {}", low->n, high->n);
}

std::vector<TableCell> our_row(const Line& line, const std::set<double>& columns, bool multiples) {
  const Cell& kind = line.kind();
  std::vector<TableCell> row = {line.label, mode_label(kind.mode), text_of(kind.window, "dense"), text_of(kind.chunk, kNone),
                                stops(kind), tasks_of(line)};
  const bool same_n = std::all_of(line.cells.begin(), line.cells.end(), [&](const Cell& c) { return c.n == kind.n; });
  for (const double column : columns) {
    const auto cell = std::find_if(line.cells.begin(), line.cells.end(),
                                   [&](const Cell& c) { return place_of(line, c, multiples) == column; });
    if (cell == line.cells.end()) row.push_back(kNone);
    else row.push_back({format_score(cell->score), format_interval(*cell) + (same_n ? "" : fmt::format(" n={}", cell->n))});
  }
  return row;
}

// A row that compares: a name, empty settings, and what `score` gives at each column.
template <class Score>
std::vector<TableCell> compared_row(const std::string& name, const std::set<double>& columns, Score score) {
  std::vector<TableCell> row(6, TableCell(""));
  row[0] = name;
  for (const double column : columns) {
    const std::optional<double> value = score(column);
    row.push_back(value ? format_score(*value) : "");
  }
  return row;
}

std::string caption_of(const std::vector<Line>& lines, bool multiples) {
  std::set<int64_t> trained;
  for (const Line& line : lines) trained.insert(line.training_length);
  std::string out = "Per cent of the needles' values found, with Wilson's 95 % interval; n tasks a cell.";
  if (!multiples) return out + " Columns are context lengths in tokens: the training length is not known (training_length: 0).";
  out += " Columns are multiples of the training length";
  if (trained.size() == 1) out += fmt::format(", {} tokens", *trained.begin());
  return out + ". In italics the paper's line of the same kind, at the same multiples of its 32k, and window ÷ length: what one-step"
               " reading finds when it sees no more than its window.";
}

std::string percent(const Cell& cell) { return fmt::format("{} % {}", format_score(cell.score), format_interval(cell)); }

bool is_smooth(const Line& line) { return line.kind().mode == "sr"; }
bool is_dense_one_step(const Line& line) { return line.kind().mode == "os" && !line.kind().window; }

// The smooth line that reaches furthest, and of those the first.
const Line* furthest_smooth(const std::vector<Line>& lines) {
  const Line* best = nullptr;
  for (const Line& line : lines)
    if (is_smooth(line) && (!best || line.cells.back().length > best->cells.back().length)) best = &line;
  return best;
}

std::string ratio(double after, double before) { return before > 0 && after > 0 ? fmt::format("{:.2f}", after / before) : kNone; }

// "1.04 times the time per context token and 1.00 times the peak memory"; empty unless both are measured at both.
std::string growth(const Line& line, const std::pair<double, double>& multiples) {
  const Cell *a = cell_at(line, multiples.first), *b = cell_at(line, multiples.second);
  if (!a || !b || !(seconds_per_context_token(*a) > 0) || a->peak_bytes <= 0) return "";
  return fmt::format("{} times the time per context token and {} times the peak memory",
                     ratio(seconds_per_context_token(*b), seconds_per_context_token(*a)),
                     ratio(static_cast<double>(b->peak_bytes), static_cast<double>(a->peak_bytes)));
}

// Whether an interval lies above another, below it or across it.
std::string verdict(const Cell& ours, const Cell& theirs) {
  if (ours.ci_low > theirs.ci_high) return "above";
  if (ours.ci_high < theirs.ci_low) return "below";
  return "not apart from";
}

std::vector<TableCell> cost_row(const Line& line, const Cell* a, const Cell* b) {
  std::vector<TableCell> row = {line.label};
  const auto add = [&](auto value, auto text) {
    const double before = a ? static_cast<double>(value(*a)) : 0, after = b ? static_cast<double>(value(*b)) : 0;
    row.push_back(before > 0 ? text(before) : kNone);
    row.push_back(after > 0 ? text(after) : kNone);
    row.push_back(ratio(after, before));
  };
  add(seconds_per_context_token, format_duration);
  add([](const Cell& c) { return c.peak_bytes; }, format_bytes);
  add([](const Cell& c) { return c.state_bytes; }, format_bytes);
  return row;
}

}  // namespace

Table table3(const std::vector<Line>& lines) {
  const bool multiples = have_multiples(lines);
  const std::set<double> columns = columns_of(lines, multiples);
  Table table{caption_of(lines, multiples), {"model", "mode", "window", "chunk", "early stop", "n"}, 2, {}};
  for (const double column : columns)
    table.head.push_back(multiples ? format_multiple(column) : format_length(static_cast<int64_t>(column)));
  for (const Line& line : lines) {
    table.add(our_row(line, columns, multiples));
    if (!multiples) continue;
    if (const PaperLine* paper = paper_line(line.kind()))
      table.add(compared_row(fmt::format("paper: {} ({})", paper->name, paper->table), columns,
                             [&](double column) { return paper->at(column); }), RowKind::kPaper);
    if (expected_score(line.kind()))
      table.add(compared_row("window ÷ length", columns, [&](double column) {
                  const Cell* cell = cell_at(line, column);
                  return cell ? expected_score(*cell) : std::nullopt;
                }), RowKind::kExpected);
  }
  return table;
}

Table table3_tidy(const std::vector<Line>& lines) {
  Table table{"", {"line", "model", "architecture", "mode", "benchmark", "dataset", "window", "chunk", "early_stop",
                   "training_length", "length", "multiple", "n", "score", "ci_low", "ci_high", "paper_line", "paper_score",
                   "expected_score", "seconds", "prefill_seconds", "decode_seconds", "prefill_tokens", "decode_tokens",
                   "context_tokens", "peak_bytes", "state_bytes"}, 1, {}};
  const auto number = [](auto value) { return TableCell(fmt::format("{}", value)); };
  const auto maybe = [](const auto& value) { return TableCell(value ? fmt::format("{}", *value) : ""); };
  for (const Line& line : lines)
    for (const Cell& c : line.cells) {
      const bool known = line.training_length > 0;
      const PaperLine* paper = known ? paper_line(c) : nullptr;
      table.add({line.label, c.model, c.architecture, c.mode, c.benchmark, c.dataset, maybe(c.window), maybe(c.chunk),
                 maybe(c.early_stop), known ? number(line.training_length) : "", maybe(c.length),
                 known ? number(line.multiple(c)) : "", number(c.n), number(c.score), number(c.ci_low), number(c.ci_high),
                 paper ? paper->name : "", paper ? maybe(paper->at(line.multiple(c))) : "", maybe(expected_score(c)),
                 number(c.seconds), number(c.prefill_seconds), number(c.decode_seconds), number(c.prefill_tokens),
                 number(c.decode_tokens), number(c.context_tokens), number(c.peak_bytes), number(c.state_bytes)});
    }
  return table;
}

std::optional<std::pair<double, double>> compared_multiples(const std::vector<Line>& lines) {
  if (!have_multiples(lines)) return {};
  std::set<double> found;
  for (const Line& line : lines) {
    if (cell_at(line, 4) && cell_at(line, 32)) return std::pair(4.0, 32.0);
    if (line.cells.size() < 2) continue;
    for (const Cell& cell : line.cells) found.insert(line.multiple(cell));
  }
  const auto first = found.lower_bound(1);
  if (first == found.end() || std::next(first) == found.end()) return {};
  return std::pair(*first, *found.rbegin());
}

Table cost_table(const std::vector<Line>& lines, const std::pair<double, double>& multiples) {
  const std::string a = format_multiple(multiples.first), b = format_multiple(multiples.second);
  Table table{fmt::format("What grows from {} to {} the training length. Time: wall clock of the cell over its context tokens. Peak"
                          " memory: resident memory of the process, the model's weights included. State: hidden memory of"
                          " one reading.", a, b),
              {"model", "time/token " + a, b, "ratio", "peak " + a, b, "ratio", "state " + a, b, "ratio"}, 1, {}};
  for (const Line& line : lines) {
    const Cell *first = cell_at(line, multiples.first), *second = cell_at(line, multiples.second);
    if (first || second) table.add(cost_row(line, first, second));
  }
  return table;
}

std::string accuracy_sentence(const std::vector<Line>& lines) {
  const Line* ours = furthest_smooth(lines);
  if (!ours) return "";
  const Cell& last = ours->cells.back();
  std::string others;
  for (const Line& line : lines) {
    if (is_smooth(line) || line.training_length != ours->training_length) continue;
    const auto theirs = std::find_if(line.cells.begin(), line.cells.end(), [&](const Cell& c) { return c.length == last.length; });
    if (theirs == line.cells.end()) continue;
    others += fmt::format("{}{} {} {}", others.empty() ? "" : "; ", verdict(last, *theirs), line.label, percent(*theirs));
  }
  const std::string where = ours->training_length > 0
                                ? fmt::format("{} the training length ({} tokens)", format_multiple(ours->multiple(last)), *last.length)
                                : fmt::format("{} tokens", *last.length);
  return fmt::format("At {}, the longest that smooth reading was tested at, {} scores {} of {} tasks{}.", where, ours->label,
                     percent(last), last.n, others.empty() ? ", and no other mode was tested there" : ": its interval lies " + others);
}

std::string cost_sentence(const std::vector<Line>& lines) {
  const auto multiples = compared_multiples(lines);
  if (!multiples) return "";
  std::string parts;
  for (const Line& line : lines) {
    const std::string text = is_smooth(line) || is_dense_one_step(line) ? growth(line, *multiples) : "";
    if (!text.empty()) parts += fmt::format("{}{} {}", parts.empty() ? "" : "; ", line.label, text);
  }
  if (parts.empty()) return "";
  return fmt::format("From {} to {} the training length a reading takes: {}.", format_multiple(multiples->first),
                     format_multiple(multiples->second), parts);
}

}  // namespace smooth
