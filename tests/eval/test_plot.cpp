#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

#include "eval/report/axis.h"
#include "eval/report/plot.h"

using namespace smooth;
using Catch::Matchers::Contains;
using Values = std::vector<double>;

namespace {

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

// Every tag that opens also closes, in order.
bool well_formed(const std::string& svg) {
  std::vector<std::string> open;
  for (size_t begin = svg.find('<'); begin != std::string::npos; begin = svg.find('<', begin + 1)) {
    const size_t end = svg.find('>', begin), name = begin + 1 + (svg[begin + 1] == '/');
    const std::string tag = svg.substr(name, svg.find_first_of(" />\n", name) - name);
    if (svg[begin + 1] == '/') {
      if (open.empty() || open.back() != tag) return false;
      open.pop_back();
    } else if (svg[end - 1] != '/') {
      open.push_back(tag);
    }
  }
  return open.empty();
}

Plot plot() {
  Plot out{.title = "a plot",
           .x = {.title = "length", .scaling = Scaling::kLog2},
           .y = {.title = "score", .low = 0, .high = 100},
           .series = {}};
  out.series.push_back({.label = "one",
                        .style = 0,
                        .points = {{.x = 1, .y = 10, .low = 5, .high = 20},
                                   {.x = 4, .y = 90, .low = 80, .high = 95}}});
  out.series.push_back(
      {.label = "two", .style = 1, .points = {{.x = 1, .y = 50}, {.x = 4, .y = 50}}});
  return out;
}

// The first NAME="number" from `from` on.
double attribute(const std::string& text, const std::string& name, size_t from = 0) {
  const size_t at = text.find(name + "=\"", from);
  REQUIRE(at != std::string::npos);
  return std::stod(text.substr(at + name.size() + 2));
}

}  // namespace

TEST_CASE("ticks are round, inside and not too many", "[axis]") {
  CHECK(ticks(Scaling::kLinear, 0, 100, 6) == Values{0, 20, 40, 60, 80, 100});
  CHECK(ticks(Scaling::kLinear, -1, 1, 5) == Values{-1, -0.5, 0, 0.5, 1});
  CHECK(ticks(Scaling::kLinear, 3, 597, 7) == Values{100, 200, 300, 400, 500});
  CHECK(ticks(Scaling::kLog2, 0.25, 8, 7) == Values{0.25, 0.5, 1, 2, 4, 8});
  CHECK(ticks(Scaling::kLog2, 1, 1024, 6) == Values{1, 4, 16, 64, 256, 1024});
  CHECK(ticks(Scaling::kLog10, 0.01, 1000, 7) == Values{0.01, 0.1, 1, 10, 100, 1000});
  const Values fine = ticks(Scaling::kLog10, 2e-5, 1e-4, 7);
  REQUIRE(fine.size() == 3);
  CHECK(fine[0] == Approx(2e-5));
  CHECK(fine[1] == Approx(5e-5));
  CHECK(fine[2] == Approx(1e-4));
  for (const size_t at_most : {2, 3, 5, 8}) {
    CHECK(ticks(Scaling::kLinear, 0.013, 0.87, at_most).size() <= at_most);
    CHECK(ticks(Scaling::kLog2, 3, 5e6, at_most).size() <= at_most);
    CHECK(ticks(Scaling::kLog10, 3e-7, 5e6, at_most).size() <= at_most);
  }
  CHECK_THROWS_AS(ticks(Scaling::kLinear, 1, 1, 5), std::invalid_argument);
  CHECK_THROWS_AS(ticks(Scaling::kLog2, 0, 1, 5), std::invalid_argument);
  CHECK_THROWS_AS(ticks(Scaling::kLinear, 1.5, std::nextafter(1.5, 2), 5), std::invalid_argument);
}

TEST_CASE("ranges widen to round values", "[axis]") {
  const auto widened = [](Scaling scaling, double low, double high) {
    widen(scaling, low, high);
    return std::pair(low, high);
  };
  CHECK(widened(Scaling::kLog2, 3, 20) == std::pair(2.0, 32.0));
  CHECK(widened(Scaling::kLog2, 4, 4) == std::pair(2.0, 8.0));
  CHECK(widened(Scaling::kLinear, 0.3, 9.1) == std::pair(0.0, 10.0));
  CHECK(widened(Scaling::kLinear, 1.5, std::nextafter(1.5, 2)) == widened(Scaling::kLinear, 1.5, 1.5));
  const auto [low, high] = widened(Scaling::kLog10, 0.013, 0.4);
  CHECK(low == Approx(0.01));
  CHECK(high == Approx(0.5));
  const auto [same_low, same_high] = widened(Scaling::kLinear, 0, 0);
  CHECK(same_low < same_high);
}

TEST_CASE("a scale maps ends to ends", "[axis]") {
  const Scale log{Scaling::kLog2, 1, 16, 100, 200}, linear{Scaling::kLinear, 0, 10, 200, 100};
  CHECK(log(1) == Approx(100));
  CHECK(log(4) == Approx(150));
  CHECK(log(16) == Approx(200));
  CHECK(linear(2.5) == Approx(175));
}

