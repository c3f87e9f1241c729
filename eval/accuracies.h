// A training run's accuracies over its steps. RUN/accuracies.jsonl has a line for every checkpoint and cell that was measured.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "eval/cell.h"

namespace smooth {

struct Accuracy {
  int64_t step = 0;
  std::string model, mode, benchmark, dataset;
  std::optional<int64_t> length = {};
  int64_t n = 0;
  double score = 0, ci_low = 0, ci_high = 0;  // per cent, 95 % interval

  std::string curve() const;  // "NAME/LENGTH", with "/DATASET" behind it of needles at a distance, or "NAME/DATASET" of texts as long as they are
};

bool same_curve(const Accuracy& a, const Accuracy& b);

std::vector<Accuracy> accuracies_of(int64_t step, const std::vector<Cell>& cells);

std::string to_line(const Accuracy& accuracy);

// None where there is no file; an unfinished last line is left out. Throws naming file, line and field.
std::vector<Accuracy> read_accuracies(const std::filesystem::path& file);

// Appends what the file lacks of `measured`, each as a whole line, so that doing it again changes nothing. What the file has of the same step
// and curve with other numbers comes from another evaluation: an error, or with `replace` taken out first.
void add_accuracies(const std::filesystem::path& file, const std::vector<Accuracy>& measured, bool replace);

}  // namespace smooth
