#include "trainer/plan/gpus.h"

#include <algorithm>
#include <cctype>

namespace smooth {
namespace {

struct Row {
  const char* name;
  const char* driver;  // what the driver's name holds; of several the longest tells
  double teraflops, gigabytes_a_second, gibibytes;
};

// NVIDIA's data sheets: tensor cores' bf16 without sparsity (half of what is printed with it), of GeForce cards with sums in fp32; memory as
// nvidia-smi totals it, which is what a process can be given at most. SXM modules where nothing else is said.
constexpr Row kRows[] = {
    {"A100-40GB", "A100-SXM4-40GB", 312, 1555, 40},
    {"A100-80GB", "A100-SXM4-80GB", 312, 2039, 80},
    {"A800-80GB", "A800-SXM4-80GB", 312, 2039, 80},
    {"H100", "H100 80GB HBM3", 989.4, 3350, 79.6},
    {"H100-PCIe", "H100 PCIe", 756, 2000, 79.6},
    {"H800", "H800", 989.4, 3350, 79.6},
    {"H20", "H20", 148, 4000, 95.6},
    {"H200", "H200", 989.4, 4800, 140.4},
    {"B200", "B200", 2250, 8000, 179},
    {"L40S", "L40S", 362, 864, 45},
    {"RTX-A6000", "RTX A6000", 154.8, 768, 48},
    {"RTX-3090", "RTX 3090", 71, 936, 24},
    {"RTX-4090", "RTX 4090", 165.2, 1008, 24},
    {"RTX-5090", "RTX 5090", 209.5, 1792, 31.8},
};

std::string small(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

GpuFacts facts_of(const Row& row) { return {row.name, row.teraflops * 1e12, row.gigabytes_a_second * 1e9, row.gibibytes * (1 << 30)}; }

}  // namespace

std::optional<GpuFacts> gpu_named(const std::string& name) {
  const std::string wanted = small(name);
  const Row* best = nullptr;
  for (const Row& row : kRows) {
    if (wanted == small(row.name)) return facts_of(row);
    const std::string driver = small(row.driver);
    const bool longer = best == nullptr || driver.size() > std::string(best->driver).size();
    if (wanted.find("nvidia") != std::string::npos && wanted.find(driver) != std::string::npos && longer) best = &row;
  }
  return best != nullptr ? std::optional(facts_of(*best)) : std::nullopt;
}

std::vector<std::string> gpu_names() {
  std::vector<std::string> names;
  for (const Row& row : kRows) names.emplace_back(row.name);
  return names;
}

}  // namespace smooth
