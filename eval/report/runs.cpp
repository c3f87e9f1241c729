#include "eval/report/runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <stdexcept>

#include "configs/document.h"
#include "configs/run.h"

namespace smooth {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kDepth = 3;

[[noreturn]] void fail(const std::string& where, const std::string& reason) {
  throw std::runtime_error(where + ": " + reason);
}

// A whole number at the top of a config.yaml. The config is not loaded as a whole: that would look
// for its checkpoints, which a report on another machine does not need.
int64_t config_number(const fs::path& file, const char* key) {
  const Item root = read_document(file.string());
  const Item* item = root.find(key);
  if (!item) fail(file.string(), fmt::format("{}: is missing", key));
  int64_t value = 0;
  const char* end = item->text.data() + item->text.size();
  if (std::from_chars(item->text.data(), end, value).ptr != end || item->text.empty() || value < 0)
    fail(item->place, fmt::format("{}: expected a whole number, got {}", key, describe(*item)));
  return value;
}

double number_field(const Json& json, const char* key, const std::string& where) {
  const auto found = json.find(key);
  if (found == json.end()) fail(where, fmt::format("{}: is missing", key));
  if (!found->is_number())
    fail(where, fmt::format("{}: expected a number, got {}", key, found->dump()));
  return found->get<double>();
}

std::vector<StepMetrics> read_metrics(const fs::path& file) {
  const std::string text = read_file(file);
  std::istringstream stream(text);
  std::vector<StepMetrics> steps;
  int64_t number = 0;
  for (std::string line; std::getline(stream, line);) {
    if (stream.eof() && !text.ends_with('\n')) break;
    const std::string where = fmt::format("{}:{}", file.string(), ++number);
    const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object())
      fail(where, "expected a JSON object with step, loss, norm, lr, tokens, targets and seconds");
    const auto whole = [&](const char* key) {
      return static_cast<int64_t>(number_field(json, key, where));
    };
    steps.push_back({whole("step"), number_field(json, "loss", where),
                     number_field(json, "norm", where), number_field(json, "lr", where),
                     whole("tokens"), whole("targets"), number_field(json, "seconds", where)});
    if (json.contains("heldout_loss")) steps.back().heldout_loss = number_field(json, "heldout_loss", where);
    if (steps.size() > 1 && steps.back().step <= steps[steps.size() - 2].step)
      fail(where, "step: does not go on from the line before");
  }
  return steps;
}

Environment read_environment(const fs::path& file) {
  const Json json = Json::parse(read_file(file), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) fail(file.string(), "expected a JSON object of texts");
  Environment environment;
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string())
      fail(file.string(), fmt::format("{}: expected a text, got {}", key, value.dump()));
    environment.emplace_back(key, value.get<std::string>());
  }
  return environment;
}

// cells_from_json knows the cell and the field, but not the file.
std::vector<Cell> read_cells(const fs::path& file) {
  const std::string text = read_file(file);
  try {
    return cells_from_json(text);
  } catch (const std::runtime_error& error) {
    fail(file.string(), error.what());
  }
}

std::vector<std::string> folders_in(const fs::path& folder) {
  std::vector<std::string> out;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory()) out.push_back(entry.path().string());
  }
  std::ranges::sort(out);
  return out;
}

Json read_object(const fs::path& file) {
  Json json = Json::parse(read_file(file), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) fail(file.string(), "expected a JSON object");
  return json;
}

// inputs.json of a training run: every file that it read.
std::vector<Checksum> training_checksums(const fs::path& file) {
  std::vector<Checksum> sums;
  if (!fs::exists(file)) return sums;
  const Json json = read_object(file);
  for (const auto& [name, sum] : json.items()) {
    if (!sum.is_string()) fail(file.string(), fmt::format("{}: expected a checksum, got {}", name, sum.dump()));
    sums.push_back({name, sum.get<std::string>()});
  }
  return sums;
}

// inputs/CELL.json of an evaluation: each thing once.
std::vector<Checksum> evaluation_checksums(const fs::path& folder) {
  std::vector<Checksum> sums;
  if (!fs::is_directory(folder)) return sums;
  std::vector<std::string> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path().string());
  }
  std::ranges::sort(files);
  for (const std::string& file : files) {
    const Json json = read_object(file);
    const std::string cell = fs::path(file).lexically_relative(folder).replace_extension().string();
    const std::string line = cell.substr(0, cell.find_first_of("./")), dataset = cell.substr(std::min(cell.size(), line.size() + 1));
    for (const auto& [key, of] : {std::pair("weights", "weights of " + line), std::pair("data", dataset)}) {
      const std::string sum = json.contains(key) && json.at(key).is_string() ? json.at(key).get<std::string>() : "";
      if (!sum.empty() && std::ranges::find(sums, Checksum{of, sum}) == sums.end()) sums.push_back({of, sum});
    }
  }
  return sums;
}

// Of a manifest's rows.
std::vector<Checksum> data_checksums(const Json& manifest) {
  std::vector<Checksum> sums;
  if (!manifest.contains("rows") || !manifest.at("rows").is_array()) return sums;
  for (const Json& row : manifest.at("rows")) {
    if (row.is_object() && row.contains("file") && row.contains("checksum"))
      sums.push_back({row.at("file").get<std::string>(), row.at("checksum").get<std::string>()});
  }
  return sums;
}

std::vector<std::string> traces_in(const fs::path& folder) {
  std::vector<std::string> traces;
  if (!fs::exists(folder)) return traces;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".jsonl") traces.push_back(entry.path().string());
  }
  std::ranges::sort(traces);
  return traces;
}

