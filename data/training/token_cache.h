// The training data as token ids, in a folder that is mapped into memory: a run holds what it reads, however large the set is.
//
//   ids.bin        a word a token (data/batch.h): its id, the top bit set where it is a target
//   documents.bin  where each document ends, its first target, its checksum
//   samples.bin    where each sample ends, and where it stands: file and line
//   names.bin      the samples' ids, end to end
//   manifest.json  what all this was made from, counts, checksums. Written last: what has no manifest is no cache.
//
// Numbers are those of the machine, little-endian on all that this runs on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/batch.h"
#include "data/training/mapped_file.h"

namespace smooth {

// One transcript: a document for smooth and one-step reading, one per chunk for unsmooth reading.
struct Sample {
  std::string id;
  std::vector<Example> documents;
  int64_t file = 0, line = 0;  // the file by number, the line from 1
};

class TokenCache {
 public:
  // `made_from`: what the cache has to be made from, as JSON; `files`: names for messages. Throws naming the file that is not as
  // the manifest says: all but the ids are checked by checksum here, the ids by size, and each document when it is read.
  TokenCache(const std::filesystem::path& folder, const std::string& made_from, std::vector<std::string> files);

  int64_t num_samples() const { return static_cast<int64_t>(samples().size()); }
  int64_t num_documents() const { return static_cast<int64_t>(documents().size()); }
  int64_t num_tokens() const { return static_cast<int64_t>(ids_.as<uint32_t>().size()); }

  const std::filesystem::path& folder() const { return folder_; }
  std::string id(int64_t sample) const;
  std::string place(int64_t sample) const;                   // FILE:LINE
  int64_t begin(int64_t sample) const;                       // its first document
  int64_t end(int64_t sample) const { return samples()[sample].end; }
  int64_t sample_of(int64_t document) const;

  int64_t length(int64_t document) const;
  bool has_target(int64_t document, int64_t length) const { return documents()[document].first_target < length; }  // in its first tokens
  std::span<const uint32_t> tokens(int64_t document) const;  // lie in the mapping; throws when they are damaged
  // After a step: pages that were read are no longer held.
  void release() const { ids_.release(); }

  // As they lie in the files.
  struct Document {
    int64_t end;           // in ids.bin
    int64_t first_target;  // not its first token, which is predicted from nothing; beyond its end if there is none
    uint64_t checksum;
  };
  struct Row {
    int64_t end;       // in documents.bin
    int64_t name_end;  // in names.bin
    int64_t file, line;
  };

 private:
  std::span<const Document> documents() const { return documents_.as<Document>(); }
  std::span<const Row> samples() const { return samples_.as<Row>(); }
  void check(const std::string& made_from) const;

  std::filesystem::path folder_;
  std::vector<std::string> files_;
  MappedFile ids_, documents_, samples_, names_;
};

inline constexpr const char* kCacheManifest = "manifest.json";
inline constexpr int64_t kCacheFormat = 1;  // of the files: part of what a cache is made from, so that another one is another cache

// Writes a cache of what `next` gives, to its end, into a folder whose lock is held and that has no manifest. Memory holds one sample.
void write_cache(const std::filesystem::path& folder, const std::string& made_from, const std::function<std::optional<Sample>()>& next);

}  // namespace smooth
