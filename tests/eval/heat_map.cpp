// Accuracy by depth and length as tiles, and Figure 6: drawn, counted from predictions, and in a report.
#include "eval/report/heat_map.h"

#include <catch2/catch.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>

#include "configs/run.h"
#include "eval/report/figure6.h"
#include "eval/report/plot.h"
#include "eval/report/report.h"
#include "tests/configs/folder.h"

using namespace smooth;
using Catch::Contains;

namespace {

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

HeatMap small() {
  HeatMap map{"a <map>", "length", "depth", {"1k", "2k"}, {"0–50", "50–100"}, {{{4, 0}, {4, 50}}, {{4, 100}, {}}}};
  return map;
}

Cell cell(const std::string& model, int64_t length, double score, std::optional<int64_t> distance = {}) {
  Cell out{.model = model, .architecture = "SWA", .mode = "os", .benchmark = "niah", .dataset = distance ? "essays, " + std::to_string(*distance) + " from the end" : "essays",
           .length = length, .distance = distance, .window = 4096, .chunk = {}, .early_stop = {}};
  out.n = 50;
  out.score = score;
  const Interval interval = wilson(score / 2, 50);
  out.ci_low = interval.low;
  out.ci_high = interval.high;
  return out;
}

std::string predictions(const std::vector<std::pair<double, double>>& depths_and_scores) {
  std::string text;
  for (const auto& [depth, score] : depths_and_scores) text += nlohmann::json{{"_id", "a"}, {"score", score}, {"depth", depth}}.dump() + "\n";
  return text;
}

// The numbers that a drawing shows, by its tiles' names: "1k, 0–10: 50.0 % of 2".
std::vector<std::string> tiles(const std::string& svg) {
  std::vector<std::string> found;
  const std::regex title("<title>([^<]* % of [^<]*)</title>");
  for (auto at = std::sregex_iterator(svg.begin(), svg.end(), title); at != std::sregex_iterator(); ++at) found.push_back((*at)[1]);
  return found;
}

struct Place {
  TestFolder folder;
  std::string at(const std::string& name) const { return (folder.path / name).string(); }
  EvaluationFolder evaluation(std::vector<Cell> cells) const {
    EvaluationFolder out;
    out.folder = at("eval"), out.name = "eval", out.training_length = 4096, out.cells = std::move(cells);
    return out;
  }
};

}  // namespace

TEST_CASE("a heat map has a tile for each row and column, its number in an ink that stands out, and a scale", "[heat_map]") {
  const std::string svg = draw(small());
  CHECK(tiles(svg) == std::vector<std::string>{"1k, 0–50: 0.0 % of 4", "2k, 0–50: 50.0 % of 4", "1k, 50–100: 100.0 % of 4"});
  CHECK_THAT(svg, Contains("<title>a &lt;map&gt;</title>") && Contains("2k, 50–100: no task"));
  CHECK_THAT(svg, Contains("fill=\"#00204d\"/><text") && Contains("fill=\"#ffea46\"/><text"));
  CHECK_THAT(svg, Contains("fill=\"#ffffff\">0</text>") && Contains("fill=\"#000000\">100</text>"));
  CHECK_THAT(svg, Contains(">0 %</text>") && Contains(">100 %</text>") && Contains(">1k</text>") && Contains(">depth</text>"));
  CHECK_THAT(standalone(svg), Contains("prefers-color-scheme: dark"));
  CHECK(count(svg, "<g>") == count(svg, "</g>"));
  CHECK(count(svg, "<text") == count(svg, "</text>"));
}

TEST_CASE("numbers stand in tiles that have room for them, and labels do not touch", "[heat_map]") {
  HeatMap map = small();
  map.columns.assign(40, "256k");
  map.tiles.assign(2, std::vector<HeatMap::Tile>(40, {3, 100}));
  const std::string svg = draw(map);
  CHECK(count(svg, ">100</text>") == 0);
  CHECK(tiles(svg).size() == 80);
  const size_t labels = count(svg, ">256k</text>");
  CHECK((labels > 5 && labels < 20));
}

