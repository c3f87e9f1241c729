// How far an evaluation is that has not finished.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "eval/cell.h"

namespace smooth {

// A cell that results.json lacks.
struct UnfinishedCell {
  std::string name;               // "swa-SR at 2048", "swa-SR on hotpotqa"
  int64_t done = 0;               // predictions there, in its folder and those of its shards
  std::optional<int64_t> wanted;  // not known of LongBench unless its config limits them
};

struct Unfinished {
  int64_t cells = 0, finished = 0;      // that its config.yaml asks for, and those of results.json
  std::vector<UnfinishedCell> lacking;  // in the config's order
  int64_t shards = 0;                   // that have begun and are not merged

  // "has 5 of 12 cells; swa-SR at 2048 has 37 of 100 tasks; 6 have not begun"; empty where nothing is lacking.
  std::string text() const;
};

// config.yaml of an evaluation's folder, or of its first shard before they are merged.
std::filesystem::path evaluation_config(const std::filesystem::path& folder);

// From a folder's config.yaml, its predictions and the cells of its results.json. A config without `models` asks for nothing. Throws naming
// place and key of what it cannot understand.
Unfinished unfinished_of(const std::filesystem::path& folder, const std::vector<Cell>& results);

}  // namespace smooth
