#include "model/environment.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/headeronly/version.h>

#include <dlfcn.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

namespace smooth {
namespace {

std::string cpu_name() {
  std::ifstream lines("/proc/cpuinfo");
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

// Asked of the driver itself: LibTorch's header for it wants CUDA's.
std::string gpu_name(int number) {
  void* driver = dlopen("libcuda.so.1", RTLD_NOW);
  if (driver == nullptr) return "unknown";
  const auto get = reinterpret_cast<int (*)(int*, int)>(dlsym(driver, "cuDeviceGet"));
  const auto name_of = reinterpret_cast<int (*)(char*, int, int)>(dlsym(driver, "cuDeviceGetName"));
  std::array<char, 256> name{};
  int handle = 0;
  const bool told = get != nullptr && name_of != nullptr && get(&handle, number) == 0 && name_of(name.data(), static_cast<int>(name.size()), handle) == 0;
  return told ? name.data() : "unknown";
}

}  // namespace

std::string device_name(const at::Device& device) { return device.is_cpu() ? cpu_name() : gpu_name(device.index()); }

std::string environment(const at::Device& device) {
  nlohmann::ordered_json json = {{"libtorch", TORCH_VERSION},
                                       {"compiler", std::string("g++ ") + __VERSION__},
                                       {"device", device.is_cpu() ? "cpu" : "cuda"},
                                       {"cpu", cpu_name()},
                                       {"cpu_capability", at::get_cpu_capability()},
                                       {"threads", std::to_string(at::get_num_threads())}};
  if (const char* commit = std::getenv("SMOOTH_COMMIT"); commit != nullptr && *commit != '\0') json["commit"] = commit;
  if (!device.is_cpu()) json["gpu"] = device_name(device);
  return json.dump(2) + "\n";
}

}  // namespace smooth
