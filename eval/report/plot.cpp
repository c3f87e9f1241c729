#include "eval/report/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "eval/report/page.h"
#include "eval/report/table.h"

namespace smooth {
namespace {

constexpr double kWidth = 500, kHeight = 330, kLine = 17, kPad = 9;
constexpr double kAside = 4;  // between the marks of neighbouring series at the same place
constexpr size_t kTicks = 7;  // at most, where an axis chooses them itself

// Okabe and Ito's palette without its yellow, which vanishes on white, and the same hues lifted for
// dark paper.
struct Colour {
  const char *light, *dark;
};
constexpr std::array<Colour, 7> kColours = {{{"#0072b2", "#56a8e8"},
                                             {"#d55e00", "#ff8f4d"},
                                             {"#00875f", "#2fc79c"},
                                             {"#b3548f", "#e59ac6"},
                                             {"#b87a00", "#efb73e"},
                                             {"#2f9fd0", "#9ad6f5"},
                                             {"#555555", "#c4c4c4"}}};

struct Frame {
  Scale x, y;
  double left = 0, right = 0, top = 0, bottom = 0;
  bool names_at_ends = false;
};

std::string text_at(double x, double y, const char* anchor, const std::string& text,
                    const char* more = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y,
                     anchor, more, escape_html(text));
}

std::string line_at(double x1, double y1, double x2, double y2, const char* more = "") {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"{}/>\n", x1, y1,
                     x2, y2, more);
}

// ------------------------------------------------------------------------------------------
// geometry

void include(const Axis& axis, double value, const Plot& plot, double& low, double& high) {
  if (!std::isfinite(value) || (axis.scaling != Scaling::kLinear && value <= 0))
    throw std::invalid_argument(
        fmt::format("plot \"{}\": axis \"{}\" cannot show {}", plot.title, axis.title, value));
  low = std::min(low, value);
  high = std::max(high, value);
}

// The range of an axis: what is asked for, otherwise what the points need.
void set_range(const Plot& plot, bool is_x, Scale& scale) {
  const Axis& axis = is_x ? plot.x : plot.y;
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (const Series& series : plot.series)
    for (const Point& point : series.points) {
      include(axis, is_x ? point.x : point.y, plot, low, high);
      if (!is_x && point.low) include(axis, *point.low, plot, low, high);
      if (!is_x && point.high) include(axis, *point.high, plot, low, high);
    }
  if (low > high) throw std::invalid_argument(fmt::format("plot \"{}\" has no points", plot.title));
  if (axis.at.empty() || low == high) widen(axis.scaling, low, high);
  scale = {axis.scaling, axis.low.value_or(low), axis.high.value_or(high), 0, 1};
}

std::vector<double> ticks_of(const Axis& axis, const Scale& scale, size_t at_most) {
  return axis.at.empty() ? ticks(axis.scaling, scale.low, scale.high, at_most) : axis.at;
}

// "swa-SR (early stop)" at the end of a line stands in two rows.
std::pair<std::string, std::string> rows_of(const std::string& label) {
  const size_t cut = label.find(" (");
  return cut == std::string::npos ? std::pair(label, std::string())
                                  : std::pair(label.substr(0, cut), label.substr(cut + 1));
}

double widest_name(const Plot& plot) {
  double widest = 0;
  for (const Series& series : plot.series) {
    const auto [first, second] = rows_of(series.label);
    widest = std::max({widest, text_width(first), text_width(second)});
  }
  return widest;
}

bool two_rows(const Axis& axis, const std::vector<double>& at) {
  return std::any_of(at.begin(), at.end(),
                     [&](double tick) { return axis.label(tick).find('\n') != std::string::npos; });
}

