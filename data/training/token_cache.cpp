#include "data/training/token_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "configs/run.h"

namespace smooth {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

constexpr const char* kIds = "ids.bin";
constexpr const char* kDocuments = "documents.bin";
constexpr const char* kSamples = "samples.bin";
constexpr const char* kNames = "names.bin";

// FNV-1a by words instead of bytes. Each step is one to one, so a single damaged word is always seen.
uint64_t checksum_of(std::span<const uint32_t> tokens) {
  uint64_t hash = 14695981039346656037u;
  for (const uint32_t token : tokens) hash = (hash ^ token) * 1099511628211u;
  return hash;
}

std::vector<uint32_t> words_of(const Example& document) {
  std::vector<uint32_t> words(document.ids.size());
  for (size_t t = 0; t < words.size(); ++t) {
    const int64_t id = document.ids[t];
    if (id < 0 || id >= kTargetBit) throw std::runtime_error(fmt::format("expected token ids from 0 to {}, got {}", kTargetBit - 1, id));
    words[t] = static_cast<uint32_t>(id) | (document.target[t] ? kTargetBit : 0);
  }
  return words;
}

int64_t first_target(std::span<const uint32_t> tokens) {
  for (size_t t = 1; t < tokens.size(); ++t) {
    if ((tokens[t] & kTargetBit) != 0) return static_cast<int64_t>(t);
  }
  return std::numeric_limits<int64_t>::max();
}

template <class T>
std::string_view bytes_of(std::span<const T> items) {
  return {reinterpret_cast<const char*>(items.data()), items.size_bytes()};
}

// Files that grow side by side, each written beside its place and renamed.
void write_together(const fs::path& folder, std::span<const char* const> names, std::vector<Append>& files, const std::function<void()>& produce) {
  if (names.empty()) return produce();
  write_file(folder / names[0], [&](const Append& append) {
    files.push_back(append);
    write_together(folder, names.subspan(1), files, produce);
  });
}

struct Counts {
  int64_t samples = 0, documents = 0, tokens = 0, name_bytes = 0;
};

void append_sample(const Sample& sample, const std::vector<Append>& files, Counts& counts) {
  std::vector<TokenCache::Document> documents;
  for (const Example& document : sample.documents) {
    const std::vector<uint32_t> words = words_of(document);
    files[0](bytes_of(std::span(words)));
    counts.tokens += static_cast<int64_t>(words.size());
    documents.push_back({counts.tokens, first_target(words), checksum_of(words)});
  }
  counts.documents += static_cast<int64_t>(documents.size());
  counts.name_bytes += static_cast<int64_t>(sample.id.size());
  counts.samples += 1;
  const TokenCache::Row row = {counts.documents, counts.name_bytes, sample.file, sample.line};
  files[1](bytes_of(std::span<const TokenCache::Document>(documents)));
  files[2](bytes_of(std::span(&row, 1)));
  files[3](sample.id);
}

// The manifest with its own checksum as its last field.
std::string sealed(Json manifest) {
  manifest["checksum"] = checksum(manifest.dump());
  return manifest.dump(2) + "\n";
}

[[noreturn]] void damaged(const fs::path& file, const std::string& what) { throw std::runtime_error(file.string() + ": " + what); }

Json read_manifest(const fs::path& file) {
  const std::string text = read_file(file);
  Json manifest = Json::parse(text, nullptr, false);
  if (!manifest.is_object()) damaged(file, "is no manifest of a token cache");
  manifest.erase("checksum");
  if (sealed(manifest) != text) damaged(file, "is damaged: its checksum is another");
  return manifest;
}

void check_size(const fs::path& file, size_t bytes, int64_t items, size_t item) {
  const size_t expected = static_cast<size_t>(items) * item;
  if (bytes != expected) damaged(file, fmt::format("has {} bytes, the manifest says {}", bytes, expected));
}

}  // namespace