TEST_CASE("numbers on an axis are short", "[axis]") {
  CHECK(plain_number(0) == "0");
  CHECK(plain_number(0.25) == "0.25");
  CHECK(plain_number(3e-4) == "3e-4");
  CHECK(plain_number(-2) == "-2");
  CHECK(plain_number(2.5e6) == "2.5e6");
}

TEST_CASE("a drawing has its series, marks, bars, ticks and names", "[plot]") {
  const std::string svg = draw(plot());
  CHECK(well_formed(svg));
  CHECK(count(svg, "<circle") == 2);                    // the first series' mark
  CHECK(count(svg, "stroke-width=\"1.4\"") == 2);       // its error bars
  CHECK(count(svg, "stroke-linejoin=\"round\"") == 2);  // two lines
  CHECK_THAT(svg, Contains(">one</text>") && Contains(">two</text>"));
  CHECK_THAT(svg, Contains(">1</text>") && Contains(">2</text>") && Contains(">4</text>"));
  CHECK_THAT(svg, Contains("<title>a plot</title>"));
}

TEST_CASE("higher values are drawn higher, larger ones further right", "[plot]") {
  const std::string svg = draw(plot());
  const size_t first = svg.find("<circle"), second = svg.find("<circle", first + 1);
  CHECK(attribute(svg, "cy", first) > attribute(svg, "cy", second));
  CHECK(attribute(svg, "cx", first) < attribute(svg, "cx", second));
}

TEST_CASE("names that end together are pushed apart and stay inside", "[plot]") {
  Plot crowded = plot();
  crowded.series.clear();
  for (size_t i = 0; i < 7; ++i)
    crowded.series.push_back({.label = "name" + std::to_string(i),
                              .style = i,
                              .points = {{.x = 1, .y = 0}, {.x = 2, .y = 0}}});
  const std::string svg = draw(crowded);
  std::vector<double> places;
  for (size_t at = svg.find(">name"); at != std::string::npos; at = svg.find(">name", at + 1))
    places.push_back(attribute(svg, "y", svg.rfind("<text", at)));
  REQUIRE(places.size() == 7);
  std::sort(places.begin(), places.end());
  for (size_t i = 1; i < places.size(); ++i) CHECK(places[i] - places[i - 1] >= 14);
  CHECK(places.front() > 0);
  CHECK(places.back() < 330);
}

TEST_CASE("long names go into a legend below", "[plot]") {
  Plot named = plot();
  named.series[0].label = "a name much too long to stand at the end of its line";
  const std::string svg = draw(named);
  CHECK_THAT(draw(plot()), Contains("viewBox=\"0 0 500 330\""));
  CHECK_THAT(svg, !Contains("viewBox=\"0 0 500 330\""));
  CHECK_THAT(svg, Contains(">a name much too long to stand at the end of its line</text>"));
}

TEST_CASE("styles differ in shape, not in colour alone", "[plot]") {
  Plot all = plot();
  all.series.clear();
  for (size_t i = 0; i < 8; ++i)
    all.series.push_back({.label = "", .style = i, .points = {{.x = 1, .y = 1}, {.x = 2, .y = 2}}});
  const std::string svg = draw(all);
  CHECK(count(svg, "<circle") == 4);           // styles 0 and 7
  CHECK(count(svg, "class=\"hollow\"") == 2);  // style 7 is hollow
  for (const char* shape : {"h8.4", "l5.2 9", "l5.4 6", "l5.2 -9", "h3.6v3.6", "l2.8 5"})
    CHECK_THAT(svg, Contains(shape));
}

TEST_CASE("labels are escaped", "[plot]") {
  Plot evil = plot();
  evil.series[0].label = "<script>";
  evil.title = "a & b";
  const std::string svg = draw(evil);
  CHECK_THAT(svg, !Contains("<script>") && Contains("&lt;script&gt;") && Contains("a &amp; b"));
}

TEST_CASE("a drawing alone brings its dark colours", "[plot]") {
  const std::string svg = draw(plot()), file = standalone(svg);
  CHECK_THAT(svg, !Contains("<style>"));
  CHECK_THAT(file, Contains("prefers-color-scheme: dark") &&
                       Contains("xmlns=\"http://www.w3.org/2000/svg\""));
  CHECK(well_formed(file));
  CHECK_THROWS_AS(standalone("text"), std::invalid_argument);
}

TEST_CASE("what cannot be drawn is refused", "[plot]") {
  Plot bad = plot();
  bad.series[0].points[0].y = std::nan("");
  CHECK_THROWS_WITH(draw(bad), Contains("a plot") && Contains("score"));
  bad = plot();
  bad.series[0].points[0].x = 0;
  CHECK_THROWS_WITH(draw(bad), "plot \"a plot\": axis \"length\" cannot show 0");
  bad.series.clear();
  CHECK_THROWS_WITH(draw(bad), "plot \"a plot\" has no points");
  Plot single = plot();
  single.series = {{.label = "alone", .style = 0, .points = {{.x = 1, .y = 50}}}};
  CHECK_THAT(draw(single), Contains(">alone</text>") && !Contains("nan"));
}
