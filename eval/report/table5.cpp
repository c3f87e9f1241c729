#include "eval/report/table5.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "eval/report/lines.h"

namespace smooth {
namespace {

constexpr const char* kNone = "–";

std::vector<TableCell> row_of(const std::string& name, const RowStats* ours, const PaperRow* paper) {
  std::vector<TableCell> row = {name};
  const auto number = [&](bool there, const std::string& text) { row.push_back(there ? text : kNone); };
  number(ours, ours ? std::to_string(ours->samples) : "");
  number(paper, paper ? std::to_string(paper->samples) : "");
  number(ours && paper, ours && paper ? format_difference(static_cast<double>(ours->samples - paper->samples), 0) : "");
  number(ours, ours ? fmt::format("{:.0f}", ours->mean_length()) : "");
  number(paper, paper ? std::to_string(paper->mean_length) : "");
  number(ours && paper, ours && paper ? format_difference(ours->mean_length() - static_cast<double>(paper->mean_length), 0) : "");
  number(ours, ours ? std::to_string(ours->longest) : "");
  number(ours, ours ? fmt::format("{:.1f} %", 100 * ours->written_share()) : "");
  return row;
}

// All rows together: the mean length is that of all samples.
RowStats total_of(const std::vector<RowStats>& counted, const std::string& form) {
  RowStats total{"all", form};
  for (const RowStats& row : counted) {
    if (row.form != form) continue;
    total.samples += row.samples;
    total.tokens += row.tokens;
    total.written += row.written;
    total.longest = std::max(total.longest, row.longest);
  }
  return total;
}

PaperRow paper_total() {
  int64_t samples = 0, tokens = 0;
  for (const PaperRow& row : kTable5) {
    samples += row.samples;
    tokens += row.samples * row.mean_length;
  }
  return {"all", samples, tokens / samples};
}

}  // namespace

Table table5(const std::string& set, const std::vector<RowStats>& counted, const std::string& form) {
  Table table{fmt::format("Samples and tokens of {} in the form {}, as its chat template lays them out, beside Table 5, which does not say by which "
                          "tokenizer it counts. Written: share "
                          "of the tokens that carry loss.",
                          set, mode_label(form)),
              {"row", "samples", "paper", "ours − paper", "mean tokens", "paper", "ours − paper", "longest", "written"},
              1,
              {}};
  const auto ours = [&](const std::string& name) -> const RowStats* {
    const auto found = std::ranges::find_if(counted, [&](const RowStats& row) { return row.row == name && row.form == form; });
    return found == counted.end() ? nullptr : &*found;
  };
  for (const PaperRow& paper : kTable5) table.add(row_of(paper.row, ours(paper.row), &paper));
  for (const RowStats& row : counted) {
    if (row.form == form && table5_row(row.row) == nullptr) table.add(row_of(row.row, &row, nullptr));
  }
  const RowStats total = total_of(counted, form);
  const PaperRow paper = paper_total();
  table.add(row_of("all", &total, &paper));
  return table;
}

std::vector<Block> table5_blocks(const std::vector<DataFolder>& sets) {
  if (sets.empty()) throw std::runtime_error("table5: the folders hold no data set (manifest.json of `./smooth data build`)");
  std::vector<Block> blocks;
  for (const DataFolder& set : sets) {
    const std::vector<RowStats> counted = count_set(set.folder, "");
    std::vector<std::string> forms;
    for (const RowStats& row : counted) {
      if (std::ranges::find(forms, row.form) == forms.end()) forms.push_back(row.form);
    }
    for (const std::string& form : forms) {
      Table table = table5(set.name, counted, form);
      table.name = blocks.empty() ? "table5" : fmt::format("table5-{}", blocks.size() + 1);
      blocks.push_back(std::move(table));
    }
  }
  return blocks;
}

}  // namespace smooth
