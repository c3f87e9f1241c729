#include "model/memory.h"

#include <ATen/DeviceAccelerator.h>

#include <malloc.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace smooth {

int64_t memory_bytes(const at::Device& device) {
  if (device.is_cpu()) return sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGE_SIZE);
  return static_cast<int64_t>(at::accelerator::getMemoryInfo(device.index()).second);
}

void begin_peak_memory(const at::Device& device) {
  if (!device.is_cpu()) return at::accelerator::resetPeakStats(device.index());
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";  // proc(5): 5 resets the peak resident set size
}

int64_t peak_memory_bytes(const at::Device& device) {
  if (!device.is_cpu()) {
    constexpr auto kAll = static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE);
    return at::accelerator::getDeviceStats(device.index()).reserved_bytes[kAll].peak;
  }
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * 1024;
  }
  return 0;
}

}  // namespace smooth
