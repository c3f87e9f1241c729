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

constexpr std::array<PaperCategories, 6> kTable2 = {{
    {"Qwen-OS", "dense", "os", {24.20, 41.25, 30.22, 65.89, 56.75, 66.00, 47.38}},
    {"Qwen-UR", "dense", "ur", {31.54, 42.17, 21.91, 68.96, 61.50, 64.13, 48.37}},
    {"RWKV-7-OS", "RWKV", "os", {16.96, 11.39, 29.16, 67.72, 60.50, 62.84, 41.43}},
    {"SWA-4k-OS", "SWA", "os", {16.43, 26.14, 26.96, 66.43, 48.00, 66.22, 41.70}},
    {"RWKV-7-SR", "RWKV", "sr", {28.87, 40.02, 28.23, 65.90, 65.25, 59.92, 48.03}},
    {"SWA-4k-SR", "SWA", "sr", {30.46, 47.67, 26.27, 69.60, 66.75, 65.18, 50.99}},
}};
constexpr std::array<PaperCategories, 4> kTable6 = {{
    {"Qwen-OS", "dense", "os", {34.90, 56.72, 32.07, 72.77, 57.75, 73.41, 54.60}},
    {"Qwen-UR", "dense", "ur", {34.37, 45.37, 25.20, 71.27, 66.50, 65.26, 51.33}},
    {"SWA-4k-OS", "SWA", "os", {26.10, 37.04, 28.12, 71.50, 42.38, 71.88, 46.17}},
    {"SWA-4k-SR", "SWA", "sr", {37.80, 54.67, 27.39, 69.86, 65.75, 67.71, 53.86}},
}};

// Rows: windows; columns: chunks.
constexpr std::array<std::array<PaperTable4, 4>, 4> kTable4 = {{
    {{{97.0, 528}, {77.8, 457}, {0.0, 327}, {0.0, 100}}},
    {{{99.2, 537}, {89.0, 444}, {26.4, 374}, {12.6, 364}}},
    {{{100.0, 577}, {100.0, 471}, {95.4, 387}, {31.2, 343}}},
    {{{99.8, 646}, {99.8, 505}, {100.0, 423}, {83.4, 366}}},
}};

std::optional<size_t> table4_place(int64_t size) {
  const auto* found = std::find(kTable4Sizes.begin(), kTable4Sizes.end(), size);
  return found == kTable4Sizes.end() ? std::nullopt : std::optional(static_cast<size_t>(found - kTable4Sizes.begin()));
}

template <size_t n>
const PaperCategories* same_kind(const std::array<PaperCategories, n>& table, const Cell& cell) {
  const auto* found = std::ranges::find_if(table, [&](const PaperCategories& row) { return cell.architecture.starts_with(row.architecture) && cell.mode == row.mode; });
  return found == table.end() ? nullptr : found;
}

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

const PaperLine& paper_table7(bool early_stop) { return early_stop ? kSwaSrStop : kSwaSrAll; }

const PaperCategories* paper_categories(PaperLongBench table, const Cell& cell) {
  return table == PaperLongBench::kTable2 ? same_kind(kTable2, cell) : same_kind(kTable6, cell);
}

std::optional<PaperTable4> paper_table4(int64_t window, int64_t chunk) {
  const auto row = table4_place(window), column = table4_place(chunk);
  if (!row || !column) return {};
  return kTable4[*row][*column];
}

}  // namespace smooth
