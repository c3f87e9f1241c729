#include "eval/report/heat_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "configs/config.h"
#include "configs/run.h"
#include "eval/report/lines.h"
#include "eval/report/plot.h"

namespace smooth {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr double kWidth = 500, kTop = 24, kTile = 26, kLine = 17, kGap = 1, kBar = 150;
constexpr size_t kDepths = 10;

// ------------------------------------------------------------------------------------------
// colours

struct Colour {
  double red, green, blue;  // 0 to 255
};

// Nunez, Anderton and Renslow, PLOS ONE 13 (2018), at twelve places.
constexpr std::array<Colour, 12> kCividis = {{{0, 32, 77}, {0, 48, 111}, {42, 64, 108}, {72, 82, 107}, {94, 98, 110}, {114, 115, 116},
                                              {135, 132, 121}, {158, 150, 119}, {182, 169, 113}, {208, 190, 103}, {234, 211, 87}, {255, 234, 70}}};

Colour colour_of(double score) {
  const double place = std::clamp(score, 0.0, 100.0) / 100 * (kCividis.size() - 1);
  const auto below = std::min(static_cast<size_t>(place), kCividis.size() - 2);
  const double share = place - static_cast<double>(below);
  const auto mix = [&](double a, double b) { return a + share * (b - a); };
  const Colour &a = kCividis[below], &b = kCividis[below + 1];
  return {mix(a.red, b.red), mix(a.green, b.green), mix(a.blue, b.blue)};
}

std::string hex(const Colour& colour) {
  return fmt::format("#{:02x}{:02x}{:02x}", std::lround(colour.red), std::lround(colour.green), std::lround(colour.blue));
}

// WCAG 2's relative luminance.
double luminance(const Colour& colour) {
  const auto linear = [](double value) { return value / 255 <= 0.04045 ? value / 255 / 12.92 : std::pow((value / 255 + 0.055) / 1.055, 2.4); };
  return 0.2126 * linear(colour.red) + 0.7152 * linear(colour.green) + 0.0722 * linear(colour.blue);
}

// Whichever of white and black stands out more: their contrasts are equal where (1.05 / (L + 0.05))^2 = 1.05 / 0.05.
const char* ink_on(const Colour& colour) { return luminance(colour) > 0.179 ? "#000000" : "#ffffff"; }

// ------------------------------------------------------------------------------------------
// drawing

std::string text_at(double x, double y, const char* anchor, const std::string& text, const std::string& more = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y, anchor, more, escape_html(text));
}

std::string draw_tile(const HeatMap::Tile& tile, const std::string& place, double x, double y, double width) {
  const std::string box = fmt::format("x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"", x, y, width - kGap, kTile - kGap);
  const std::string name = escape_html(place);
  if (tile.n == 0) return fmt::format("<rect {} class=\"grid\" fill=\"none\" stroke=\"#e2e4e8\"><title>{}: no task</title></rect>\n", box, name);
  const Colour colour = colour_of(tile.score);
  std::string out = fmt::format("<g><title>{}: {:.1f} % of {}</title><rect {} fill=\"{}\"/>", name, tile.score, tile.n, box, hex(colour));
  const std::string number = fmt::format("{:.0f}", tile.score);
  if (text_width(number) + 2 <= width) {
    out += text_at(x + (width - kGap) / 2, y + kTile / 2 + 4.5, "middle", number, fmt::format(" fill=\"{}\"", ink_on(colour)));
  }
  return out + "</g>\n";
}

// What the colours mean.
std::string draw_scale(double y) {
  constexpr int kSteps = 20;
  constexpr double kLeft = kWidth - kBar - 14, kStep = (kBar - 34) / kSteps;
  std::string out = text_at(kLeft - 6, y + 11, "end", "0 %");
  for (int i = 0; i < kSteps; ++i) {
    out += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"12\" fill=\"{}\"/>", kLeft + i * kStep, y, kStep + 0.5,
                       hex(colour_of(100.0 * i / (kSteps - 1))));
  }
  return out + "\n" + text_at(kWidth - 2, y + 11, "end", "100 %");
}

}  // namespace

