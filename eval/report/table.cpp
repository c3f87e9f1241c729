#include "eval/report/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>

#include "eval/report/page.h"

namespace smooth {
namespace {

// On one line.
std::string joined(const TableCell& cell) {
  std::string text = cell.note.empty() ? cell.text : cell.text + " " + cell.note;
  std::ranges::replace(text, '\n', ' ');
  return text;
}

std::string padded(const std::string& text, size_t width, bool left) {
  const std::string blanks(width - display_width(text), ' ');
  return left ? text + blanks : blanks + text;
}

// Words in lines of at most `width` characters.
std::string wrapped(const std::string& text, size_t width) {
  std::istringstream words(text);
  std::string out, line;
  for (std::string word; words >> word;) {
    if (!line.empty() && display_width(line) + 1 + display_width(word) > width) {
      out += line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return out + line + "\n";
}

std::string markdown_cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool link = c == '(' && out.ends_with(']');
    if (c == '|' || c == '\\' || c == '*' || c == '`' || link) out += '\\';
    if (c == '<')
      out += "&lt;";
    else
      out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + '"';
}

const char* row_class(RowKind kind) {
  switch (kind) {
    case RowKind::kOurs:
      return "ours";
    case RowKind::kPaper:
      return "paper";
    case RowKind::kExpected:
      return "expected";
    case RowKind::kDifference:
      return "difference";
  }
  throw std::logic_error("row_class");
}

}  // namespace

void Table::add(std::vector<TableCell> cells, RowKind kind) {
  if (cells.size() != head.size())
    throw std::invalid_argument(
        fmt::format("table \"{}\": {} cells under {} columns", caption, cells.size(), head.size()));
  rows.push_back({kind, std::move(cells)});
}

size_t display_width(const std::string& text) {
  // Bytes 10xxxxxx continue a character of UTF-8.
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string to_text(const Table& table) {
  std::vector<size_t> widths;
  for (size_t i = 0; i < table.head.size(); ++i) {
    widths.push_back(display_width(table.head[i]));
    for (const TableRow& row : table.rows)
      widths[i] = std::max(widths[i], display_width(joined(row.cells[i])));
  }
  const auto line = [&](auto&& cell) {
    std::string out;
    for (size_t i = 0; i < widths.size(); ++i)
      out += (i ? "  " : "") + padded(cell(i), widths[i], i < table.left);
    out.erase(out.find_last_not_of(' ') + 1);
    return out + "\n";
  };
  std::string out = table.caption.empty() ? "" : wrapped(table.caption, 100) + "\n";
  out += line([&](size_t i) { return table.head[i]; });
  out += line([&](size_t i) { return std::string(widths[i], '-'); });
  for (const TableRow& row : table.rows)
    out += line([&](size_t i) { return joined(row.cells[i]); });
  return out;
}

std::string to_markdown(const Table& table) {
  std::string out = "|", rule = "|";
  for (size_t i = 0; i < table.head.size(); ++i) {
    out += fmt::format(" {} |", markdown_cell(table.head[i]));
    rule += i < table.left ? " --- |" : " ---: |";
  }
  out += "\n" + rule + "\n";
  for (const TableRow& row : table.rows) {
    out += "|";
    for (const TableCell& cell : row.cells) {
      const std::string text = markdown_cell(joined(cell));
      out += row.kind == RowKind::kOurs || row.kind == RowKind::kDifference || text.empty() ? fmt::format(" {} |", text)
                                                                                            : fmt::format(" *{}* |", text);
    }
    out += "\n";
  }
  if (!table.caption.empty()) out += "\n" + prose_markdown(table.caption) + "\n";
  return table.folded.empty() ? out : fmt::format("<details><summary>{}</summary>\n\n{}\n</details>\n", escape_html(table.folded), out);
}

std::string to_csv(const Table& table) {
  std::vector<bool> noted;
  for (size_t i = 0; i < table.head.size(); ++i) {
    noted.push_back(std::ranges::any_of(table.rows, [&](const TableRow& row) { return !row.cells[i].note.empty(); }));
  }
  std::string out;
  for (size_t i = 0; i < table.head.size(); ++i) {
    out += (i ? "," : "") + csv_cell(table.head[i]);
    if (noted[i]) out += "," + csv_cell(table.head[i] + " note");
  }
  out += "\n";
  for (const TableRow& row : table.rows) {
    for (size_t i = 0; i < row.cells.size(); ++i) {
      out += (i ? "," : "") + csv_cell(row.cells[i].text);
      if (noted[i]) out += "," + csv_cell(row.cells[i].note);
    }
    out += "\n";
  }
  return out;
}

std::string to_html(const Table& table) {
  const auto kind = [&](size_t column) { return column < table.left ? "" : " class=\"number\""; };
  std::string out =
      "<figure class=\"table\"><div class=\"scroll\" tabindex=\"0\"><table>\n<thead><tr>";
  for (size_t i = 0; i < table.head.size(); ++i)
    out += fmt::format("<th scope=\"col\"{}>{}</th>", kind(i), escape_html(table.head[i]));
  out += "</tr></thead>\n<tbody>\n";
  for (const TableRow& row : table.rows) {
    out += fmt::format("<tr class=\"{}\">", row_class(row.kind));
    for (size_t i = 0; i < row.cells.size(); ++i) {
      const TableCell& cell = row.cells[i];
      const std::string note =
          cell.note.empty() ? "" : fmt::format(" <small>{}</small>", escape_html(cell.note));
      const std::string tag = i == 0 ? "th" : "td", scope = i == 0 ? " scope=\"row\"" : "";
      out +=
          fmt::format("<{}{}{}>{}{}</{}>", tag, scope, kind(i), escape_html(cell.text), note, tag);
    }
    out += "</tr>\n";
  }
  out += "</tbody></table></div>";
  if (!table.caption.empty())
    out += fmt::format("<figcaption>{}</figcaption>", prose_html(table.caption));
  out += "</figure>\n";
  return table.folded.empty() ? out : fmt::format("<details class=\"fold\"><summary>{}</summary>{}</details>\n", escape_html(table.folded), out);
}

std::string format_difference(double difference, int decimals) {
  const std::string size = fmt::format("{:.{}f}", std::abs(difference), decimals);
  if (size.find_first_of("123456789") == std::string::npos) return size;
  return (difference < 0 ? "−" : "+") + size;
}

}  // namespace smooth