TEST_CASE("every colour has an ink with a contrast of 4.5 at least", "[heat_map]") {
  const auto luminance = [](const std::string& hex) {
    double sum = 0;
    const double weights[] = {0.2126, 0.7152, 0.0722};
    for (int i = 0; i < 3; ++i) {
      const double value = std::stoi(hex.substr(1 + 2 * i, 2), nullptr, 16) / 255.0;
      sum += weights[i] * (value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4));
    }
    return sum;
  };
  const std::regex tile("fill=\"(#[0-9a-f]{6})\"/><text[^>]*fill=\"(#[0-9a-f]{6})\"");
  double last = -1;
  for (int score = 0; score <= 100; ++score) {
    HeatMap map = small();
    map.tiles[0][0].score = score;
    const std::string svg = draw(map);
    std::smatch found;
    REQUIRE(std::regex_search(svg, found, tile));
    const double paper = luminance(found[1]), ink = luminance(found[2]);
    CHECK((std::max(paper, ink) + 0.05) / (std::min(paper, ink) + 0.05) >= 4.5);
    CHECK(paper > last - 0.001);  // lighter and lighter
    last = paper;
  }
}

TEST_CASE("a heat map that is not whole is refused", "[heat_map]") {
  HeatMap map = small();
  map.tiles[1].pop_back();
  CHECK_THROWS_AS(draw(map), std::invalid_argument);
  map.tiles.clear();
  CHECK_THROWS_WITH(draw(map), Contains("a <map>") && Contains("a tile for each"));
}

TEST_CASE("tiles are the means of predictions by depth and length, one picture a model line", "[heat_map]") {
  const Place place;
  write_file(place.at("eval/pred/swa-os.1024.jsonl"), predictions({{0, 1}, {9.99, 0}, {10, 1}, {99.9, 0.5}, {100, 0}}) + "{\"score\": 1}\n");
  write_file(place.at("eval/pred/swa-os.2048.jsonl"), predictions({{55, 1}, {55, 1}, {55, 0}, {55, 0}}));
  write_file(place.at("eval/pred/other.1024.jsonl"), "{\"score\": 1}\n");
  const EvaluationFolder evaluation =
      place.evaluation({cell("SWA OS", 1024, 60), cell("SWA OS", 2048, 50), cell("SWA OS", 2048, 50, 100), cell("other", 1024, 60), cell("gone", 1024, 60)});
  const Gallery gallery = heat_maps({evaluation});
  REQUIRE(gallery.pictures.size() == 1);  // `other` tells no depth, `gone` has no predictions
  CHECK(gallery.pictures[0].caption == "SWA OS.");
  CHECK(tiles(gallery.pictures[0].svg) ==
        std::vector<std::string>{"1k, 0–10: 50.0 % of 2", "1k, 10–20: 100.0 % of 1", "2k, 50–60: 50.0 % of 4", "1k, 90–100: 25.0 % of 2"});
  std::vector<Block> blocks;
  add_heat_maps({evaluation}, blocks);
  REQUIRE(blocks.size() == 3);
  add_heat_maps({place.evaluation({cell("gone", 1024, 60)})}, blocks);
  add_heat_maps({}, blocks);
  CHECK(blocks.size() == 3);

  for (const char* wrong : {"oops", "{}", "{\"score\": \"1\"}", "{\"score\": 1, \"depth\": null}", "{\"score\": 1, \"depth\": 101}", "{\"score\": 1, \"depth\": -1}"}) {
    write_file(place.at("eval/pred/swa-os.2048.jsonl"), predictions({{55, 1}}) + wrong + "\n");
    CHECK_THROWS_WITH(heat_maps({evaluation}), Contains("swa-os.2048.jsonl:2: "));
  }
}

