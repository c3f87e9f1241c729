#include "eval/report/table3.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "configs/run.h"
#include "eval/report/paper.h"

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

std::string stops(const Cell& cell) {
  return cell.early_stop ? (*cell.early_stop ? "yes" : "no") : kNone;
}

// "500", or "50 to 500" where the cells differ.
std::string tasks_of(const Line& line) {
  const auto [low, high] = std::minmax_element(
      line.cells.begin(), line.cells.end(), [](const Cell& a, const Cell& b) { return a.n < b.n; });
  return low->n == high->n ? fmt::format("{}", low->n) : fmt::format("{} to {}", low->n, high->n);
}

std::vector<TableCell> our_row(const Line& line, const std::set<double>& columns, bool multiples) {
  const Cell& kind = line.kind();
  std::vector<TableCell> row = {line.label, mode_label(kind.mode), tasks_of(line)};
  const bool same_n = std::all_of(line.cells.begin(), line.cells.end(),
                                  [&](const Cell& c) { return c.n == kind.n; });
  for (const double column : columns) {
    const auto cell = std::find_if(line.cells.begin(), line.cells.end(), [&](const Cell& c) {
      return place_of(line, c, multiples) == column;
    });
    if (cell == line.cells.end())
      row.push_back(kNone);
    else
      row.push_back({format_score(cell->score),
                     format_interval(*cell) + (same_n ? "" : fmt::format(" n={}", cell->n))});
  }
  const char* windowless = kind.architecture == "RWKV-7" ? kNone : "dense";
  row.insert(row.end(), {text_of(kind.window, windowless), text_of(kind.chunk, kNone), stops(kind)});
  return row;
}

// A row that compares: a name, what `score` gives at each column, and no settings.
template <class Score>
std::vector<TableCell> compared_row(const std::string& name, const std::set<double>& columns,
                                    Score score, std::string (*text)(double) = format_score) {
  std::vector<TableCell> row = {name, "", ""};
  for (const double column : columns) {
    const std::optional<double> value = score(column);
    row.push_back(value ? text(*value) : "");
  }
  row.insert(row.end(), 3, TableCell(""));
  return row;
}

std::string caption_of(const std::vector<Line>& lines, bool multiples) {
  std::set<int64_t> trained;
  for (const Line& line : lines) trained.insert(line.training_length);
  std::string out =
      "Per cent of the needles' values found, with Wilson's 95 % interval; n tasks a cell.";
  if (!multiples)
    return out +
           " Columns are context lengths in tokens: the training length is not known "
           "(training_length: 0).";
  out += " Columns are multiples of the training length";
  if (trained.size() == 1) out += fmt::format(", {} tokens", *trained.begin());
  return out +
         ". In italics the paper's line of the same kind at the same multiples of its 32k (Table "
         "3; for smooth reading with a window"
         " Table 7, with early stop as here), and window ÷ length: what one-step reading finds "
         "when it sees no more than its window.";
}

// With a blank that does not break.
std::string percent(const Cell& cell) {
  return fmt::format("{}\u00a0% [{:.1f},\u00a0{:.1f}]", format_score(cell.score), cell.ci_low,
                     cell.ci_high);
}

bool is_smooth(const Line& line) { return line.kind().mode == "sr"; }
bool is_dense_one_step(const Line& line) { return line.kind().mode == "os" && !line.kind().window; }

// The smooth line that reaches furthest, and of those the first.
const Line* furthest_smooth(const std::vector<Line>& lines) {
  const Line* best = nullptr;
  for (const Line& line : lines)
    if (is_smooth(line) && (!best || line.cells.back().length > best->cells.back().length))
      best = &line;
  return best;
}

std::string ratio(double after, double before) {
  return before > 0 && after > 0 ? fmt::format("{:.2f}", after / before) : kNone;
}