Frame frame_of(const Plot& plot) {
  Frame frame;
  set_range(plot, true, frame.x);
  set_range(plot, false, frame.y);
  double labels = 0;
  for (const double tick : ticks_of(plot.y, frame.y, kTicks))
    labels = std::max(labels, text_width(plot.y.label(tick)));
  const double names = widest_name(plot);
  frame.names_at_ends = !plot.legend && names > 0 && names <= 0.3 * kWidth;
  frame.left = labels + 14;
  frame.right = kWidth - (frame.names_at_ends ? names + 16 : 14);
  frame.top = (plot.rules.empty() ? 1 : 2) * kLine + 4;
  frame.bottom =
      kHeight - (two_rows(plot.x, ticks_of(plot.x, frame.x, kTicks)) ? 3 : 2) * kLine - 6;
  frame.x.from = frame.left + kPad;
  frame.x.to = frame.right - kPad;
  frame.y.from = frame.bottom - kPad;
  frame.y.to = frame.top + kPad;
  return frame;
}

// -------------------------------------------------------------------------------------------
// drawing

std::string draw_y_axis(const Plot& plot, const Frame& frame) {
  std::string out = text_at(2, 13, "start", plot.y.title, " class=\"title\"");
  for (const double tick : ticks_of(plot.y, frame.y, kTicks)) {
    const double y = frame.y(tick);
    out += line_at(frame.left, y, frame.right, y, " class=\"grid\" stroke=\"#e2e4e8\"");
    out += text_at(frame.left - 7, y + 4.5, "end", plot.y.label(tick));
  }
  return out;
}

// A label stands only where it does not touch the one before it.
std::string draw_x_axis(const Plot& plot, const Frame& frame) {
  std::string out = line_at(frame.left, frame.bottom, frame.right, frame.bottom,
                            " class=\"axis\" stroke=\"#888d96\"");
  double taken = -HUGE_VAL;
  for (const double tick : ticks_of(plot.x, frame.x, kTicks)) {
    const std::string label = plot.x.label(tick);
    const size_t cut = std::min(label.find('\n'), label.size());
    const std::string first = label.substr(0, cut),
                      second = cut < label.size() ? label.substr(cut + 1) : "";
    const double x = frame.x(tick), half = std::max(text_width(first), text_width(second)) / 2;
    out += line_at(x, frame.bottom, x, frame.bottom + 4, " class=\"axis\" stroke=\"#888d96\"");
    if (x - half < taken + 5) continue;
    taken = x + half;
    out += text_at(x, frame.bottom + kLine, "middle", first);
    if (!second.empty())
      out += text_at(x, frame.bottom + 2 * kLine - 2, "middle", second,
                     " class=\"second\" fill=\"#6a707a\"");
  }
  return out + text_at((frame.left + frame.right) / 2, kHeight - 4, "middle", plot.x.title,
                       " class=\"title\"");
}

std::string draw_rules(const Plot& plot, const Frame& frame) {
  std::string out;
  for (const Rule& rule : plot.rules) {
    if (rule.x < frame.x.low || rule.x > frame.x.high) continue;
    const double x = frame.x(rule.x), half = text_width(rule.label) / 2;
    out += line_at(x, frame.top - 3, x, frame.bottom,
                   " class=\"rule\" stroke=\"#888d96\" stroke-dasharray=\"2 3\"");
    out += text_at(std::clamp(x, frame.left + half, frame.right - half), frame.top - 7, "middle",
                   rule.label, " class=\"second\" fill=\"#6a707a\"");
  }
  return out;
}

// Seven shapes; from the eighth style on they are hollow.
std::string draw_mark(size_t style, double x, double y) {
  const bool hollow = style / kColours.size() % 2 == 1;
  const std::string look = hollow ? " fill=\"#ffffff\" stroke-width=\"1.6\" class=\"hollow\""
                                  : " stroke=\"#ffffff\" stroke-width=\"1\" class=\"mark\"";
  const auto path = [&](const char* shape) {
    return fmt::format("<path d=\"M{:.1f} {:.1f}{}z\"{}/>", x, y, shape, look);
  };
  switch (style % kColours.size()) {
    case 0:
      return fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4.6\"{}/>", x, y, look);
    case 1:
      return path("m-4.2 -4.2h8.4v8.4h-8.4");
    case 2:
      return path("m0 -5.6l5.2 9h-10.4");
    case 3:
      return path("m0 -6l5.4 6l-5.4 6l-5.4 -6");
    case 4:
      return path("m0 5.6l5.2 -9h-10.4");
    case 5:
      return path("m-1.8 -5.4h3.6v3.6h3.6v3.6h-3.6v3.6h-3.6v-3.6h-3.6v-3.6h3.6");
    default:
      return path("m-2.8 -5h5.6l2.8 5l-2.8 5h-5.6l-2.8 -5");
  }
}

