#include "eval/report/bench_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "configs/run.h"

namespace smooth {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

template <class T>
T field(const Json& json, const char* key, const std::string& file) {
  const auto found = json.find(key);
  if (found == json.end()) throw std::runtime_error(fmt::format("{}: {}: is missing", file, key));
  try {
    return found->get<T>();
  } catch (const Json::exception&) {
    throw std::runtime_error(fmt::format("{}: {}: not of its type: {}", file, key, found->dump()));
  }
}

TrainBench bench_of(const Json& json, const std::string& file) {
  TrainBench bench{.file = file,
                   .architecture = field<std::string>(json, "architecture", file),
                   .dtype = field<std::string>(json, "dtype", file),
                   .device = field<std::string>(json, "device", file),
                   .rows = field<int64_t>(json, "rows", file),
                   .prompt = field<int64_t>(json, "prompt", file),
                   .peak_bytes = field<int64_t>(json, "peak_bytes", file),
                   .seconds = field<double>(json, "seconds", file)};
  if (bench.rows <= 0 || bench.prompt <= 0 || !(bench.seconds > 0))
    throw std::runtime_error(file + ": rows, prompt and seconds: expected numbers above 0");
  return bench;
}

}  // namespace

std::vector<TrainBench> read_benches(const fs::path& folder) {
  std::vector<std::string> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("bench") && name.ends_with(".json") && entry.is_regular_file()) files.push_back(entry.path().string());
  }
  std::ranges::sort(files);
  std::vector<TrainBench> benches;
  for (const std::string& file : files) {
    const Json json = Json::parse(read_file(file), nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) throw std::runtime_error(file + ": expected a JSON object, as `./smooth bench train` prints it");
    if (field<std::string>(json, "bench", file) == "train") benches.push_back(bench_of(json, file));
  }
  return benches;
}

}  // namespace smooth
