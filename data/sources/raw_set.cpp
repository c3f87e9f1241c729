#include "data/sources/raw_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "data/sources/formats.h"

namespace smooth {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 6> kReadable = {".parquet", ".jsonl", ".json", ".csv", ".label", ".txt"};
constexpr std::array<const char*, 6> kOtherSplits = {"test", "dev", "val", "valid", "validation", "eval"};

// "distractor/Train-00000-of-00002.parquet" -> distractor, train, 00000, of, 00002, parquet
std::set<std::string> words_of(const fs::path& path) {
  std::set<std::string> words;
  std::string word;
  for (const char c : path.generic_string() + "/") {
    if (std::isalnum(static_cast<unsigned char>(c))) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!word.empty()) {
      words.insert(std::exchange(word, ""));
    }
  }
  return words;
}

bool is_other_split(const std::set<std::string>& words) {
  if (words.contains("trec") && words.contains("10")) return true;
  return std::any_of(kOtherSplits.begin(), kOtherSplits.end(), [&](const char* split) { return words.contains(split); });
}

bool is_readable(const fs::path& file) {
  return std::find(kReadable.begin(), kReadable.end(), file.extension()) != kReadable.end();
}

}  // namespace

std::vector<fs::path> training_files(const fs::path& path) {
  if (!fs::exists(path)) {
    throw std::runtime_error(path.string() + ": there is no such file or folder; ./smooth data fetch ROW says how to get a row's raw set");
  }
  if (!fs::is_directory(path)) {
    if (is_other_split(words_of(path.filename()))) {
      throw std::runtime_error(path.string() + ": by its name this is no training split; training sets are built from those alone");
    }
    return {path};
  }
  std::vector<fs::path> files, named;
  for (fs::recursive_directory_iterator at(path); at != fs::recursive_directory_iterator(); ++at) {
    const fs::directory_entry& entry = *at;
    if (entry.path().filename() == "evidence") at.disable_recursion_pending();  // TriviaQA's texts, looked up by name
    const std::set<std::string> words = words_of(entry.path().lexically_relative(path));
    if (!entry.is_regular_file() || !is_readable(entry.path()) || is_other_split(words)) continue;
    files.push_back(entry.path());
    if (words.contains("train")) named.push_back(entry.path());
  }
  if (!named.empty()) files = named;
  if (files.empty()) {
    throw std::runtime_error(path.string() + ": no training files in it (.parquet, .jsonl, .json, .csv, .label or .txt, not of a test or "
                             "validation split); ./smooth data fetch ROW says how to get a row's raw set");
  }
  std::sort(files.begin(), files.end());
  return files;
}

RawSet::RawSet(const SourceConfig& config) : config_(config), files_(training_files(config.path)), bad_(config.bad_rows == "skip") {}

void RawSet::read(const std::vector<std::string>& columns, const Take& take, const std::string& member) {
  bool more = true;
  const Take counted = [&](Record& record) {
    more = take(record);
    ++good_;
    return more;
  };
  for (const fs::path& file : files_) {
    file_ = file;
    Intake intake(file.string(), config_.max_field_mb << 20, bad_, counted);
    read_records(file, columns, member, intake);
    if (!more) return;
  }
  if (good_ == 0) {
    throw std::runtime_error(fmt::format("{}: no good row in {} file{}{}", config_.path, files_.size(), files_.size() == 1 ? "" : "s",
                                         bad_.count() == 0 ? "; they are empty" : fmt::format(", {} bad ones; the first: {}", bad_.count(), bad_.first())));
  }
}

}  // namespace smooth