std::string draw(const HeatMap& map) {
  bool whole = !map.rows.empty() && !map.columns.empty() && map.tiles.size() == map.rows.size();
  for (const auto& row : map.tiles) whole = whole && row.size() == map.columns.size();
  if (!whole) throw std::invalid_argument(fmt::format("heat map \"{}\": needs a tile for each row and column", map.title));

  double left = 0;
  for (const std::string& row : map.rows) left = std::max(left, text_width(row));
  left += 12;
  const double width = (kWidth - left) / static_cast<double>(map.columns.size()), bottom = kTop + kTile * static_cast<double>(map.rows.size());
  std::string body = text_at(2, 13, "start", map.y_title, " class=\"title\"");
  for (size_t row = 0; row < map.rows.size(); ++row) {
    const double y = kTop + kTile * static_cast<double>(row);
    body += text_at(left - 7, y + kTile / 2 + 4.5, "end", map.rows[row]);
    for (size_t column = 0; column < map.columns.size(); ++column) {
      body += draw_tile(map.tiles[row][column], map.columns[column] + ", " + map.rows[row], left + width * static_cast<double>(column), y, width);
    }
  }
  body += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" class=\"axis\" fill=\"none\" stroke=\"#888d96\"/>\n",
                      left - kGap, kTop - kGap, kWidth - left, bottom - kTop + kGap);  // dark tiles end somewhere on dark paper
  double taken = -HUGE_VAL;  // a label stands only where it does not touch the one before it
  for (size_t column = 0; column < map.columns.size(); ++column) {
    const double x = left + width * (static_cast<double>(column) + 0.5), half = text_width(map.columns[column]) / 2;
    if (x - half < taken + 5) continue;
    taken = x + half;
    body += text_at(x, bottom + kLine, "middle", map.columns[column]);
  }
  body += text_at(left, bottom + 2 * kLine + 6, "start", map.x_title, " class=\"title\"") + draw_scale(bottom + 2 * kLine - 5);
  return fmt::format("<svg class=\"plot\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" "
                     "font-family=\"system-ui, sans-serif\" font-size=\"13.5\" fill=\"#30343a\">\n<title>{}</title>\n{}</svg>\n",
                     kWidth, bottom + 3 * kLine, escape_html(map.title), body);
}

// ------------------------------------------------------------------------------------------
// predictions

namespace {

// Adds a cell's predictions to the tiles of its column.
void add_predictions(const fs::path& file, size_t column, HeatMap& map) {
  if (!fs::exists(file)) return;  // results may be reported without them
  std::istringstream lines(read_file(file));
  std::string text;
  for (int64_t number = 1; std::getline(lines, text); ++number) {
    const Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (line.is_object() && line.contains("error")) continue;  // the reading failed
    const auto is_number = [&](const char* key) { return line.is_object() && line.contains(key) && line[key].is_number(); };
    if (!is_number("score") || (line.contains("depth") && !is_number("depth"))) {
      throw std::runtime_error(fmt::format("{}:{}: expected a prediction with a number as its score, and as its depth where it has one",
                                           file.string(), number));
    }
    if (!line.contains("depth")) continue;  // several needles were asked for
    const double depth = line["depth"], part = depth * kDepths / 100;
    if (!(part >= 0 && part <= kDepths)) {
      throw std::runtime_error(fmt::format("{}:{}: depth: expected 0 to 100, got {}", file.string(), number, depth));
    }
    HeatMap::Tile& tile = map.tiles[std::min(static_cast<size_t>(part), kDepths - 1)][column];
    tile.score += (100 * line["score"].get<double>() - tile.score) / static_cast<double>(++tile.n);
  }
}

HeatMap heat_map_of(const Line& line, const fs::path& folder) {
  HeatMap map{"Accuracy by depth and context length: " + line.label, "context length, tokens", "depth of the needle, % of the context", {}, {}, {}};
  for (size_t i = 0; i < kDepths; ++i) map.rows.push_back(fmt::format("{}–{}", 100 * i / kDepths, 100 * (i + 1) / kDepths));
  for (const Cell& cell : line.cells) map.columns.push_back(format_length(*cell.length));
  map.tiles.assign(kDepths, std::vector<HeatMap::Tile>(line.cells.size()));
  EvalModelConfig named;
  named.name = line.kind().model;
  for (size_t i = 0; i < line.cells.size(); ++i) {
    const Cell& cell = line.cells[i];
    add_predictions(folder / "pred" / (cell_file(named.file(), cell.dataset, cell.length, cell.distance) + ".jsonl"), i, map);
  }
  return map;
}

bool has_tasks(const HeatMap& map) {
  const auto has_task = [](const HeatMap::Tile& tile) { return tile.n > 0; };
  return std::ranges::any_of(map.tiles, [&](const auto& row) { return std::ranges::any_of(row, has_task); });
}

}  // namespace

Gallery heat_maps(const std::vector<EvaluationFolder>& evaluations) {
  std::vector<Line> lines;
  std::vector<fs::path> folders;  // of each line
  for (const EvaluationFolder& evaluation : evaluations) {
    std::vector<Cell> cells;
    for (const Cell& cell : evaluation.cells) {
      if (cell.benchmark == "niah" && !cell.distance) cells.push_back(cell);
    }
    for (Line& line : lines_of(cells, evaluation.training_length, evaluation.name)) {
      lines.push_back(std::move(line));
      folders.emplace_back(evaluation.folder);
    }
  }
  label_lines(lines);
  Gallery gallery;
  for (size_t i = 0; i < lines.size(); ++i) {
    const HeatMap map = heat_map_of(lines[i], folders[i]);
    if (has_tasks(map)) gallery.pictures.push_back({fmt::format("depth-{}", i + 1), draw(map), lines[i].label + "."});
  }
  return gallery;
}

void add_heat_maps(const std::vector<EvaluationFolder>& evaluations, std::vector<Block>& blocks) {
  Gallery gallery = heat_maps(evaluations);
  if (gallery.pictures.empty()) return;
  blocks.push_back(Heading{"Where the needle stands"});
  blocks.push_back(Prose{"Per cent of the values found, by how much of the context stands before the needle that is asked for (down) and by "
                         "context length (across)."});
  blocks.push_back(std::move(gallery));
}

}  // namespace smooth