// "1.04 and 1.00 for swa-SR"; empty unless time and memory are measured at both.
std::string growth(const Line& line, const std::pair<double, double>& multiples) {
  const Cell *a = cell_at(line, multiples.first), *b = cell_at(line, multiples.second);
  if (!a || !b || !(seconds_per_context_token(*a) > 0) || a->peak_bytes <= 0) return "";
  return fmt::format(
      "{} and {} for {}", ratio(seconds_per_context_token(*b), seconds_per_context_token(*a)),
      ratio(static_cast<double>(b->peak_bytes), static_cast<double>(a->peak_bytes)), line.label);
}

std::string joined(const std::vector<std::string>& parts, const char* between, const char* last) {
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i)
    out += (i == 0 ? "" : i + 1 < parts.size() ? between : last) + parts[i];
  return out;
}

// How a cell's interval lies to those of the other modes' cells of the same length: ", above A and
// B, below C".
std::string comparison(const Line& ours, const Cell& cell, const std::vector<Line>& lines) {
  std::vector<std::string> above, below, across;
  for (const Line& line : lines) {
    if (is_smooth(line) || line.training_length != ours.training_length) continue;
    for (const Cell& theirs : line.cells) {
      if (theirs.length != cell.length) continue;
      auto& place = cell.ci_low > theirs.ci_high   ? above
                    : cell.ci_high < theirs.ci_low ? below
                                                   : across;
      place.push_back(fmt::format("{} ({})", line.label, percent(theirs)));
    }
  }
  std::string out;
  if (!above.empty()) out += ", above " + joined(above, ", ", " and ");
  if (!below.empty()) out += ", below " + joined(below, ", ", " and ");
  if (!across.empty()) out += ", its interval overlapping that of " + joined(across, ", ", " and ");
  return out;
}

std::vector<TableCell> cost_row(const Line& line, const Cell* a, const Cell* b) {
  std::vector<TableCell> row = {line.label};
  const auto add = [&](auto value, auto text) {
    const double before = a ? static_cast<double>(value(*a)) : 0,
                 after = b ? static_cast<double>(value(*b)) : 0;
    row.push_back(before > 0 ? text(before) : kNone);
    row.push_back(after > 0 ? text(after) : kNone);
    row.push_back(ratio(after, before));
  };
  add(seconds_per_context_token, format_duration);
  add([](const Cell& c) { return c.peak_bytes; }, format_bytes);
  add([](const Cell& c) { return c.state_bytes; }, format_bytes);
  return row;
}

// The paper's line of the same kind, and ours minus it where both have a score.
void add_paper(const Line& line, const std::set<double>& columns, Table& table) {
  const PaperLine* paper = paper_line(line.kind());
  if (!paper) return;
  const auto theirs = [&](double column) { return paper->at(column); };
  const auto difference = [&](double column) {
    const Cell* cell = cell_at(line, column);
    return cell && theirs(column) ? std::optional(cell->score - *theirs(column)) : std::nullopt;
  };
  table.add(compared_row("paper: " + paper->model, columns, theirs), RowKind::kPaper);
  if (std::ranges::none_of(columns, [&](double column) { return difference(column).has_value(); })) return;
  table.add(compared_row("ours − paper", columns, difference, [](double value) { return format_difference(value, 1); }), RowKind::kDifference);
}

}  // namespace

Table table3(const std::vector<Line>& lines) {
  const bool multiples = have_multiples(lines);
  const std::set<double> columns = columns_of(lines, multiples);
  Table table{caption_of(lines, multiples), {"model", "mode", "n"}, 2, {}, "table3"};
  for (const double column : columns)
    table.head.push_back(multiples ? format_multiple(column)
                                   : format_length(static_cast<int64_t>(column)));
  table.head.insert(table.head.end(), {"window", "chunk", "early stop"});
  for (const Line& line : lines) {
    table.add(our_row(line, columns, multiples));
    if (!multiples) continue;
    add_paper(line, columns, table);
    if (expected_score(line.kind()))
      table.add(compared_row("window ÷ length", columns,
                             [&](double column) {
                               const Cell* cell = cell_at(line, column);
                               return cell ? expected_score(*cell) : std::nullopt;
                             }),
                RowKind::kExpected);
  }
  return table;
}

