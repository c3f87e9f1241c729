// What `./smooth bench train` told: bench*.json in a folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace smooth {

// A step of one pack: `rows` documents of `prompt` tokens.
struct TrainBench {
  std::string file, architecture, dtype, device;
  int64_t rows = 0, prompt = 0, peak_bytes = 0;
  double seconds = 0;

  std::string name() const { return architecture + ", " + dtype; }
  double seconds_per_document() const { return seconds / static_cast<double>(rows); }
};

// Of the folder's files bench*.json, in the order of their names, those of training: prefill and decode are no part of the report. Throws
// naming file and field.
std::vector<TrainBench> read_benches(const std::filesystem::path& folder);

}  // namespace smooth
