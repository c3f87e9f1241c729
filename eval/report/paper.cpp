#include "eval/report/paper.h"

#include <algorithm>

namespace smooth {
namespace {

const PaperLine kQwenOs{"Qwen-OS", "", "Table 3", {98.80, 98.60, 97.00, 9.00, 0.00, 0.00}};
const PaperLine kQwenUr{"Qwen-UR", "", "Table 3", {87.80, 87.00, 92.60, 93.80, 95.00, 67.20}};
const PaperLine kRwkvOs{"RWKV-7-OS", "", "Table 3", {98.40, 95.80, 86.60, 39.00, 8.60, 0.00}};
const PaperLine kRwkvSr{"RWKV-7-SR", "", "Table 3", {99.40, 98.80, 97.20, 75.20, 20.60, 1.94}};
const PaperLine kSwaOs{"SWA-4k-OS", "", "Table 3", {53.60, 22.40, 11.60, 6.80, 1.80, 1.60}};
// Table 3 does not say whether its SWA-4k-SR may stop early; Table 7 has both.
const PaperLine kSwaSrAll{
    "SWA-4k-SR", "no early stop", "Table 7", {99.80, 100.00, 100.00, 99.80, 99.60, 100.00}};
const PaperLine kSwaSrStop{
    "SWA-4k-SR", "early stop", "Table 7", {99.60, 99.60, 99.80, 99.80, 99.60, 99.80}};

}  // namespace

std::optional<double> PaperLine::at(double multiple) const {
  const auto found = std::find(kPaperMultiples.begin(), kPaperMultiples.end(), multiple);
  if (found == kPaperMultiples.end()) return {};
  return scores[static_cast<size_t>(found - kPaperMultiples.begin())];
}

const PaperLine* paper_line(const Cell& cell) {
  if (cell.benchmark != "niah" || cell.distance) return nullptr;
  const bool recurrent = cell.architecture.starts_with("RWKV");
  if (cell.mode == "os") return recurrent ? &kRwkvOs : cell.window ? &kSwaOs : &kQwenOs;
  if (cell.mode == "ur") return recurrent || cell.window ? nullptr : &kQwenUr;
  if (cell.mode != "sr") return nullptr;
  if (recurrent) return &kRwkvSr;
  if (!cell.window) return nullptr;
  return cell.early_stop.value_or(false) ? &kSwaSrStop : &kSwaSrAll;
}

std::optional<double> expected_score(const Cell& cell) {
  if (cell.mode != "os" || !cell.window || !cell.length || cell.distance) return {};
  return 100 * std::min(1.0, static_cast<double>(*cell.window) / static_cast<double>(*cell.length));
}

}  // namespace smooth
