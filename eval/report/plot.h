// Line plots as SVG, written by hand: error bars or plain lines, logarithmic axes, marks that
// differ in shape as well as in colour (Okabe and Ito's, safe for the colour-blind), and names at
// the lines' ends where there is room for them, otherwise in a legend below. Sized for one column
// of a page or a phone; colours follow the reader's light or dark mode.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "eval/report/axis.h"

namespace smooth {

struct Point {
  double x = 0, y = 0;
  std::optional<double> low = {}, high = {};  // error bar
};

struct Series {
  std::string label = {};  // empty: neither named nor listed
  size_t style = 0;        // colour and mark: equal numbers look alike in all plots of a report
  bool marks = true;
  bool dashed = false;
  bool faint = false;  // behind everything else
  bool grey = false;   // a reference, not one of ours
  std::vector<Point> points = {};
};

struct Axis {
  std::string title;
  Scaling scaling = Scaling::kLinear;
  std::optional<double> low = {}, high = {};  // otherwise from the points, widened to round values
  std::vector<double> at = {};                // ticks; otherwise chosen
  std::function<std::string(double)> label = plain_number;  // a '\n' begins a second line
};

// A vertical line with its name at the top.
struct Rule {
  double x = 0;
  std::string label;
};

struct Plot {
  std::string title;  // what a screen reader says
  Axis x, y;
  std::vector<Series> series;
  std::vector<Rule> rules = {};
  bool legend = false;  // below, even where names would fit at the ends
};

// One <svg>. Throws std::invalid_argument for a plot without points and for points that an axis
// cannot show.
std::string draw(const Plot& plot);

// The colours of dark mode and print, for the page (or the file) in which drawings stand.
const std::string& plot_style();

// A drawing as a file of its own.
std::string standalone(const std::string& svg);

// How wide a text is likely to be drawn, in pixels.
double text_width(const std::string& text);

}  // namespace smooth
