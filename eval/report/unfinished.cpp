#include "eval/report/unfinished.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "configs/document.h"
#include "configs/run.h"
#include "data/scores/longbench.h"
#include "eval/report/lines.h"

namespace smooth {
namespace {

namespace fs = std::filesystem;

// The config is not loaded as a whole: a report understands folders that another version of the program left, as far as it needs.
std::string text_of(const Item& map, const char* key) {
  const Item* item = map.find(key);
  return item != nullptr && item->kind == Item::Kind::scalar ? item->text : "";
}

int64_t number_of(const Item& item, const char* key) {
  int64_t value = 0;
  const char* end = item.text.data() + item.text.size();
  if (item.kind != Item::Kind::scalar || std::from_chars(item.text.data(), end, value).ptr != end || item.text.empty()) {
    throw std::runtime_error(fmt::format("{}: {}: expected a whole number, got {}", item.place, key, describe(item)));
  }
  return value;
}

std::vector<int64_t> numbers_of(const Item& map, const char* key) {
  std::vector<int64_t> numbers;
  const Item* list = map.find(key);
  if (list == nullptr) return numbers;
  for (const Item& item : list->items) numbers.push_back(number_of(item, key));
  return numbers;
}

struct Wanted {
  std::string model, dataset;     // dataset: LongBench's task
  std::optional<int64_t> length;  // of needles
  std::optional<int64_t> samples;

  bool is(const Cell& cell) const { return cell.model == model && (length ? cell.length == length : cell.dataset == dataset); }
  std::string name() const { return length ? fmt::format("{} at {}", model, *length) : model + " on " + dataset; }
  std::string file() const { return file_name(model) + (length ? "." + std::to_string(*length) : "/" + dataset) + ".jsonl"; }
};

std::vector<std::string> tasks_of(const Item& longbench) {
  std::vector<std::string> tasks;
  if (const Item* given = longbench.find("tasks")) {
    for (const Item& task : given->items) tasks.push_back(task.text);
  }
  if (!tasks.empty()) return tasks;
  const bool e = text_of(longbench, "e") == "true";
  for (const LongBenchTask& task : longbench_tasks()) {
    if (!e || task.total_e() > 0) tasks.emplace_back(task.name);
  }
  return tasks;
}

void add_longbench(const std::string& model, const Item& longbench, std::vector<Wanted>& wanted) {
  const Item* samples = longbench.find("samples");
  const bool limited = samples != nullptr && samples->kind == Item::Kind::scalar && samples->text != "null";
  for (const std::string& task : tasks_of(longbench))
    wanted.push_back({model, task, {}, limited ? std::optional(number_of(*samples, "samples")) : std::nullopt});
}

std::vector<Wanted> wanted_of(const Item& config) {
  std::vector<Wanted> wanted;
  const Item* models = config.find("models");
  if (models == nullptr) return wanted;
  const std::vector<int64_t> lengths = numbers_of(config, "lengths");
  const Item* samples = config.find("samples");
  for (const Item& model : models->items) {
    const std::string name = text_of(model, "name");
    const Item* longbench = config.find("longbench");
    if (text_of(config, "benchmark") == "longbench" && longbench != nullptr) {
      add_longbench(name, *longbench, wanted);
      continue;
    }
    const std::vector<int64_t> own = numbers_of(model, "lengths");
    for (const int64_t length : own.empty() ? lengths : own)
      wanted.push_back({name, "", length, samples != nullptr ? std::optional(number_of(*samples, "samples")) : std::nullopt});
  }
  return wanted;
}

std::vector<fs::path> shards_of(const fs::path& folder) {
  std::vector<fs::path> shards;
  if (!fs::is_directory(folder / "shards")) return shards;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder / "shards")) shards.push_back(entry.path());
  std::ranges::sort(shards);
  return shards;
}

int64_t lines_in(const fs::path& file) {
  if (!fs::exists(file)) return 0;
  const std::string text = read_file(file);
  return std::count(text.begin(), text.end(), '\n');
}

}  // namespace

std::string Unfinished::text() const {
  if (lacking.empty()) return "";
  std::string out = fmt::format("has {} of {} cells", finished, cells);
  int64_t waiting = 0;
  for (const UnfinishedCell& cell : lacking) {
    if (cell.done == 0) {
      ++waiting;
    } else {
      out += fmt::format("; {} has {}{} tasks", cell.name, cell.done, cell.wanted ? fmt::format(" of {}", *cell.wanted) : "");
    }
  }
  if (waiting > 0) out += fmt::format("; {} {} not begun", waiting, waiting == 1 ? "has" : "have");
  if (shards > 0) out += fmt::format("; {} {} not merged (`./smooth eval CONFIG --merge`)", shards, shards == 1 ? "shard is" : "shards are");
  return out;
}

fs::path evaluation_config(const fs::path& folder) {
  const std::vector<fs::path> shards = shards_of(folder);
  return fs::exists(folder / "config.yaml") || shards.empty() ? folder / "config.yaml" : shards.front() / "config.yaml";
}

Unfinished unfinished_of(const fs::path& folder, const std::vector<Cell>& results) {
  Unfinished unfinished;
  const fs::path config = evaluation_config(folder);
  if (!fs::exists(config)) return unfinished;
  std::vector<fs::path> folders = shards_of(folder);
  unfinished.shards = std::ssize(folders);
  folders.push_back(folder);
  for (const Wanted& wanted : wanted_of(read_document(config.string()))) {
    ++unfinished.cells;
    if (std::ranges::any_of(results, [&](const Cell& cell) { return wanted.is(cell); })) {
      ++unfinished.finished;
      continue;
    }
    UnfinishedCell cell{wanted.name(), 0, wanted.samples};
    for (const fs::path& part : folders) cell.done += lines_in(part / "pred" / wanted.file());
    unfinished.lacking.push_back(std::move(cell));
  }
  return unfinished;
}

}  // namespace smooth
