// A table as LaTeX. Every text is escaped; the few signs that reports use and old LaTeX lacks are written as commands.
#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

#include "eval/report/code_spans.h"
#include "eval/report/table.h"

namespace smooth {
namespace {

using Sign = std::pair<std::string_view, std::string_view>;
constexpr std::array<Sign, 26> kSigns = {{{"\\", "\\textbackslash{}"},
                                          {"{", "\\{"},
                                          {"}", "\\}"},
                                          {"$", "\\$"},
                                          {"&", "\\&"},
                                          {"#", "\\#"},
                                          {"_", "\\_"},
                                          {"%", "\\%"},
                                          {"^", "\\textasciicircum{}"},
                                          {"~", "\\textasciitilde{}"},
                                          {"<", "\\textless{}"},
                                          {">", "\\textgreater{}"},
                                          {"|", "\\textbar{}"},
                                          {"\"", "''"},
                                          {"\n", " "},
                                          {"\u00a0", "~"},
                                          {"×", "\\ensuremath{\\times}"},
                                          {"÷", "\\ensuremath{\\div}"},
                                          {"−", "\\ensuremath{-}"},
                                          {"–", "--"},
                                          {"µ", "\\ensuremath{\\mu}"},
                                          {"β", "\\ensuremath{\\beta}"},
                                          {"≥", "\\ensuremath{\\geq}"},
                                          {"≤", "\\ensuremath{\\leq}"},
                                          {"²", "\\textsuperscript{2}"},
                                          {"…", "\\ldots{}"}}};

std::string escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::string_view read = text.substr(0, 1), written = read;
    for (const auto& [sign, command] : kSigns) {
      if (text.starts_with(sign)) read = sign, written = command;
    }
    out += written;
    text.remove_prefix(read.size());
  }
  return out;
}

// A caption's `code` in typewriter.
std::string prose(const std::string& text) {
  return with_code(text, [](const std::string& piece) { return escaped(piece); }, "\\texttt{", "}");
}

// A cell that begins with "[" after a row's end would be read as that end's argument: every row begins with braces then.
std::string cell_text(const TableCell& cell, RowKind kind) {
  std::string out = escaped(cell.text);
  if (!out.empty() && (kind == RowKind::kPaper || kind == RowKind::kExpected)) out = "\\textit{" + out + "}";
  if (!cell.note.empty()) out += " {\\scriptsize " + escaped(cell.note) + "}";
  return out.starts_with('[') ? "{}" + out : out;
}

}  // namespace

std::string to_latex(const Table& table) {
  std::string columns, head;
  for (size_t i = 0; i < table.head.size(); ++i) {
    columns += i < table.left ? 'l' : 'r';
    head += (i ? " & " : "") + cell_text(table.head[i], RowKind::kOurs);
  }
  std::string out = fmt::format(
      "% Needs \\usepackage{{booktabs}}.\n\\begin{{table}}\n\\centering\\small\n\\begin{{tabular}}{{@{{}}{}@{{}}}}\n\\toprule\n{} \\\\\n\\midrule\n",
      columns, head);
  for (const TableRow& row : table.rows) {
    std::string line;
    for (size_t i = 0; i < row.cells.size(); ++i) line += (i ? " & " : "") + cell_text(row.cells[i], row.kind);
    out += line + " \\\\\n";
  }
  out += "\\bottomrule\n\\end{tabular}\n";
  if (!table.caption.empty()) out += fmt::format("\\caption{{{}}}\n", prose(table.caption));
  if (!table.name.empty()) out += fmt::format("\\label{{tab:{}}}\n", table.name);
  return out + "\\end{table}\n";
}

}  // namespace smooth
