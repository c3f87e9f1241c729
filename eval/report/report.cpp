#include "eval/report/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <stdexcept>

#include "configs/run.h"
#include "eval/report/figures.h"
#include "eval/report/longbench_e.h"
#include "eval/report/page.h"
#include "eval/report/plot.h"
#include "eval/report/runs.h"
#include "eval/report/table2.h"
#include "eval/report/table3.h"
#include "eval/report/training.h"

namespace smooth {
namespace {

namespace fs = std::filesystem;
using Blocks = std::vector<Block>;

std::vector<Cell> cells_of(const std::vector<EvaluationFolder>& evaluations, const std::string& benchmark) {
  std::vector<Cell> cells;
  for (const EvaluationFolder& evaluation : evaluations)
    for (const Cell& cell : evaluation.cells)
      if (cell.benchmark == benchmark) cells.push_back(cell);
  return cells;
}

std::vector<Line> lines_of_all(const std::vector<EvaluationFolder>& evaluations) {
  std::vector<Line> lines;
  for (const EvaluationFolder& evaluation : evaluations)
    for (Line& line : lines_of(cells_of({evaluation}, "niah"), evaluation.training_length, evaluation.name))
      lines.push_back(std::move(line));
  label_lines(lines);
  return lines;
}

void add_results(const std::vector<Line>& lines, Blocks& blocks) {
  for (const std::string& sentence : {accuracy_sentence(lines), cost_sentence(lines)})
    if (!sentence.empty()) blocks.push_back(Prose{sentence, true});
  blocks.push_back(Heading{"Accuracy beyond the training length"});
  blocks.push_back(table3(lines));
  blocks.push_back(accuracy_figures(lines));
  blocks.push_back(Heading{"Time and memory"});
  if (const auto multiples = compared_multiples(lines))
    blocks.push_back(cost_table(lines, *multiples));
  blocks.push_back(cost_figures(lines));
}

void add_longbench(const std::vector<Cell>& cells, Blocks& blocks) {
  blocks.push_back(Heading{"LongBench"});
  blocks.push_back(table2(cells));
  blocks.push_back(longbench_tasks_table(cells));
}

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

void add_readings(const std::vector<EvaluationFolder>& evaluations, Blocks& blocks) {
  std::vector<std::string> files;
  int64_t training_length = 0;
  for (const EvaluationFolder& evaluation : evaluations) {
    files.insert(files.end(), evaluation.traces.begin(), evaluation.traces.end());
    training_length = std::max(training_length, evaluation.training_length);
  }
  const auto right = choose_right(files, training_length),
             wrong = choose_wrong(files, training_length);
  if (!right && !wrong) return;
  blocks.push_back(Heading{right && wrong ? "Two readings, laid open" : "One reading, laid open"});
  blocks.push_back(Prose{
      fmt::format("What was given, and what the model wrote on it. The needle that is asked for is "
                  "marked, other needles are tinted, and its value"
                  " is underlined in what was written. {}",
                  right && wrong ? "First one that was answered rightly, then one that was not."
                  : right        ? "It was answered rightly."
                                 : "It was answered wrongly.")});
  if (right) blocks.push_back(annotate(*right));
  if (wrong) blocks.push_back(annotate(*wrong));
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
      {}};
  for (const TrainingFolder& run : trainings) table.add(training_row(run));
  blocks.push_back(std::move(table));
  if (Gallery gallery = training_figures(trainings, lines); !gallery.pictures.empty())
    blocks.push_back(std::move(gallery));
}

// As a shell reads it back.
std::string quoted(const std::string& word) {
  const auto plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) ||
           std::string("/._-+=:,@%").find(c) != std::string::npos;
  };
  if (!word.empty() && std::all_of(word.begin(), word.end(), plain)) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

std::string commands(const Runs& runs, const std::vector<std::string>& folders,
                     const std::string& out) {
  std::string text;
  const auto add = [&](const char* verb, const std::string& folder) {
    text += fmt::format("./smooth {} {}\n", verb, quoted(folder + "/config.yaml"));
  };
  for (const DataFolder& data : runs.data) add("data build", data.folder);
  for (const TrainingFolder& run : runs.trainings) add("train", run.folder);
  for (const EvaluationFolder& run : runs.evaluations) add("eval", run.folder);
  text += "./smooth report";
  for (const std::string& folder : folders) text += " " + quoted(folder);
  return text + " --out " + quoted(out) + "\n";
}