std::string draw_bar(const Point& point, double x, const Scale& y) {
  if (!point.low || !point.high) return "";
  const double low = y(*point.low), high = y(*point.high);
  return fmt::format(
      "<path d=\"M{0:.1f} {1:.1f}h6m-3 0V{2:.1f}m-3 0h6\" fill=\"none\" stroke-width=\"1.4\"/>",
      x - 3, low, high);
}

std::string open_group(const Series& series) {
  const size_t colour = series.style % kColours.size();
  const std::string look = series.grey ? "grey" : fmt::format("c{}", colour);
  const char* paint = series.grey ? "#888d96" : kColours[colour].light;
  return fmt::format("<g class=\"{}\" stroke=\"{}\" fill=\"{}\"{}>", look, paint, paint,
                     series.faint ? " opacity=\"0.3\"" : "");
}

// `shift` moves marks and bars aside, so that those at equal places do not hide each other.
std::string draw_series(const Series& series, const Frame& frame, double shift) {
  std::string path, marks;
  for (const Point& point : series.points) {
    const double x = frame.x(point.x) + shift, y = frame.y(point.y);
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x, y);
    marks += draw_bar(point, x, frame.y);
    if (series.marks) marks += draw_mark(series.style, x, y);
  }
  const double width = series.faint ? 1 : series.grey ? 1.4 : 2;
  return fmt::format(
      "{}<path d=\"{}\" fill=\"none\" stroke-width=\"{}\" stroke-linejoin=\"round\"{}/>{}</g>\n",
      open_group(series), path, width, series.dashed ? " stroke-dasharray=\"5 4\"" : "", marks);
}

std::vector<const Series*> named(const Plot& plot) {
  std::vector<const Series*> out;
  for (const Series& series : plot.series)
    if (!series.label.empty() && !series.points.empty()) out.push_back(&series);
  return out;
}

// Names at the ends of their lines, pushed apart where lines end together: first downwards, then
// back up from the bottom.
std::string draw_names(const Plot& plot, const Frame& frame) {
  std::vector<const Series*> order = named(plot);
  const auto end = [&](const Series* s) { return frame.y(s->points.back().y); };
  const auto height = [](const Series* s) {
    return rows_of(s->label).second.empty() ? kLine : 2 * kLine - 3;
  };
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return end(a) < end(b); });
  std::vector<double> tops;
  double floor = frame.top - kLine / 2;
  for (const Series* series : order) {
    tops.push_back(std::max(end(series) - kLine / 2, floor));
    floor = tops.back() + height(series);
  }
  double ceiling = frame.bottom + kLine;
  for (size_t i = order.size(); i-- > 0; ceiling = tops[i])
    tops[i] = std::min(tops[i], ceiling - height(order[i]));
  std::string out;
  for (size_t i = 0; i < order.size(); ++i) {
    const auto [first, second] = rows_of(order[i]->label);
    const double y = tops[i] + kLine / 2, x = frame.right + 14;
    out += open_group(*order[i]);
    out += fmt::format(
        "<path d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}H{:.1f}\" fill=\"none\" stroke-width=\"1\" "
        "stroke-dasharray=\"1 3\"/>",
        frame.x(order[i]->points.back().x) + 12, end(order[i]), frame.right + 3, y, x - 4);
    out += text_at(x, y + 4.5, "start", first, " stroke=\"none\"");
    if (!second.empty())
      out += text_at(x, y + 1.5 + kLine, "start", second, " stroke=\"none\" font-size=\"12\"");
    out += "</g>\n";
  }
  return out;
}

