// What GPUs can do, by name: what a plan divides by, and what a log line's share of the peak is a share of.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace smooth {

struct GpuFacts {
  std::string name;
  double flops = 0;      // bf16 a second, dense, sums in fp32
  double bandwidth = 0;  // bytes of its memory a second
  double bytes = 0;      // of its memory
};

// "H100", or a name as the driver tells it: "NVIDIA H100 80GB HBM3". Capitals do not matter; nothing where it is not known.
std::optional<GpuFacts> gpu_named(const std::string& name);
std::vector<std::string> gpu_names();

}  // namespace smooth
