#include "eval/report/lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <stdexcept>
#include <tuple>

namespace smooth {
namespace {

auto key(const Cell& c) {
  return std::tie(c.model, c.architecture, c.mode, c.benchmark, c.dataset, c.window, c.chunk,
                  c.early_stop);
}

std::string optional_text(const char* name, const std::optional<int64_t>& value) {
  return value ? fmt::format("{} {}", name, *value) : fmt::format("no {}", name);
}

// What a label can say about a line, in the order in which a reader wants to know it.
using Trait = std::function<std::string(const Line&)>;
const std::array<Trait, 6>& traits() {
  static const std::array<Trait, 6> all = {
      [](const Line& l) { return mode_label(l.kind().mode); },
      [](const Line& l) {
        return std::string(l.kind().early_stop.value_or(false) ? "early stop" : "no early stop");
      },
      [](const Line& l) { return optional_text("chunk", l.kind().chunk); },
      [](const Line& l) { return optional_text("window", l.kind().window); },
      [](const Line& l) { return l.kind().dataset; },
      [](const Line& l) { return l.folder; }};
  return all;
}

}  // namespace

double Line::multiple(const Cell& cell) const {
  if (training_length <= 0 || !cell.length)
    throw std::logic_error("Line::multiple: no length to divide");
  return static_cast<double>(*cell.length) / static_cast<double>(training_length);
}

std::vector<Line> lines_of(const std::vector<Cell>& cells, int64_t training_length,
                           const std::string& folder) {
  std::vector<Line> lines;
  for (const Cell& cell : cells) {
    if (!cell.length)
      throw std::runtime_error(
          fmt::format("{}: a cell of {} has no length to stand under", folder, cell.model));
    auto line = std::find_if(lines.begin(), lines.end(),
                             [&](const Line& l) { return key(l.kind()) == key(cell); });
    if (line == lines.end())
      line = lines.insert(lines.end(), {cell.model, folder, training_length, {}});
    const auto place =
        std::lower_bound(line->cells.begin(), line->cells.end(), cell,
                         [](const Cell& a, const Cell& b) { return a.length < b.length; });
    if (place != line->cells.end() && place->length == cell.length)
      throw std::runtime_error(fmt::format("{}: two cells of {} ({}) have length {}", folder,
                                           cell.model, cell.mode, *cell.length));
    line->cells.insert(place, cell);
  }
  label_lines(lines);
  return lines;
}

void label_lines(std::vector<Line>& lines) {
  std::vector<std::string> added(lines.size());
  for (const Trait& trait : traits()) {
    std::map<std::pair<std::string, std::string>, std::vector<size_t>> same;
    for (size_t i = 0; i < lines.size(); ++i) same[{lines[i].kind().model, added[i]}].push_back(i);
    for (const auto& [name, group] : same) {
      const bool differ = std::any_of(group.begin(), group.end(), [&](size_t i) {
        return trait(lines[i]) != trait(lines[group[0]]);
      });
      if (!differ) continue;
      for (const size_t i : group) added[i] += (added[i].empty() ? "" : ", ") + trait(lines[i]);
    }
  }
  for (size_t i = 0; i < lines.size(); ++i)
    lines[i].label = lines[i].kind().model + (added[i].empty() ? "" : " (" + added[i] + ")");
}

bool have_multiples(const std::vector<Line>& lines) {
  return std::all_of(lines.begin(), lines.end(),
                     [](const Line& line) { return line.training_length > 0; });
}

double place_of(const Line& line, const Cell& cell, bool multiples) {
  return multiples ? line.multiple(cell) : static_cast<double>(*cell.length);
}

const Cell* cell_at(const Line& line, double multiple) {
  if (line.training_length <= 0) return nullptr;
  for (const Cell& cell : line.cells)
    if (line.multiple(cell) == multiple) return &cell;
  return nullptr;
}

double seconds_per_task(const Cell& cell) {
  return cell.n ? cell.seconds / static_cast<double>(cell.n) : 0;
}

double seconds_per_context_token(const Cell& cell) {
  return cell.context_tokens ? cell.seconds / static_cast<double>(cell.context_tokens) : 0;
}

std::string format_multiple(double multiple) {
  const double inverse = 1 / multiple;
  if (inverse > 1 && inverse == std::floor(inverse)) return fmt::format("1/{}×", inverse);
  return fmt::format("{:.3g}×", multiple);
}

std::string format_length(int64_t tokens) {
  return tokens >= 1024 && tokens % 1024 == 0 ? fmt::format("{}k", tokens / 1024)
                                              : fmt::format("{}", tokens);
}

std::string format_score(double score) { return fmt::format("{:.1f}", score); }

std::string format_interval(const Cell& cell) {
  return fmt::format("[{:.1f}, {:.1f}]", cell.ci_low, cell.ci_high) + (cell.failed > 0 ? fmt::format(" {} failed", cell.failed) : "");
}

std::string format_duration(double seconds) {
  const auto three = [](double value, const char* unit) {
    return value >= 100 ? fmt::format("{:.0f} {}", value, unit)
                        : fmt::format("{:.3g} {}", value, unit);
  };
  if (seconds == 0) return "0 s";
  if (seconds < 999.5e-9) return three(seconds * 1e9, "ns");
  if (seconds < 999.5e-6) return three(seconds * 1e6, "µs");
  if (seconds < 0.9995) return three(seconds * 1e3, "ms");
  if (seconds < 600) return three(seconds, "s");
  if (seconds < 36000) return three(seconds / 60, "min");
  return three(seconds / 3600, "h");
}

std::string mode_label(const std::string& mode) {
  std::string out = mode;
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

}  // namespace smooth