// Rows of line, mark and name under the plot; `height` grows by what they take.
std::string draw_legend(const Plot& plot, double& height) {
  std::string out;
  double x = 4, y = height + kLine;
  for (const Series* series : named(plot)) {
    const double width = 44 + text_width(series->label);
    if (x > 4 && x + width > kWidth) x = 4, y += kLine + 3;
    out += open_group(*series) + line_at(x, y, x + 24, y,
                                         series->dashed
                                             ? " stroke-width=\"2\" stroke-dasharray=\"5 4\""
                                             : " stroke-width=\"2\"");
    if (series->marks) out += draw_mark(series->style, x + 12, y);
    out += "</g>" + text_at(x + 30, y + 4.5, "start", series->label);
    x += width;
  }
  height = y + kLine;
  return out;
}

}  // namespace

// No font is at hand: a character's mean width, and what capitals have more.
double text_width(const std::string& text) {
  const auto capitals = std::ranges::count_if(text, [](char c) { return c >= 'A' && c <= 'Z'; });
  const auto wide = std::ranges::count_if(text, [](char c) { return c == 'W' || c == 'M'; });
  return 7.8 * static_cast<double>(display_width(text)) + 1.8 * static_cast<double>(capitals) + 2.4 * static_cast<double>(wide);
}

std::string draw(const Plot& plot) {
  const Frame frame = frame_of(plot);
  std::string body = draw_y_axis(plot, frame) + draw_rules(plot, frame) + draw_x_axis(plot, frame);
  const auto aside = [](const Series& s) { return s.marks && !s.points.empty(); };
  double place =
      -static_cast<double>(std::count_if(plot.series.begin(), plot.series.end(), aside) - 1) / 2;
  std::string behind, before;
  for (const Series& series : plot.series) {
    if (series.points.empty()) continue;
    const double shift = aside(series) ? kAside * place++ : 0;
    (series.faint || series.grey ? behind : before) += draw_series(series, frame, shift);
  }
  body += behind + before;
  double height = kHeight;
  if (frame.names_at_ends)
    body += draw_names(plot, frame);
  else if (!named(plot).empty())
    body += draw_legend(plot, height);
  return fmt::format(
      "<svg class=\"plot\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0f} {:.0f}\" "
      "role=\"img\""
      " font-family=\"system-ui, sans-serif\" font-size=\"13.5\" "
      "fill=\"#30343a\">\n<title>{}</title>\n{}</svg>\n",
      kWidth, height, escape_html(plot.title), body);
}

const std::string& plot_style() {
  static const std::string style = [] {
    std::string out =
        "@media screen and (prefers-color-scheme: dark) {\n.plot { fill: #d5d8dd }\n.plot .grid { "
        "stroke: #33373e }\n"
        ".plot .axis, .plot .rule { stroke: #80868f }\n.plot .second { fill: #9aa0a9 }\n.plot "
        ".mark { stroke: #16181b }\n"
        ".plot .hollow { fill: #16181b }\n.plot .grey { stroke: #8d939c; fill: #9aa0a9 }\n";
    for (size_t i = 0; i < kColours.size(); ++i)
      out += fmt::format(".plot .c{0} {{ stroke: {1}; fill: {1} }}\n", i, kColours[i].dark);
    return out + "}\n";
  }();
  return style;
}

std::string standalone(const std::string& svg) {
  const size_t body = svg.find("<title>");
  if (body == std::string::npos) throw std::invalid_argument("standalone: not a drawing of draw()");
  return svg.substr(0, body) + "<style>\n" + plot_style() +
         "@media screen { svg { background: #fff } }\n"
         "@media screen and (prefers-color-scheme: dark) { svg { background: #16181b } "
         "}\n</style>\n" +
         svg.substr(body);
}

}  // namespace smooth
