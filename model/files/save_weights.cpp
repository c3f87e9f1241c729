// The writing half of model/files/weights.h: one file, or shards and their index, as save_pretrained of transformers leaves them.
#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <regex>
#include <stdexcept>

#include "configs/run.h"
#include "model/files/weights.h"

namespace smooth {
namespace fs = std::filesystem;
namespace {

constexpr const char* kSingle = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";

int64_t bytes_of(const at::Tensor& value) { return static_cast<int64_t>(value.nbytes()); }

// In the order given; a shard is closed when the next tensor would make it too large. A tensor is never cut.
std::vector<std::vector<Parameter>> split(const std::vector<Parameter>& tensors, int64_t shard_bytes) {
  std::vector<std::vector<Parameter>> shards(1);
  int64_t bytes = 0;
  for (const Parameter& tensor : tensors) {
    if (!shards.back().empty() && bytes + bytes_of(tensor.value) > shard_bytes) {
      shards.emplace_back();
      bytes = 0;
    }
    shards.back().push_back(tensor);
    bytes += bytes_of(tensor.value);
  }
  return shards;
}

std::string index_of(const std::vector<std::vector<Parameter>>& shards, const std::vector<std::string>& files) {
  auto holders = nlohmann::json::object();
  int64_t parameters = 0, bytes = 0;
  for (size_t i = 0; i < shards.size(); ++i) {
    for (const Parameter& tensor : shards[i]) {
      parameters += tensor.value.numel();
      bytes += bytes_of(tensor.value);
      if (holders.contains(tensor.name)) throw std::runtime_error("two tensors are to be saved as " + tensor.name);
      holders[tensor.name] = files[i];
    }
  }
  const nlohmann::json index = {{"metadata", {{"total_parameters", parameters}, {"total_size", bytes}}}, {"weight_map", holders}};
  return index.dump(2) + "\n";
}

void remove_other_shards(const fs::path& folder, const std::vector<std::string>& keep) {
  static const std::regex shard(R"(model-[0-9]{5}-of-[0-9]{5}\.safetensors)");
  for (const fs::directory_entry& entry : std::vector<fs::directory_entry>(fs::directory_iterator(folder), {})) {
    const std::string name = entry.path().filename();
    if (std::regex_match(name, shard) && std::find(keep.begin(), keep.end(), name) == keep.end()) fs::remove(entry.path());
  }
}

}  // namespace

// Old and new shards must never pass for one checkpoint, so the old index goes first and the new one comes last.
void save_weights(const std::string& folder, const std::vector<Parameter>& tensors, int64_t shard_bytes) {
  const fs::path path(folder);
  const auto shards = split(tensors, shard_bytes);
  std::vector<std::string> files;
  for (size_t i = 0; i < shards.size(); ++i) {
    files.push_back(shards.size() == 1 ? kSingle : fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size()));
  }
  const std::string index = index_of(shards, files);
  fs::remove(path / kIndex);
  if (shards.size() > 1) fs::remove(path / kSingle);
  for (size_t i = 0; i < shards.size(); ++i) save_safetensors(path / files[i], shards[i]);
  if (shards.size() > 1) write_file(path / kIndex, index);
  remove_other_shards(path, files);
}

}  // namespace smooth