void read_training(const fs::path& folder, Runs& runs) {
  const std::string name = folder.string();
  runs.trainings.push_back({name, name, read_file(folder / "config.yaml"), config_number(folder / "config.yaml", "seed"),
                            read_metrics(folder / "metrics.jsonl"), read_environment(folder / "environment.json"),
                            read_accuracies(folder / "accuracies.jsonl"), training_checksums(folder / "inputs.json")});
}

// One that has begun and not finished its first cell, or whose shards are not merged, has no results yet, and perhaps no environment.
void read_evaluation(const fs::path& folder, Runs& runs) {
  const bool finished = fs::exists(folder / "results.json");
  const fs::path config = evaluation_config(folder);
  const std::vector<Cell> cells = finished ? read_cells(folder / "results.json") : std::vector<Cell>();
  const fs::path environment = config.parent_path() / "environment.json";
  runs.evaluations.push_back({folder.string(), folder.string(), read_file(config), config_number(config, "seed"),
                              config_number(config, "training_length"), cells,
                              finished || fs::exists(environment) ? read_environment(environment) : Environment(), traces_in(folder / "traces"),
                              unfinished_of(folder, cells), evaluation_checksums(folder / "inputs")});
}

bool is_evaluation(const fs::path& folder) {
  if (fs::exists(folder / "results.json")) return true;
  return (fs::is_directory(folder / "inputs") || fs::is_directory(folder / "shards")) && fs::exists(evaluation_config(folder));
}

void read_folder(const fs::path& folder, Runs& runs) {
  const std::string name = folder.string();
  if (fs::exists(folder / "metrics.jsonl")) read_training(folder, runs);
  if (is_evaluation(folder)) read_evaluation(folder, runs);
  if (fs::exists(folder / "manifest.json")) {
    const Json manifest = read_object(folder / "manifest.json");
    runs.data.push_back({name, name, read_file(folder / "config.yaml"), manifest.dump(2), data_checksums(manifest)});
  }
  const std::vector<TrainBench> benches = read_benches(folder);
  runs.benches.insert(runs.benches.end(), benches.begin(), benches.end());
}

// Folders of which a run may hold thousands of files, and no run of their own.
bool is_inside_of_a_run(const fs::path& folder) {
  static const std::set<std::string> names = {"checkpoints", "traces", "pred",   "waves", "shards",
                                              "inputs",      "tokens", "events", "tokenizer"};
  return names.contains(folder.filename().string());
}

// Of the folders step-N of a watch, which hold the same evaluation of one checkpoint after another, all but the newest.
std::set<std::string> earlier_steps(const std::vector<std::string>& folders) {
  std::vector<std::string> steps;
  for (const std::string& folder : folders) {
    if (fs::exists(fs::path(folder) / "watched.json") && fs::exists(fs::path(folder) / "results.json")) steps.push_back(folder);
  }
  std::ranges::sort(steps, {}, [](const std::string& name) { return std::pair(name.size(), name); });  // step-9, step-10
  if (!steps.empty()) steps.pop_back();
  return {steps.begin(), steps.end()};
}

void search(const fs::path& folder, int depth, std::set<fs::path>& seen, Runs& runs) {
  if (!seen.insert(fs::canonical(folder)).second) return;
  read_folder(folder, runs);
  if (depth == 0) return;
  const std::vector<std::string> folders = folders_in(folder);
  const std::set<std::string> earlier = earlier_steps(folders);
  for (const std::string& inner : folders)
    if (!is_inside_of_a_run(inner) && !earlier.contains(inner))
      search(inner, depth - 1, seen, runs);
}

// Shortens names to what comes after the folder that all have in common.
void name_folders(Runs& runs) {
  std::vector<std::string*> names;
  for (TrainingFolder& run : runs.trainings) names.push_back(&run.name);
  for (EvaluationFolder& run : runs.evaluations) names.push_back(&run.name);
  for (DataFolder& run : runs.data) names.push_back(&run.name);
  if (names.empty()) return;
  fs::path above = fs::path(*names.front()).parent_path();
  const auto inside = [&](const std::string* name) {
    return !fs::path(*name).lexically_relative(above).string().starts_with("..");
  };
  while (!above.empty() && above != above.root_path() &&
         !std::all_of(names.begin(), names.end(), inside))
    above = above.parent_path();
  if (above.empty() || above == above.root_path()) return;
  for (std::string* name : names)
    if (const fs::path shorter = fs::path(*name).lexically_relative(above); shorter != ".")
      *name = shorter.string();
}

}  // namespace

Runs find_runs(const std::vector<std::string>& folders) {
  Runs runs;
  std::set<fs::path> seen;
  const auto found = [&] {
    return runs.trainings.size() + runs.evaluations.size() + runs.data.size() + runs.benches.size();
  };
  for (const std::string& folder : folders) {
    if (!fs::is_directory(folder)) fail(folder, "is not a folder");
    const size_t before = found();
    fs::path path = fs::path(folder).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();  // "runs/" is "runs"
    const bool again = seen.contains(fs::canonical(path));
    search(path, kDepth, seen, runs);
    if (found() == before && !again)
      fail(folder,
           "holds no training run (metrics.jsonl), evaluation (results.json), data set "
           "(manifest.json) or timing (bench*.json)");
  }
  if (found() == 0) fail("report", "no folders were given");
  name_folders(runs);
  return runs;
}

}  // namespace smooth