Table table3_tidy(const std::vector<Line>& lines) {
  Table table{"",
              {"line",
               "model",
               "architecture",
               "mode",
               "benchmark",
               "dataset",
               "window",
               "chunk",
               "early_stop",
               "training_length",
               "length",
               "multiple",
               "n",
               "score",
               "ci_low",
               "ci_high",
               "paper_line",
               "paper_score",
               "expected_score",
               "seconds",
               "prefill_seconds",
               "decode_seconds",
               "prefill_tokens",
               "decode_tokens",
               "context_tokens",
               "peak_bytes",
               "state_bytes"},
              1,
              {}};
  const auto number = [](auto value) { return TableCell(fmt::format("{}", value)); };
  const auto maybe = [](const auto& value) {
    return TableCell(value ? fmt::format("{}", *value) : "");
  };
  for (const Line& line : lines)
    for (const Cell& c : line.cells) {
      const bool known = line.training_length > 0;
      const PaperLine* paper = known ? paper_line(c) : nullptr;
      table.add({line.label,
                 c.model,
                 c.architecture,
                 c.mode,
                 c.benchmark,
                 c.dataset,
                 maybe(c.window),
                 maybe(c.chunk),
                 maybe(c.early_stop),
                 known ? number(line.training_length) : "",
                 maybe(c.length),
                 known ? number(line.multiple(c)) : "",
                 number(c.n),
                 number(c.score),
                 number(c.ci_low),
                 number(c.ci_high),
                 paper ? paper->name() : "",
                 paper ? maybe(paper->at(line.multiple(c))) : "",
                 maybe(expected_score(c)),
                 number(c.seconds),
                 number(c.prefill_seconds),
                 number(c.decode_seconds),
                 number(c.prefill_tokens),
                 number(c.decode_tokens),
                 number(c.context_tokens),
                 number(c.peak_bytes),
                 number(c.state_bytes)});
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
  Table table{
      fmt::format("What grows from {} to {} the training length. Time: wall clock of the cell over "
                  "its context tokens. Peak"
                  " memory: resident memory of the process, the model's weights included. State: "
                  "hidden memory of"
                  " one reading.",
                  a, b),
      {"model", "time/token " + a, b, "ratio", "peak " + a, b, "ratio", "state " + a, b, "ratio"},
      1,
      {},
      "cost"};
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
  const std::string tokens = fmt::format("{} tokens", *last.length);
  const std::string where = ours->training_length > 0
                                ? fmt::format("{} the training length ({})",
                                              format_multiple(ours->multiple(last)), tokens)
                                : tokens;
  const auto here = [&](const Line& line) { return is_smooth(line) && line.cells.back().length == last.length; };
  const std::string others = comparison(*ours, last, lines);
  if (others.empty() && std::ranges::count_if(lines, here) > 1) return "";  // nothing to compare it with, and others like it
  return fmt::format("At {}, the longest at which smooth reading was tested, {} scores {}{}.",
                     where, ours->label, percent(last), others.empty() ? "; no other mode was tested there" : others);
}

std::string cost_sentence(const std::vector<Line>& lines) {
  const auto multiples = compared_multiples(lines);
  if (!multiples) return "";
  std::vector<std::string> parts;
  for (const Line& line : lines) {
    const std::string text =
        is_smooth(line) || is_dense_one_step(line) ? growth(line, *multiples) : "";
    if (!text.empty()) parts.push_back(text);
  }
  if (parts.empty()) return "";
  return fmt::format(
      "From {} to {} the training length, time per context token and peak memory change by factors "
      "of {}.",
      format_multiple(multiples->first), format_multiple(multiples->second),
      joined(parts, ", ", ", and "));
}

}  // namespace smooth
