// Token caches of samples that a test makes up, and back again.
#pragma once

#include <filesystem>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "data/training/token_cache.h"
#include "tests/configs/folder.h"

namespace smooth {

inline const std::string kMadeFrom = R"({"made_from": "nothing"})";

inline void write_samples(const std::filesystem::path& folder, const std::vector<Sample>& samples) {
  size_t next = 0;
  write_cache(folder, kMadeFrom, [&]() -> std::optional<Sample> {
    if (next == samples.size()) return {};
    return samples[next++];
  });
}

// Its files are gone when it is there: a mapping needs no name.
inline std::shared_ptr<const TokenCache> cache_of(const std::vector<Sample>& samples) {
  const TestFolder folder;
  write_samples(folder.path, samples);
  return std::make_shared<TokenCache>(folder.path, kMadeFrom, std::vector<std::string>{"first.jsonl", "second.jsonl"});
}

inline Example example_of(std::span<const uint32_t> tokens) {
  Example example;
  for (const uint32_t token : tokens) {
    example.ids.push_back(token & ~kTargetBit);
    example.target.push_back((token & kTargetBit) != 0);
  }
  return example;
}

inline std::vector<Sample> samples_of(const TokenCache& cache) {
  std::vector<Sample> samples;
  for (int64_t i = 0; i < cache.num_samples(); ++i) {
    Sample& sample = samples.emplace_back(Sample{.id = cache.id(i)});
    for (int64_t document = cache.begin(i); document < cache.end(i); ++document) sample.documents.push_back(example_of(cache.tokens(document)));
  }
  return samples;
}

// What a call says on std::cerr.
template <class Call>
std::string said_by(const Call& call) {
  struct Instead {
    std::ostringstream said;
    std::streambuf* before = std::cerr.rdbuf(said.rdbuf());
    ~Instead() { std::cerr.rdbuf(before); }
  } instead;
  call();
  return instead.said.str();
}

}  // namespace smooth
