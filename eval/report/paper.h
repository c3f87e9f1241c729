// The paper's own numbers (arXiv 2507.19353), to stand beside ours.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "eval/cell.h"

namespace smooth {

// One line of NIAH results of a 3B model trained at 32k, in per cent, at 8k, 16k, 32k, 64k, 128k
// and 256k.
struct PaperLine {
  std::string model, variant, table;  // "SWA-4k-SR", "early stop", "Table 7"
  std::array<double, 6> scores;

  // The score at a multiple of the training length: 1/4, 1/2, 1, 2, 4 or 8; nothing elsewhere.
  std::optional<double> at(double multiple) const;
  std::string name() const { return variant.empty() ? model : model + " (" + variant + ")"; }
};

inline constexpr std::array<double, 6> kPaperMultiples = {0.25, 0.5, 1, 2, 4, 8};

// The line of the same kind of model in the same mode, or nullptr where the paper has none: it
// reports neither a dense model in smooth reading nor a sliding window in unsmooth reading, and
// nothing but NIAH by length, at random depths.
const PaperLine* paper_line(const Cell& cell);

// What one queried needle at a uniform depth gives a model that sees only its window, one-step: 100
// min(1, W / length). Nothing for other modes, for dense models and for needles at a fixed distance.
std::optional<double> expected_score(const Cell& cell);

}  // namespace smooth
