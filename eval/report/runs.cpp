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

std::vector<std::string> sorted_entries(const fs::path& folder, bool folders) {
  std::vector<std::string> out;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (folders ? entry.is_directory() : entry.path().extension() == ".jsonl")
      out.push_back(entry.path().string());
  std::sort(out.begin(), out.end());
  return out;
}

std::string read_manifest(const fs::path& file) {
  const Json json = Json::parse(read_file(file), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) fail(file.string(), "expected a JSON object");
  return json.dump(2);
}

void read_folder(const fs::path& folder, Runs& runs) {
  const std::string name = folder.string();
  const auto config = [&] { return read_file(folder / "config.yaml"); };
  const auto seed = [&] { return config_number(folder / "config.yaml", "seed"); };
  if (fs::exists(folder / "metrics.jsonl"))
    runs.trainings.push_back({name, name, config(), seed(), read_metrics(folder / "metrics.jsonl"),
                              read_environment(folder / "environment.json"),
                              read_accuracies(folder / "accuracies.jsonl")});
  if (fs::exists(folder / "results.json")) {
    std::vector<std::string> traces;
    if (fs::exists(folder / "traces")) traces = sorted_entries(folder / "traces", false);
    runs.evaluations.push_back({name, name, config(), seed(),
                                config_number(folder / "config.yaml", "training_length"),
                                read_cells(folder / "results.json"),
                                read_environment(folder / "environment.json"), traces});
  }
  if (fs::exists(folder / "manifest.json"))
    runs.data.push_back({name, name, config(), read_manifest(folder / "manifest.json")});
}

// Folders of which a run may hold thousands of files, and no run of their own.
bool is_inside_of_a_run(const fs::path& folder) {
  static const std::set<std::string> names = {"checkpoints", "traces", "pred",   "waves",
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
  const std::vector<std::string> folders = sorted_entries(folder, true);
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
    return runs.trainings.size() + runs.evaluations.size() + runs.data.size();
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
           "holds no training run (metrics.jsonl), evaluation (results.json) or data set "
           "(manifest.json)");
  }
  if (found() == 0) fail("report", "no folders were given");
  name_folders(runs);
  return runs;
}

}  // namespace smooth