void write_cache(const fs::path& folder, const std::string& made_from, const std::function<std::optional<Sample>()>& next) {
  const std::vector<const char*> names = {kIds, kDocuments, kSamples, kNames};
  std::vector<Append> files;
  Counts counts;
  write_together(folder, names, files, [&] {
    while (const std::optional<Sample> sample = next()) append_sample(*sample, files, counts);
  });
  Json manifest = {{"made_from", Json::parse(made_from)}, {"samples", counts.samples}, {"documents", counts.documents}, {"tokens", counts.tokens},
                   {"name_bytes", counts.name_bytes}, {"checksums", Json::object()}};
  for (const char* name : {kDocuments, kSamples, kNames}) manifest["checksums"][name] = checksum_file(folder / name);
  write_file(folder / kCacheManifest, sealed(manifest));
}

TokenCache::TokenCache(const fs::path& folder, const std::string& made_from, std::vector<std::string> files)
    : folder_(folder), files_(std::move(files)), ids_(folder / kIds), documents_(folder / kDocuments), samples_(folder / kSamples),
      names_(folder / kNames) {
  check(made_from);
}

void TokenCache::check(const std::string& made_from) const {
  const fs::path file = folder_ / kCacheManifest;
  const Json manifest = read_manifest(file);
  if (manifest.value("made_from", Json()) != Json::parse(made_from)) damaged(file, "is of other data, tokenizer, chat template or loss");
  check_size(folder_ / kIds, ids_.size(), manifest.at("tokens"), sizeof(uint32_t));
  check_size(folder_ / kDocuments, documents_.size(), manifest.at("documents"), sizeof(Document));
  check_size(folder_ / kSamples, samples_.size(), manifest.at("samples"), sizeof(Row));
  check_size(folder_ / kNames, names_.size(), manifest.at("name_bytes"), 1);
  const std::vector<std::pair<const char*, const MappedFile*>> whole = {{kDocuments, &documents_}, {kSamples, &samples_}, {kNames, &names_}};
  for (const auto& [name, mapped] : whole) {  // as mapped: another process may be replacing the files
    const std::string sum = checksum(bytes_of(mapped->as<char>()));
    if (manifest.at("checksums").at(name) != Json(sum)) damaged(folder_ / name, "is damaged: its checksum is not the manifest's");
  }
}

std::string TokenCache::id(int64_t sample) const {
  const int64_t begin = sample > 0 ? samples()[sample - 1].name_end : 0, end = samples()[sample].name_end;
  return {names_.as<char>().data() + begin, static_cast<size_t>(end - begin)};
}

std::string TokenCache::place(int64_t sample) const {
  const Row& row = samples()[sample];
  return files_.at(static_cast<size_t>(row.file)) + ":" + std::to_string(row.line);
}

int64_t TokenCache::begin(int64_t sample) const { return sample > 0 ? samples()[sample - 1].end : 0; }

int64_t TokenCache::sample_of(int64_t document) const {
  const auto found = std::upper_bound(samples().begin(), samples().end(), document, [](int64_t number, const Row& row) { return number < row.end; });
  return found - samples().begin();
}

int64_t TokenCache::length(int64_t document) const { return documents()[document].end - (document > 0 ? documents()[document - 1].end : 0); }

std::span<const uint32_t> TokenCache::tokens(int64_t document) const {
  const Document& row = documents()[document];
  const int64_t count = length(document);
  const auto tokens = ids_.as<uint32_t>().subspan(static_cast<size_t>(row.end - count), static_cast<size_t>(count));
  if (checksum_of(tokens) == row.checksum) return tokens;
  const int64_t sample = sample_of(document);
  const std::string advice = "delete " + folder_.string() + " to have it made again";
  damaged(folder_ / kIds, fmt::format("is damaged in sample {} ({}): its checksum is another; {}", id(sample), place(sample), advice));
}

}  // namespace smooth