TEST_CASE("Figure 6 has a line for each model and distance, beside the paper's statement", "[figure6]") {
  const Place place;
  std::vector<Cell> cells = {cell("SWA", 8192, 40)};
  CHECK_FALSE(figure6({place.evaluation(cells)}));
  for (const char* model : {"SWA", "RWKV"}) {
    for (const int64_t distance : {2048, 5120}) {
      for (const int64_t length : {8192, 16384}) cells.push_back(cell(model, length, distance == 2048 ? 100 : 2, distance));
    }
  }
  const auto picture = figure6({place.evaluation(cells)});
  REQUIRE(picture);
  CHECK(count(picture->svg, "stroke-linejoin=\"round\"") == 4);
  CHECK(count(picture->svg, ">(2048 from the end)</text>") == 2);
  CHECK(count(picture->svg, ">(5120 from the end)</text>") == 2);
  CHECK_THAT(picture->svg, Contains(">8k</text>") && Contains(">16k</text>"));

  std::vector<Block> blocks;
  add_figure6({place.evaluation(cells)}, blocks);
  REQUIRE(blocks.size() == 4);
  CHECK_THAT(std::get<Prose>(blocks[1]).text, Contains("2048") && Contains("RWKV-7 is perfect at both up to its training length"));
  const std::string table = to_text(std::get<Table>(blocks[3]));
  CHECK_THAT(table, Contains("100.0 [92.9, 100.0]") && Contains("5120") && Contains("8k"));
  CHECK(std::get<Table>(blocks[3]).rows.size() == 4);
  CHECK(std::get<Table>(blocks[3]).rows[0].cells[0].text == "SWA");

  // A longer training length than any context's is not on the axis, and one length alone can be drawn.
  cells.erase(std::remove_if(cells.begin(), cells.end(), [](const Cell& c) { return c.length == 16384; }), cells.end());
  CHECK(figure6({place.evaluation(cells)}));
}

TEST_CASE("a report has the maps after Table 3, and distances in Figure 6 alone", "[report]") {
  const Place place;
  std::vector<Cell> cells = {cell("SWA", 8192, 40), cell("SWA", 16384, 20), cell("SWA", 8192, 77, 2048), cell("SWA", 16384, 78, 2048)};
  write_file(place.at("eval/results.json"), cells_to_json(cells));
  write_file(place.at("eval/config.yaml"), "out: x\nseed: 42\ntraining_length: 4096\n");
  write_file(place.at("eval/environment.json"), "{}");
  write_file(place.at("eval/pred/swa.8192.jsonl"), predictions({{5, 1}, {95, 0}}));
  write_report({place.at("eval")}, place.at("r.html"));
  const std::string html = read_file(place.at("r.html"));
  const auto at = [&](const char* text) { return html.find(text); };
  CHECK(at("Accuracy beyond the training length") < at("Where the needle stands"));
  CHECK(at("Where the needle stands") < at("Time and memory"));
  CHECK(at("Time and memory") < at("Needles at fixed distances"));
  CHECK(at("Needles at fixed distances") != std::string::npos);
  CHECK_THAT(read_file(place.at("r-depth-1.svg")), Contains("8k, 0–10: 100.0 % of 1") && Contains("</svg>"));
  CHECK_THAT(read_file(place.at("r-figure6.svg")), Contains("</svg>"));
  CHECK_THAT(read_file(place.at("table3.csv")), !Contains(",77,") && Contains(",40,"));
  CHECK_THAT(html, !Contains("<script"));

  // Distances alone make a report too, and the console's table says which is which.
  cells.erase(cells.begin(), cells.begin() + 2);
  write_file(place.at("eval/results.json"), cells_to_json(cells));
  write_report({place.at("eval")}, place.at("r.html"));
  CHECK_THAT(read_file(place.at("r.html")), Contains("Needles at fixed distances") && !Contains("Where the needle stands"));
  cells.push_back(cell("SWA", 8192, 3, 5120));
  CHECK_THAT(results_table(cells, 4096), Contains("essays, 2048 from the end") && Contains("essays, 5120 from the end") && !Contains("paper: SWA-4k-OS"));
}
