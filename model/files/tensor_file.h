// The tensors of one mapped file, by name.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "model/files/mapping.h"
#include "model/files/stored.h"

namespace smooth {

// A tensor that is taken from it is a view of the mapping, which lives as long as the last of them; one that does not lie at a
// multiple of its element's size is a copy. Views may be written to: see model/files/mapping.h. What was written, later views show.
class TensorFile {
 public:
  virtual ~TensorFile() = default;
  std::vector<std::string> names() const;
  bool has(const std::string& name) const { return stored_.count(name) > 0; }
  std::vector<int64_t> shape(const std::string& name) const;
  void expect(const std::string& name, const std::vector<int64_t>& shape) const;  // throws as get does
  // The tensor as stored; throws naming file, tensor, expected and found shape or dtype when they differ.
  at::Tensor get(const std::string& name) const;
  at::Tensor get(const std::string& name, const std::vector<int64_t>& shape) const;
  at::Tensor get(const std::string& name, const std::vector<int64_t>& shape, at::ScalarType dtype) const;
  const std::string& file() const { return mapping_->file(); }

 protected:
  explicit TensorFile(const std::string& file) : mapping_(std::make_shared<Mapping>(file)) {}
  std::string_view bytes() const { return mapping_->bytes(); }
  StoredTensors stored_;

 private:
  const StoredTensor& stored(const std::string& name) const;
  std::shared_ptr<Mapping> mapping_;
};

}  // namespace smooth
