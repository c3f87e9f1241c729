// The safetensors format: 8 bytes of header length, a JSON header (name -> dtype, shape, offsets), raw tensors.
// Source: the format's own description in huggingface/safetensors README.md.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace smooth {

struct Parameter {
  std::string name;
  at::Tensor value;
};

// A file mapped into memory. Tensors that are taken from it keep the mapping alive; they are read-only.
class Safetensors {
 public:
  explicit Safetensors(const std::string& file);  // throws naming the file and what is wrong with it

  std::vector<std::string> names() const;
  bool has(const std::string& name) const { return entries_.count(name) > 0; }
  std::vector<int64_t> shape(const std::string& name) const;
  // The tensor as stored; throws naming file, tensor, expected and found shape when they differ.
  at::Tensor get(const std::string& name, const std::vector<int64_t>& shape) const;
  at::Tensor get(const std::string& name, const std::vector<int64_t>& shape, at::ScalarType dtype) const;
  at::Tensor get(const std::string& name) const;
  const std::string& file() const { return file_; }

 private:
  struct Entry {
    at::ScalarType dtype;
    std::vector<int64_t> shape;
    int64_t begin, end;
  };
  const Entry& entry(const std::string& name) const;
  std::string file_;
  std::map<std::string, Entry> entries_;
  std::shared_ptr<const char> bytes_;  // the whole mapping
  int64_t data_ = 0;                   // where the tensors begin in it
};

// Writes beside the file and renames into place; tensors in the order given, little-endian, metadata {"format": "pt"}.
void save_safetensors(const std::string& file, const std::vector<Parameter>& tensors);

}  // namespace smooth
