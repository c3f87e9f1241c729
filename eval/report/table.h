// A table as it is meant, before anyone decides whether it is read in a terminal, a browser or a
// spreadsheet.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace smooth {

// What the reader wants, and what stands small behind it, on lines of its own where there is room: "98.0" with "[93.0, 99.4]".
struct TableCell {
  std::string text, note;
  TableCell(std::string text_, std::string note_ = "")
      : text(std::move(text_)), note(std::move(note_)) {}
  TableCell(const char* text_) : text(text_) {}
};

// A paper's row, an expected one, or ours minus the paper's stands beside ours for comparison and is set back.
enum class RowKind { kOurs, kPaper, kExpected, kDifference };

struct TableRow {
  RowKind kind = RowKind::kOurs;
  std::vector<TableCell> cells;
};

struct Table {
  std::string caption;
  std::vector<std::string> head;
  size_t left = 1;  // so many columns are texts, left aligned; the rest are numbers
  std::vector<TableRow> rows;
  std::string name = {};    // of its files, "table4"; empty: it has none of its own
  std::string folded = {};  // on a page, folded away under these words

  // Appends a row; throws std::invalid_argument unless it has as many cells as the head.
  void add(std::vector<TableCell> cells, RowKind kind = RowKind::kOurs);
};

size_t display_width(const std::string& text);  // characters, not bytes

std::string to_text(const Table& table);      // aligned columns under a rule
std::string to_markdown(const Table& table);  // GitHub's
std::string to_csv(const Table& table);       // RFC 4180, "\n" line ends; notes in a column of their own, "NAME note"
std::string to_html(const Table& table);
std::string to_latex(const Table& table);     // a table float of the package booktabs, labelled tab:NAME

// "+1.2", "−0.4" with a true minus, "0.0".
std::string format_difference(double difference, int decimals);

}  // namespace smooth
