#include "model/files/weights.h"

#include <ATen/ATen.h>

#include <filesystem>
#include <fmt/format.h>
#include <stdexcept>

#include "configs/run.h"
#include "model/files/shard_index.h"
#include "model/files/torch_file.h"

namespace smooth {
namespace fs = std::filesystem;
namespace {

// What torch.save wrote, as tensors.
class TorchTensors : public TensorFile {
 public:
  explicit TorchTensors(const std::string& file) : TensorFile(file) {
    TorchFile read = read_torch_file(bytes(), file);
    stored_ = std::move(read.tensors);
    part = std::move(read.part);
  }
  std::string part;
};

bool is_index(const fs::path& file) { return file.string().ends_with(".index.json"); }

// The file or index that `path` means.
std::string find_weights(const fs::path& path) {
  if (fs::is_regular_file(path)) return path;
  if (!fs::is_directory(path)) throw std::runtime_error(path.string() + ": is neither a file nor a folder");
  for (const std::string kind : {"model.safetensors", "pytorch_model.bin"}) {
    const fs::path one = path / kind, index = path / (kind + ".index.json");
    if (fs::exists(one) && fs::exists(index)) {
      throw std::runtime_error(one.string() + ": lies beside " + index.filename().string() + "; remove the one that is not meant");
    }
    if (fs::exists(one)) return one;
    if (fs::exists(index)) return index;
  }
  std::vector<fs::path> pickles;
  for (const auto& entry : fs::directory_iterator(path)) {
    if (entry.path().extension() == ".pth") pickles.push_back(entry.path());
  }
  if (pickles.size() == 1) return pickles[0];
  throw std::runtime_error(fmt::format("{}: holds no weights: expected model.safetensors or pytorch_model.bin, the index of either, or one .pth; found {} .pth",
                                       path.string(), pickles.size()));
}

std::set<std::string> shards_of(const std::map<std::string, std::string>& holders) {
  std::set<std::string> shards;
  for (const auto& [tensor, file] : holders) shards.insert(file);
  return shards;
}

[[noreturn]] void refuse_dtype(const std::string& file, const std::string& name, at::ScalarType found, at::ScalarType expected) {
  throw std::runtime_error(fmt::format("{}: {} is {}, expected {}", file, name, c10::toString(found), c10::toString(expected)));
}

}  // namespace

Weights::Weights(const std::string& path) : source_(find_weights(path)) {
  if (is_index(source_)) {
    open_index(source_);
  } else {
    open(source_);
    for (const std::string& name : files_[0]->names()) holder_[name] = files_[0].get();
  }
}

void Weights::open(const std::string& file) {
  if (file.ends_with(".safetensors")) {
    files_.push_back(std::make_unique<Safetensors>(file));
  } else {
    auto tensors = std::make_unique<TorchTensors>(file);
    part_ = tensors->part;
    files_.push_back(std::move(tensors));
  }
}

// Each tensor lies in the shard that the index says, and in no other. What a shard holds beyond the index is left over.
void Weights::open_index(const std::string& index) {
  const std::map<std::string, std::string> holders = parse_shard_index(read_file(index), index);
  const fs::path folder = fs::path(index).parent_path();
  for (const std::string& shard : shards_of(holders)) {
    const std::string file = folder / shard;
    if (!fs::exists(file)) throw std::runtime_error(index + ": names " + shard + ", which is not there (download or copy it again)");
    open(file);
    for (const std::string& name : files_.back()->names()) {
      const auto holder = holders.find(name);
      const bool elsewhere = holder != holders.end() && holder->second != shard;
      if (elsewhere || !holder_.emplace(name, files_.back().get()).second) {
        throw std::runtime_error(fmt::format("{}: tensor {} is in two shards, {} and {}", index, shown(name), shard,
                                             elsewhere ? holder->second : fs::path(holder_.at(name)->file()).filename().string()));
      }
    }
  }
  for (const auto& [name, shard] : holders) {
    if (!has(name)) throw std::runtime_error(fmt::format("{}: tensor {} should be in {}, which does not hold it", index, shown(name), shard));
  }
}

std::vector<std::string> Weights::names() const {
  std::vector<std::string> names;
  for (const auto& item : holder_) names.push_back(item.first);
  return names;
}

const TensorFile& Weights::holder(const std::string& name) const {
  const auto found = holder_.find(name);
  if (found == holder_.end()) throw std::runtime_error(source_ + ": holds no tensor " + name);
  return *found->second;
}

std::vector<int64_t> Weights::shape(const std::string& name) const { return holder(name).shape(name); }

void Weights::expect(const std::string& name, const std::vector<int64_t>& shape) const { holder(name).expect(name, shape); }

at::Tensor Weights::get(const std::string& name) const {
  asked_.insert(name);
  return holder(name).get(name);
}

at::Tensor Weights::get(const std::string& name, const std::vector<int64_t>& shape) const {
  asked_.insert(name);
  return holder(name).get(name, shape);
}

at::Tensor Weights::get(const std::string& name, const std::vector<int64_t>& shape, at::ScalarType dtype) const {
  const at::Tensor stored = get(name, shape);
  const bool same = stored.scalar_type() == dtype, floating = at::isFloatingType(stored.scalar_type()) && at::isFloatingType(dtype);
  if (!same && !floating) refuse_dtype(holder(name).file(), name, stored.scalar_type(), dtype);
  return stored.to(dtype);
}

std::vector<std::string> Weights::left_over() const {
  std::vector<std::string> names;
  for (const auto& [name, file] : holder_) {
    if (!asked_.contains(name)) names.push_back(name);
  }
  return names;
}

std::vector<std::string> weight_files(const std::string& path) {
  const std::string source = find_weights(path);
  std::vector<std::string> files = {source};
  if (!is_index(source)) return files;
  for (const std::string& shard : shards_of(parse_shard_index(read_file(source), source))) files.push_back(fs::path(source).parent_path() / shard);
  return files;
}

}  // namespace smooth
