// Tensors by name, whatever holds them: one safetensors file or shards with an index, a .pth, pytorch_model.bin or its shards.
#pragma once

#include <optional>
#include <set>

#include "model/files/safetensors.h"

namespace smooth {

class Weights {
 public:
  // A model folder or one file. Of a folder: model.safetensors, model.safetensors.index.json, pytorch_model.bin,
  // pytorch_model.bin.index.json, or the only .pth; the first kind that is there, and safetensors before pickles.
  explicit Weights(const std::string& path);

  std::vector<std::string> names() const;
  bool has(const std::string& name) const { return holder_.count(name) > 0; }
  std::vector<int64_t> shape(const std::string& name) const;
  void expect(const std::string& name, const std::vector<int64_t>& shape) const;  // throws as get does

  // A view of the mapped file (model/files/tensor_file.h). With a dtype: that view if it is of this dtype, else a converted copy; floating
  // point never turns into integers or back. Throws naming file, tensor, expected and found.
  at::Tensor get(const std::string& name) const;
  at::Tensor get(const std::string& name, const std::vector<int64_t>& shape) const;
  at::Tensor get(const std::string& name, const std::vector<int64_t>& shape, at::ScalarType dtype) const;
  std::vector<std::string> left_over() const;  // what nobody has asked for yet

  const std::string& source() const { return source_; }  // the file or index that was chosen
  // The key under which a .pth held its state dict beside other things; "" if it held nothing else.
  const std::string& part() const { return part_; }

 private:
  void open(const std::string& file);
  void open_index(const std::string& index);
  const TensorFile& holder(const std::string& name) const;

  std::string source_, part_;
  std::vector<std::unique_ptr<TensorFile>> files_;
  std::map<std::string, const TensorFile*> holder_;
  mutable std::set<std::string> asked_;
};

// All files that Weights would read, for checksums. Opens none but the index.
std::vector<std::string> weight_files(const std::string& path);

// HF's default of max_shard_size (huggingface_hub, split_torch_state_dict_into_shards).
constexpr int64_t kShardBytes = 5'000'000'000;

// Writes FOLDER/model.safetensors, or model-00001-of-0000N.safetensors and, last, their index when there are more bytes than
// `shard_bytes`. Weights that the folder had before are replaced; those of other files there are removed.
void save_weights(const std::string& folder, const std::vector<Parameter>& tensors, int64_t shard_bytes = kShardBytes);

}  // namespace smooth
