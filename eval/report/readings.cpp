#include "eval/report/readings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <tuple>

#include "configs/run.h"
#include "data/scores/longbench.h"
#include "eval/report/table2.h"

namespace smooth {
namespace {

namespace fs = std::filesystem;

fs::path trace_of(const Line& line, const Cell& cell) {
  const fs::path predictions = predictions_of(line, cell);
  return fs::path(line.path) / "traces" / predictions.lexically_relative(fs::path(line.path) / "pred");
}

bool is_laid_down(const Line& line, const Cell& cell) { return !line.path.empty() && fs::exists(predictions_of(line, cell)) && fs::exists(trace_of(line, cell)); }

auto rank(const Line& line) {
  const Cell& kind = line.kind();
  return std::tuple(kind.mode == "sr" ? 0 : kind.mode == "ur" ? 1 : 2, kind.early_stop.value_or(false));
}

struct Candidate {
  const Cell* cell;
  GradedTask task;
};

// All tasks of a line in a category that left a trace.
std::vector<Candidate> candidates_of(const Line& line, const std::string& category) {
  std::vector<Candidate> candidates;
  for (const Cell& cell : line.cells) {
    const LongBenchTask* task = find_longbench_task(cell.dataset);
    if (task == nullptr || task->category != category || !is_laid_down(line, cell)) continue;
    for (GradedTask& graded : graded_tasks(line, cell)) candidates.push_back({&cell, std::move(graded)});
  }
  return candidates;
}

double dullness(const Candidate& candidate) { return std::abs(std::log2(std::max(0.25, candidate.task.chunks) / 4)); }

GradedChoice open_trace(const Line& line, const Candidate& chosen) {
  GradedChoice choice{read_trace(trace_of(line, *chosen.cell).string(), chosen.task.line), find_longbench_task(chosen.cell->dataset)->metric, chosen.task.score};
  if (choice.trace.transcript.id != chosen.task.id) {
    throw std::runtime_error(fmt::format("{}:{}: is of {}, the same line of its predictions of {}", choice.trace.file, choice.trace.line, choice.trace.transcript.id, chosen.task.id));
  }
  return choice;
}

void add_needles(const std::vector<EvaluationFolder>& evaluations, std::vector<Block>& blocks) {
  std::vector<std::string> files;
  int64_t training_length = 0;
  for (const EvaluationFolder& evaluation : evaluations) {
    for (const std::string& file : evaluation.traces) {
      if (fs::path(file).parent_path().filename() == "traces") files.push_back(file);  // LongBench's lie in a folder for each line
    }
    training_length = std::max(training_length, evaluation.training_length);
  }
  const auto right = choose_right(files, training_length), wrong = choose_wrong(files, training_length);
  if (!right && !wrong) return;
  blocks.push_back(Heading{right && wrong ? "Two readings, laid open" : "One reading, laid open"});
  blocks.push_back(Prose{fmt::format("What was given, and what the model wrote on it. The needle that is asked for is marked, other needles are tinted, and its value is underlined in what "
                                     "was written. {}",
                                     right && wrong ? "First one that was answered rightly, then one that was not." : right ? "It was answered rightly." : "It was answered wrongly.")});
  if (right) blocks.push_back(annotate(*right));
  if (wrong) blocks.push_back(annotate(*wrong));
}

void add_longbench(const std::vector<Line>& longbench, std::vector<Block>& blocks) {
  std::vector<Block> readings;
  for (const auto& [category, label] : kCategories) {
    for (const GradedChoice& choice : choose_graded(longbench, category)) readings.push_back(annotate_graded(choice.trace, choice.metric, choice.score));
  }
  if (readings.empty()) return;
  blocks.push_back(Heading{"Readings of LongBench, to leaf through"});
  blocks.push_back(Prose{"Of each category one that scored most and one that scored least. What was given stands beside what the model wrote on it; references are marked where they stand in "
                         "the text, and of long texts the middle is left out."});
  blocks.insert(blocks.end(), readings.begin(), readings.end());
}

}  // namespace

std::vector<GradedTask> graded_tasks(const Line& line, const Cell& cell) {
  const std::string file = predictions_of(line, cell).string(), text = read_file(file);
  std::istringstream stream(text);
  std::vector<GradedTask> tasks;
  int64_t number = 0;
  for (std::string row; std::getline(stream, row) && !stream.eof();) {
    ++number;
    const auto json = nlohmann::json::parse(row, nullptr, /*allow_exceptions=*/false);
    const auto has = [&](const char* key, bool (nlohmann::json::*is)() const noexcept) { return json.is_object() && json.contains(key) && (json[key].*is)(); };
    if (has("error", &nlohmann::json::is_string)) continue;  // there is nothing to be read
    if (!has("_id", &nlohmann::json::is_string) || !has("score", &nlohmann::json::is_number) || !has("context_tokens", &nlohmann::json::is_number)) {
      throw std::runtime_error(fmt::format("{}:{}: expected a JSON object with _id, score and context_tokens", file, number));
    }
    const double tokens = json["context_tokens"].get<double>();
    tasks.push_back({json["_id"].get<std::string>(), number, json["score"].get<double>(), cell.chunk ? tokens / static_cast<double>(*cell.chunk) : 1});
  }
  return tasks;
}

std::vector<GradedChoice> choose_graded(const std::vector<Line>& longbench, const std::string& category) {
  std::vector<const Line*> order;
  for (const Line& line : longbench) order.push_back(&line);
  std::ranges::stable_sort(order, {}, [](const Line* line) { return rank(*line); });
  for (const Line* line : order) {
    const std::vector<Candidate> candidates = candidates_of(*line, category);
    if (candidates.empty()) continue;
    const auto best = std::ranges::min_element(candidates, {}, [](const Candidate& c) { return std::tuple(-c.task.score, dullness(c)); });
    const auto worst = std::ranges::min_element(candidates, {}, [](const Candidate& c) { return std::tuple(c.task.score, dullness(c)); });
    std::vector<GradedChoice> chosen = {open_trace(*line, *best)};
    if (worst->task.score < best->task.score) chosen.push_back(open_trace(*line, *worst));
    return chosen;
  }
  return {};
}

std::vector<Block> reading_blocks(const std::vector<EvaluationFolder>& evaluations, const std::vector<Line>& longbench) {
  std::vector<Block> blocks;
  add_needles(evaluations, blocks);
  add_longbench(longbench, blocks);
  return blocks;
}

}  // namespace smooth
