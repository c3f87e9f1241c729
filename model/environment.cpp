#include "model/environment.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/headeronly/version.h>

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

}  // namespace

std::string environment(const std::string& device) {
  const nlohmann::ordered_json json = {{"libtorch", TORCH_VERSION},
                                       {"compiler", std::string("g++ ") + __VERSION__},
                                       {"device", device},
                                       {"cpu", cpu_name()},
                                       {"cpu_capability", at::get_cpu_capability()},
                                       {"threads", std::to_string(at::get_num_threads())}};
  return json.dump(2) + "\n";
}

}  // namespace smooth
