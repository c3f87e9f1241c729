#include "data/overlap.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

#include "data/scores/longbench.h"
#include "data/scores/python_text.h"
#include "data/sources/formats.h"
#include "data/tokenizers/utf8.h"

namespace smooth {
namespace fs = std::filesystem;

namespace {

constexpr size_t kWords = 13;
constexpr int64_t kMaxFieldBytes = 64 << 20;
constexpr int kLeadingBits = 20;

bool is_ascii_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

// Bytes of the word character at `at`; 0 if there is none.
size_t word_character(std::string_view text, size_t at) {
  if (static_cast<uint8_t>(text[at]) < 128) return is_ascii_word(text[at]) ? 1 : 0;
  size_t next = at;
  return is_word(next_character(text, next)) ? next - at : 0;
}

// FNV-1a of small letters, then the finaliser of SplitMix64: every bit of a word moves every bit of its hash.
uint64_t mixed(uint64_t hash) {
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9U;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebU;
  return hash ^ (hash >> 31);
}
uint64_t hash_bytes(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : bytes) hash = (hash ^ static_cast<uint8_t>(c >= 'A' && c <= 'Z' ? c + 32 : c)) * 0x100000001b3U;
  return mixed(hash);
}
uint64_t hash_word(std::string_view word) {
  const bool ascii = std::all_of(word.begin(), word.end(), [](char c) { return static_cast<uint8_t>(c) < 128; });
  return ascii ? hash_bytes(word) : hash_bytes(lower(word));
}

// H_i = sum_j h_{i-j} B^j over the last 13 words, modulo 2^64, B odd.
class Rolling {
 public:
  // True once there are 13 words.
  bool push(uint64_t word) {
    uint64_t& oldest = ring_[words_ % kWords];
    hash_ = (hash_ - oldest * power()) * kBase + word;
    oldest = word;
    return ++words_ >= kWords;
  }
  uint64_t hash() const { return mixed(hash_); }
  size_t words() const { return words_; }

 private:
  static constexpr uint64_t kBase = 0x9e3779b97f4a7c15U;
  static constexpr uint64_t power() {  // B^12
    uint64_t value = 1;
    for (size_t i = 1; i < kWords; ++i) value *= kBase;
    return value;
  }
  std::array<uint64_t, kWords> ring_{};
  uint64_t hash_ = 0;
  size_t words_ = 0;
};

// use(hash) of every 13-gram of a text. Gives back its last words: all, where it has fewer than 13.
template <class Use>
Rolling each_ngram(std::string_view text, const Use& use) {
  Rolling rolling;
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    for (size_t bytes; end < text.size() && (bytes = word_character(text, end)) > 0;) end += bytes;
    if (end == at) {
      next_character(text, at);
      continue;
    }
    if (rolling.push(hash_word(text.substr(at, end - at)))) use(rolling.hash());
    at = end;
  }
  return rolling;
}

// The same of a question with its first answer, and of the whole where it has fewer than 13 words and asks anything at all.
template <class Use>
void each_of_question(const std::string& question, const std::vector<std::string>& answers, const Use& use) {
  const Rolling all = each_ngram(question + "\n" + (answers.empty() ? "" : answers[0]), use);
  if (all.words() < kWords && each_ngram(question, [](uint64_t) {}).words() > 0) use(all.hash());
}

// TASK.jsonl and TASK_e.jsonl.
bool is_longbench(const fs::path& file) {
  std::string name = file.stem().string();
  if (name.ends_with("_e")) name.resize(name.size() - 2);
  return file.extension() == ".jsonl" && find_longbench_task(name) != nullptr;
}

// What LongBench has more samples of than there are, by the names of files without their ending.
std::vector<std::string> lacking(const std::map<std::string, int64_t>& samples) {
  std::vector<std::string> names;
  const auto check = [&](const std::string& name, int64_t all) {
    const auto found = samples.find(name);
    const int64_t there = found == samples.end() ? 0 : found->second;
    if (there < all) names.push_back(fmt::format("{}: {} of {}", name, there, all));
  };
  for (const LongBenchTask& task : longbench_tasks()) {
    check(task.name, task.samples);
    check(task.name + std::string("_e"), task.total_e());
  }
  return names;
}

}  // namespace

void HashSet::seal() {
  std::sort(hashes_.begin(), hashes_.end());
  hashes_.erase(std::unique(hashes_.begin(), hashes_.end()), hashes_.end());
  hashes_.shrink_to_fit();
  begins_.assign((size_t{1} << kLeadingBits) + 1, 0);
  for (const uint64_t hash : hashes_) ++begins_[(hash >> (64 - kLeadingBits)) + 1];
  for (size_t i = 1; i < begins_.size(); ++i) begins_[i] += begins_[i - 1];
}

bool HashSet::contains(uint64_t hash) const {
  const size_t leading = hash >> (64 - kLeadingBits);
  return std::binary_search(hashes_.begin() + begins_[leading], hashes_.begin() + begins_[leading + 1], hash);
}

std::map<std::string, int64_t> benchmark_files(const fs::path& folder) {
  std::map<std::string, int64_t> files;
  if (fs::is_directory(folder)) {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder, fs::directory_options::follow_directory_symlink)) {
      if (entry.is_regular_file() && is_longbench(entry.path())) files[entry.path().lexically_relative(folder).string()] = static_cast<int64_t>(entry.file_size());
    }
  }
  if (files.empty()) {
    throw std::runtime_error(folder.string() + ": expected a folder with LongBench's files, e.g. hotpotqa.jsonl; found none. Unpack its data.zip there");
  }
  return files;
}

Benchmark::Benchmark(const fs::path& folder) {
  BadRows bad(/*skip=*/false);
  std::map<std::string, int64_t> samples;
  for (const auto& [name, bytes] : benchmark_files(folder)) {
    const fs::path file = folder / name;
    Intake intake(file.string(), kMaxFieldBytes, bad, [&](Record& record) {
      each_of_question(text_field(record, "input"), texts_field(record, "answers"), [&](uint64_t hash) { questions_.add(hash); });
      each_ngram(text_field(record, "context"), [&](uint64_t hash) { contexts_.add(hash); });
      ++samples_;
      ++samples[file.stem().string()];
      return true;
    });
    read_records(file, {}, "", intake);
  }
  incomplete_ = lacking(samples);
  questions_.seal();
  contexts_.seal();
}

Overlap Benchmark::of(const Task& task) const {
  int64_t asked = 0, asked_there = 0, read = 0, read_there = 0;
  each_of_question(task.question, task.answers, [&](uint64_t hash) {
    ++asked;
    asked_there += questions_.contains(hash);
  });
  each_ngram(task.context, [&](uint64_t hash) {
    ++read;
    read_there += contexts_.contains(hash) || questions_.contains(hash);
  });
  const auto share = [](int64_t part, int64_t all) { return all == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(all); };
  return {.question = share(asked_there, asked), .context = share(read_there, read)};
}

}  // namespace smooth