// Runs with the same environment share a table.
void add_environments(const Runs& runs, Blocks& blocks) {
  std::vector<std::pair<Environment, std::string>> groups;
  const auto add = [&](const auto& run) {
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const auto& g) { return g.first == run.environment; });
    if (group == groups.end())
      groups.emplace_back(run.environment, run.name);
    else
      group->second += ", " + run.name;
  };
  for (const TrainingFolder& run : runs.trainings) add(run);
  for (const EvaluationFolder& run : runs.evaluations) add(run);
  for (const auto& [environment, names] : groups) {
    Table table{fmt::format("Versions and machine of {}.", names), {"what", "value"}, 2, {}};
    for (const auto& [key, value] : environment) table.add({key, value});
    blocks.push_back(std::move(table));
  }
}

void add_provenance(const Runs& runs, const std::vector<std::string>& folders,
                    const std::string& out, Blocks& blocks) {
  blocks.push_back(Heading{"To run it again"});
  blocks.push_back(
      Prose{"Each folder's `config.yaml` is resolved: it holds every value, defaults included. "
            "Give `--set out=...` or `--set run=...`"
            " a new folder to keep what is there."});
  blocks.push_back(Listing{"", commands(runs, folders, out)});
  std::string seeds;
  for (const EvaluationFolder& run : runs.evaluations)
    seeds += fmt::format("{}{} {}", seeds.empty() ? "" : ", ", run.name, run.seed);
  if (!seeds.empty()) blocks.push_back(Prose{"Seeds of the evaluations: " + seeds + "."});
  add_environments(runs, blocks);
  for (const TrainingFolder& run : runs.trainings)
    blocks.push_back(Listing{run.name + "/config.yaml", run.config});
  for (const EvaluationFolder& run : runs.evaluations)
    blocks.push_back(Listing{run.name + "/config.yaml", run.config});
  for (const DataFolder& data : runs.data) {
    blocks.push_back(Listing{data.name + "/config.yaml", data.config});
    blocks.push_back(Listing{data.name + "/manifest.json", data.manifest});
  }
}

}  // namespace

void write_report(const std::vector<std::string>& folders, const std::string& out) {
  const fs::path path = out;
  if (path.extension() != ".html")
    throw std::runtime_error(out + ": the report's name must end in .html");
  const Runs runs = find_runs(folders);
  const std::vector<Line> lines = lines_of_all(runs.evaluations);

  Page page{"Smooth Reading: report", {}};
  if (!lines.empty()) add_results(lines, page.blocks);
  std::vector<Cell> longbench = cells_of(runs.evaluations, "longbench"), longbench_e;
  std::ranges::copy_if(longbench, std::back_inserter(longbench_e), is_of_longbench_e);
  std::erase_if(longbench, is_of_longbench_e);
  if (!longbench.empty()) add_longbench(longbench, page.blocks);
  if (!longbench_e.empty()) add_longbench_e(longbench_e, page.blocks);
  add_failed(runs.evaluations, page.blocks);
  add_readings(runs.evaluations, page.blocks);
  if (!runs.trainings.empty()) add_training(runs.trainings, lines, page.blocks);
  add_provenance(runs, folders, out, page.blocks);

  const std::string prefix = path.stem().string() + "-";
  for (const Block& block : page.blocks)
    if (const auto* gallery = std::get_if<Gallery>(&block))
      for (const Picture& picture : gallery->pictures)
        write_file(path.parent_path() / (prefix + picture.name + ".svg"), standalone(picture.svg));
  if (!lines.empty()) write_file(path.parent_path() / "table3.csv", to_csv(table3_tidy(lines)));
  if (!longbench.empty()) write_file(path.parent_path() / "table2.csv", to_csv(table2(longbench)));
  if (!longbench_e.empty()) write_file(path.parent_path() / "longbench-e.csv", to_csv(longbench_e_table(longbench_e)));
  write_file(fs::path(path).replace_extension(".md"), to_markdown(page, prefix));
  write_file(path, to_html(page));
}

std::string results_table(const std::vector<Cell>& cells, int64_t training_length) {
  const auto tables = [&] {
    if (std::ranges::any_of(cells, is_of_longbench_e)) return to_text(longbench_e_table(cells)) + "\n" + to_text(longbench_e_tasks_table(cells));
    if (!cells.empty() && cells[0].benchmark == "longbench") return to_text(table2(cells)) + "\n" + to_text(longbench_tasks_table(cells));
    return to_text(table3(lines_of(cells, training_length)));
  };
  const std::string failed = tell_failed(cells);
  return tables() + (failed.empty() ? "" : "\n" + failed);
}

}  // namespace smooth
