#include "eval/report/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <stdexcept>

#include "configs/run.h"
#include "eval/report/differences.h"
#include "eval/report/figure6.h"
#include "eval/report/figures.h"
#include "eval/report/heat_map.h"
#include "eval/report/longbench_e.h"
#include "eval/report/page.h"
#include "eval/report/plot.h"
#include "eval/report/provenance.h"
#include "eval/report/readings.h"
#include "eval/report/reproduction.h"
#include "eval/report/runs.h"
#include "eval/report/table2.h"
#include "eval/report/table3.h"
#include "eval/report/training.h"

namespace smooth {
namespace {

namespace fs = std::filesystem;
using Blocks = std::vector<Block>;

bool is_of_needles(const Cell& cell) { return cell.benchmark == "niah" && !cell.distance; }  // Figure 6 has those at a distance
bool is_of_longbench(const Cell& cell) { return cell.benchmark == "longbench" && !is_of_longbench_e(cell); }

std::vector<Cell> cells_of(const EvaluationFolder& evaluation, bool (*wanted)(const Cell&)) {
  std::vector<Cell> cells;
  std::ranges::copy_if(evaluation.cells, std::back_inserter(cells), wanted);
  return cells;
}

std::vector<Line> needle_lines(const std::vector<EvaluationFolder>& evaluations) {
  std::vector<Line> lines;
  for (const EvaluationFolder& evaluation : evaluations)
    for (Line& line : lines_of(cells_of(evaluation, is_of_needles), evaluation.training_length, evaluation.name)) {
      line.path = evaluation.folder;
      lines.push_back(std::move(line));
    }
  label_lines(lines);
  return lines;
}

std::vector<Line> longbench_lines_of_all(const std::vector<EvaluationFolder>& evaluations) {
  std::vector<Line> lines;
  for (const EvaluationFolder& evaluation : evaluations)
    for (Line& line : longbench_lines(cells_of(evaluation, is_of_longbench), evaluation.name)) {
      line.path = evaluation.folder;
      lines.push_back(std::move(line));
    }
  label_lines(lines);
  return lines;
}

// What is lacking is said where nobody can overlook it.
void add_unfinished(const std::vector<EvaluationFolder>& evaluations, Blocks& blocks) {
  for (const EvaluationFolder& evaluation : evaluations) {
    const std::string text = evaluation.unfinished.text();
    if (!text.empty()) blocks.push_back(Prose{.text = fmt::format("Unfinished: {} {}.", evaluation.name, text), .notice = true});
  }
}

void add_needles(const std::vector<Line>& lines, const std::vector<EvaluationFolder>& evaluations, Blocks& blocks) {
  if (lines.empty()) return;
  for (const std::string& sentence : {accuracy_sentence(lines), cost_sentence(lines)})
    if (!sentence.empty()) blocks.push_back(Prose{sentence, true});
  blocks.push_back(Heading{"Accuracy beyond the training length"});
  blocks.push_back(table3(lines));
  blocks.push_back(accuracy_figures(lines));
  add_heat_maps(evaluations, blocks);
  blocks.push_back(Heading{"Time and memory"});
  if (const auto multiples = compared_multiples(lines))
    blocks.push_back(cost_table(lines, *multiples));
  blocks.push_back(cost_figures(lines));
}

void add_longbench(const std::vector<Line>& lines, PaperLongBench paper, Blocks& blocks) {
  if (lines.empty()) return;
  blocks.push_back(Heading{"LongBench"});
  if (const std::string sentence = longbench_sentence(lines, paper); !sentence.empty()) blocks.push_back(Prose{sentence, true});
  blocks.push_back(table2(lines, paper));
  blocks.push_back(longbench_tasks_table(lines));
}

void append(std::vector<Block> blocks, Blocks& all) { all.insert(all.end(), std::make_move_iterator(blocks.begin()), std::make_move_iterator(blocks.end())); }

void add_longbench_e(const std::vector<Cell>& cells, Blocks& blocks) {
  blocks.push_back(Heading{"LongBench-E"});
  blocks.push_back(longbench_e_table(cells));
  blocks.push_back(longbench_e_tasks_table(cells));
}

// Readings that failed, of all evaluations.
void add_failed(const std::vector<EvaluationFolder>& evaluations, Blocks& blocks) {
  for (const EvaluationFolder& evaluation : evaluations) {
    const std::string failed = tell_failed(evaluation.cells);
    if (!failed.empty()) blocks.push_back(Listing{"", evaluation.name + ", of which pred/ says why:\n" + failed});
  }
}

std::vector<TableCell> training_row(const TrainingFolder& run) {
  std::vector<double> losses;
  double tokens = 0, targets = 0, seconds = 0;
  for (const StepMetrics& step : run.steps) {
    losses.push_back(step.loss);
    tokens += static_cast<double>(step.tokens);
    targets += static_cast<double>(step.targets);
    seconds += step.seconds;
  }
  const std::string last =
      losses.empty()
          ? "–"
          : fmt::format("{:.4f}", smoothed(losses, smoothing_span(losses.size())).back());
  return {run.name,
          fmt::format("{}", run.seed),
          losses.empty() ? "0" : fmt::format("{}", run.steps.back().step),
          losses.empty() ? "–" : fmt::format("{:.4f}", losses.front()),
          last,
          format_count(tokens),
          format_count(targets),
          format_duration(seconds),
          seconds > 0 ? format_count(tokens / seconds) : "–"};
}

void add_training(const std::vector<TrainingFolder>& trainings, const std::vector<Line>& lines,
                  Blocks& blocks) {
  blocks.push_back(Heading{"Training"});
  Table table{
      "The last loss is smoothed as in the picture; targets are the tokens that carried loss; time "
      "is that of the steps alone.",
      {"run", "seed", "steps", "first loss", "last loss", "tokens", "targets", "time", "tokens/s"},
      1,
      {},
      "training"};
  for (const TrainingFolder& run : trainings) table.add(training_row(run));
  blocks.push_back(std::move(table));
  if (Gallery gallery = training_figures(trainings, lines); !gallery.pictures.empty())
    blocks.push_back(std::move(gallery));
}

std::string command(const std::vector<std::string>& folders, const std::string& out, const std::string& as) {
  std::string text = "./smooth report";
  for (const std::string& folder : folders) text += " " + shell_quoted(folder);
  return text + (as.empty() ? "" : " --as " + as) + " --out " + shell_quoted(out);
}

// Every picture and table of the page as files of their own, which `prefix` begins.
void write_parts(const Page& page, const fs::path& folder, const std::string& prefix) {
  for (const Block& block : page.blocks) {
    if (const auto* gallery = std::get_if<Gallery>(&block)) {
      for (const Picture& picture : gallery->pictures) write_file(folder / (prefix + picture.name + ".svg"), standalone(picture.svg));
    }
    const auto* table = std::get_if<Table>(&block);
    if (table == nullptr || table->name.empty()) continue;
    write_file(folder / (prefix + table->name + ".csv"), to_csv(*table));
    write_file(folder / (prefix + table->name + ".tex"), to_latex(*table));
  }
}

}  // namespace

void write_report(const std::vector<std::string>& folders, const std::string& out, const std::string& as) {
  const fs::path path = out;
  if (path.extension() != ".html")
    throw std::runtime_error(out + ": the report's name must end in .html");
  const Runs runs = find_runs(folders);
  const std::vector<Line> needles = needle_lines(runs.evaluations), longbench = longbench_lines_of_all(runs.evaluations);
  std::vector<Cell> longbench_e;
  for (const EvaluationFolder& evaluation : runs.evaluations) std::ranges::copy_if(evaluation.cells, std::back_inserter(longbench_e), is_of_longbench_e);
  const Reproduction reproduction = reproduction_of(as, runs, needles, longbench);
  const PaperLongBench paper = reproduction.larger_paper ? PaperLongBench::kTable6 : PaperLongBench::kTable2;

  Page page{reproduction.title, {}};
  add_unfinished(runs.evaluations, page.blocks);
  append(reproduction.lead, page.blocks);
  if (reproduction.longbench_first) add_longbench(longbench, paper, page.blocks);
  add_needles(needles, runs.evaluations, page.blocks);
  add_figure6(runs.evaluations, page.blocks);
  if (!reproduction.longbench_first) add_longbench(longbench, paper, page.blocks);
  if (!longbench_e.empty()) add_longbench_e(longbench_e, page.blocks);
  add_failed(runs.evaluations, page.blocks);
  append(difference_blocks(needles, longbench), page.blocks);
  append(reading_blocks(runs.evaluations, longbench), page.blocks);
  if (!runs.trainings.empty()) add_training(runs.trainings, needles, page.blocks);
  append(provenance_blocks(runs, command(folders, out, as)), page.blocks);

  const std::string prefix = path.stem().string() + "-";
  write_parts(page, path.parent_path(), prefix);
  if (!needles.empty()) write_file(path.parent_path() / "table3.csv", to_csv(table3_tidy(needles)));
  if (!longbench.empty()) write_file(path.parent_path() / "table2.csv", to_csv(table2(longbench, paper)));
  if (!longbench_e.empty()) write_file(path.parent_path() / "longbench-e.csv", to_csv(longbench_e_table(longbench_e)));
  write_file(fs::path(path).replace_extension(".md"), to_markdown(page, prefix));
  write_file(path, to_html(page));
}

std::string results_table(const std::vector<Cell>& cells, int64_t training_length) {
  const auto tables = [&] {
    if (std::ranges::any_of(cells, is_of_longbench_e)) return to_text(longbench_e_table(cells)) + "\n" + to_text(longbench_e_tasks_table(cells));
    if (cells.empty() || cells[0].benchmark != "longbench") return to_text(table3(lines_of(cells, training_length)));
    const std::vector<Line> lines = longbench_lines(cells);
    return to_text(table2(lines)) + "\n" + to_text(longbench_tasks_table(lines));
  };
  const std::string failed = tell_failed(cells);
  return tables() + (failed.empty() ? "" : "\n" + failed);
}

}  // namespace smooth
