#include "data/training/made_with.h"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "configs/run.h"

namespace smooth {
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

std::map<std::string, std::string> checksums(const fs::path& folder) {
  std::map<std::string, std::string> sums;
  for (const fs::path file : tokenizer_files(folder)) sums[file.filename()] = checksum_file(file);
  return sums;
}

// What says that two folders hold different tokenizers; empty if nothing does.
std::string difference(const fs::path& set, const fs::path& run) {
  const auto of_set = checksums(set), of_run = checksums(run);
  bool vocabulary = false;
  for (const auto& [name, sum] : of_set) {
    const auto found = of_run.find(name);
    if (found == of_run.end()) continue;
    if (found->second != sum) return "their " + name + " differ";
    vocabulary = vocabulary || (name != "tokenizer_config.json" && name != "added_tokens.json");
  }
  return vocabulary ? "" : "they have no file of a vocabulary in common";
}

[[noreturn]] void refuse(const fs::path& set, const std::string& what, const std::string& instead) {
  throw std::runtime_error(set.string() + ": " + what + "; " + instead + ", build the set anew, or accept it with data.other_tokenizer: accept");
}

void check_tokenizer(const fs::path& set, const json& manifest, const TrainDataConfig& config, const Tokenizer& tokenizer) {
  const fs::path folder = (set / manifest.at("tokenizer").get<std::string>()).lexically_normal();
  const bool there = fs::exists(folder);
  if (there && fs::equivalent(folder, config.tokenizer)) return;
  std::string what = there ? difference(folder, config.tokenizer) : "";
  const int64_t tokens = manifest.value("vocab_size", tokenizer.vocab_size());
  if (what.empty() && tokens != tokenizer.vocab_size()) what = fmt::format("they know {} and {} tokens", tokens, tokenizer.vocab_size());
  if (what.empty() && !there) {
    note(set.string() + ": the tokenizer that it was made with, " + folder.string() + ", is not there to be compared with data.tokenizer");
  }
  if (what.empty()) return;
  refuse(set, fmt::format("was made with the tokenizer in {}, data.tokenizer is {}: {}", folder.string(), config.tokenizer, what),
         "train with data.tokenizer: " + folder.string());
}

// Without a limit no sample depends on the template. Sets from before the limit was in the manifest do not tell.
void check_template(const fs::path& set, const json& manifest, const TrainDataConfig& config) {
  const int64_t limit = manifest.value("max_sample_tokens", int64_t{0});
  const std::string chat_template = manifest.value("chat_template", config.chat_template);
  if (limit == 0 || chat_template == config.chat_template) return;
  constexpr auto what = "its samples were limited to {} tokens as chat template {} lays them out, data.chat_template is {}";
  refuse(set, fmt::format(what, limit, chat_template, config.chat_template), "train with data.chat_template: " + chat_template);
}

}  // namespace

void check_made_with(const TrainDataConfig& config, const Tokenizer& tokenizer) {
  if (config.other_tokenizer == "accept") return;
  std::set<fs::path> sets;
  for (const fs::path file : config.files) sets.insert(file.parent_path());
  for (const fs::path& set : sets) {
    const fs::path file = set / "manifest.json";
    const json manifest = fs::exists(file) ? json::parse(read_file(file), nullptr, false) : json();
    if (!manifest.is_object() || !manifest.contains("tokenizer") || !manifest.at("tokenizer").is_string()) continue;  // no set of `data build`
    check_tokenizer(set, manifest, config, tokenizer);
    check_template(set, manifest, config);
  }
}

}  // namespace smooth
