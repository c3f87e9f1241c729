#include "eval/report/provenance.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

namespace smooth {
namespace {

using Blocks = std::vector<Block>;

std::string commands(const Runs& runs, const std::string& report) {
  std::string text;
  const auto add = [&](const char* verb, const std::string& config) { text += fmt::format("./smooth {} {}\n", verb, shell_quoted(config)); };
  for (const DataFolder& data : runs.data) add("data build", data.folder + "/config.yaml");
  for (const TrainingFolder& run : runs.trainings) add("train", run.folder + "/config.yaml");
  for (const EvaluationFolder& run : runs.evaluations) add("eval", evaluation_config(run.folder).string());
  return text + report + "\n";
}

// Runs with the same environment share a table.
void add_environments(const Runs& runs, Blocks& blocks) {
  std::vector<std::pair<Environment, std::string>> groups;
  const auto add = [&](const auto& run) {
    if (run.environment.empty()) return;
    auto group = std::ranges::find_if(groups, [&](const auto& g) { return g.first == run.environment; });
    if (group == groups.end()) {
      groups.emplace_back(run.environment, run.name);
    } else {
      group->second += ", " + run.name;
    }
  };
  for (const TrainingFolder& run : runs.trainings) add(run);
  for (const EvaluationFolder& run : runs.evaluations) add(run);
  int64_t number = 1;
  for (const auto& [environment, names] : groups) {
    Table table{fmt::format("Versions and machine of {}.", names),
                {"what", "value"},
                2,
                {},
                number == 1 ? "environment" : fmt::format("environment-{}", number)};
    ++number;
    for (const auto& [key, value] : environment) table.add({key, value});
    blocks.push_back(std::move(table));
  }
}

void add_seeds(const Runs& runs, Blocks& blocks) {
  std::string seeds;
  const auto add = [&](const auto& run) { seeds += fmt::format("{}{} {}", seeds.empty() ? "" : ", ", run.name, run.seed); };
  for (const TrainingFolder& run : runs.trainings) add(run);
  for (const EvaluationFolder& run : runs.evaluations) add(run);
  if (!seeds.empty()) blocks.push_back(Prose{"Seeds: " + seeds + "."});
}

void add_checksums(const Runs& runs, Blocks& blocks) {
  Table table{"What the runs were made from and what they read, by the checksums (FNV-1a, 64 bit) that they left.",
              {"run", "of", "checksum"},
              3,
              {},
              "checksums",
              "Checksums"};
  const auto add = [&](const auto& run) {
    for (const Checksum& checksum : run.checksums) table.add({run.name, checksum.of, checksum.sum});
  };
  for (const DataFolder& run : runs.data) add(run);
  for (const TrainingFolder& run : runs.trainings) add(run);
  for (const EvaluationFolder& run : runs.evaluations) add(run);
  if (!table.rows.empty()) blocks.push_back(std::move(table));
}

}  // namespace

std::vector<Block> provenance_blocks(const Runs& runs, const std::string& report) {
  Blocks blocks = {Heading{"To run it again"},
                   Prose{"Each folder's `config.yaml` is resolved: it holds every value, defaults included. Give `--set out=...` or `--set run=...` "
                         "a new folder to keep what is there."},
                   Listing{"", commands(runs, report)}};
  add_seeds(runs, blocks);
  add_environments(runs, blocks);
  add_checksums(runs, blocks);
  for (const TrainBench& bench : runs.benches)
    blocks.push_back(Prose{fmt::format("Timed: `{}`, {} at {} tokens on {}.", bench.file, bench.name(), bench.prompt, bench.device)});
  for (const TrainingFolder& run : runs.trainings) blocks.push_back(Listing{run.name + "/config.yaml", run.config});
  for (const EvaluationFolder& run : runs.evaluations) blocks.push_back(Listing{run.name + "/config.yaml", run.config});
  for (const DataFolder& data : runs.data) {
    blocks.push_back(Listing{data.name + "/config.yaml", data.config});
    blocks.push_back(Listing{data.name + "/manifest.json", data.manifest});
  }
  return blocks;
}

std::string shell_quoted(const std::string& word) {
  const auto plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || std::string("/._-+=:,@%").find(c) != std::string::npos; };
  if (!word.empty() && std::ranges::all_of(word, plain)) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

}  // namespace smooth
