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

// Table 7: smooth reading with a window, with and without early stop.
const PaperLine& paper_table7(bool early_stop);

// What one queried needle at a uniform depth gives a model that sees only its window, one-step: 100
// min(1, W / length). Nothing for other modes, for dense models and for needles at a fixed distance.
std::optional<double> expected_score(const Cell& cell);

// A line of LongBench: SQA, MQA, Summ, FewShot, Synth, Code, and their average.
struct PaperCategories {
  const char *model, *architecture, *mode;  // architecture: how ours begins
  std::array<double, 7> scores;
};

// Table 2: 3B models; Table 6: 7B.
enum class PaperLongBench { kTable2, kTable6 };
const PaperCategories* paper_categories(PaperLongBench table, const Cell& cell);  // of the same kind in the same mode, or nullptr

// Table 4: a window W in reading by chunks of C.
inline constexpr std::array<int64_t, 4> kTable4Sizes = {512, 1024, 2048, 4096};  // of both
struct PaperTable4 {
  double accuracy, seconds;
};
std::optional<PaperTable4> paper_table4(int64_t window, int64_t chunk);  // nothing for other sizes

// Fig. 4, as its text puts it: how many times as fast as Qwen-OS SWA-SR is at 64k, twice the training length.
struct PaperFig4 {
  double training = 3, inference = 2, inference_early_stop = 4;
};
inline constexpr PaperFig4 kPaperFig4;

// Fig. 5: the fastest chunk, its window twice as large.
inline constexpr int64_t kPaperFig5Chunk = 4096;

}  // namespace smooth
