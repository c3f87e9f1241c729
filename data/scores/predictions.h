// A file of predictions in LongBench's layout: one JSON object a line.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace smooth {

struct Prediction {
  std::string pred;
  std::vector<std::string> answers;
  std::optional<std::vector<std::string>> classes;  // none where all_classes is null
  std::optional<double> length;      // in words
  std::string id;                    // this framework's files have one
  std::string error;                 // why its reading failed, in this framework's files; empty if it did not
};

// Throws with file and line.
std::vector<Prediction> read_predictions(const std::string& file);

// A line of JSON as Python's json reads it, where a lone surrogate (half of a character, as \ud83d by itself) is a character too. It
// comes back as one for private use, which no metric tells from a surrogate.
nlohmann::json parse_line(std::string line);

std::vector<std::string> strings(const nlohmann::json& values, const std::string& what);

}  // namespace smooth
