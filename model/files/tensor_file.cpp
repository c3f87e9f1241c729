#include "model/files/tensor_file.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace smooth {
namespace {

// A bool other than 0 and 1 is undefined behaviour for whoever computes with it.
void check_bools(std::string_view bytes, const std::string& file, const std::string& name) {
  const auto wrong = std::find_if(bytes.begin(), bytes.end(), [](char c) { return c != 0 && c != 1; });
  if (wrong == bytes.end()) return;
  throw std::runtime_error(file + ": tensor " + shown(name) + ": a bool is " + std::to_string(static_cast<unsigned char>(*wrong)) +
                           ", expected 0 or 1 (damaged file?)");
}

}  // namespace

std::vector<std::string> TensorFile::names() const {
  std::vector<std::string> names;
  for (const auto& item : stored_) names.push_back(item.first);
  return names;
}

const StoredTensor& TensorFile::stored(const std::string& name) const {
  const auto found = stored_.find(name);
  if (found == stored_.end()) throw std::runtime_error(file() + ": holds no tensor " + name);
  return found->second;
}

std::vector<int64_t> TensorFile::shape(const std::string& name) const { return stored(name).shape; }

at::Tensor TensorFile::get(const std::string& name) const {
  const StoredTensor& found = stored(name);
  const int64_t width = dtype_of(found.dtype).width, span = span_of(found.shape, found.strides, width);
  char* begin = mapping_->data() + found.begin;
  if (found.dtype == at::kBool) check_bools({begin, static_cast<size_t>(span)}, file(), name);
  const auto options = at::TensorOptions().dtype(found.dtype);
  if (reinterpret_cast<uintptr_t>(begin) % width == 0) {
    return at::from_blob(begin, found.shape, found.strides, [keep = mapping_](void*) {}, options);
  }
  const at::Tensor copy = at::empty({span}, options);
  if (span > 0) std::memcpy(copy.mutable_data_ptr(), begin, static_cast<size_t>(span * width));
  return copy.as_strided(found.shape, found.strides);
}

void TensorFile::expect(const std::string& name, const std::vector<int64_t>& shape) const {
  if (stored(name).shape == shape) return;
  throw std::runtime_error(file() + ": " + name + " has shape " + text_of(stored(name).shape) + ", expected " + text_of(shape));
}

at::Tensor TensorFile::get(const std::string& name, const std::vector<int64_t>& shape) const {
  expect(name, shape);
  return get(name);
}

at::Tensor TensorFile::get(const std::string& name, const std::vector<int64_t>& shape, at::ScalarType dtype) const {
  if (stored(name).dtype != dtype) {
    throw std::runtime_error(file() + ": " + name + " is " + c10::toString(stored(name).dtype) + ", expected " + c10::toString(dtype));
  }
  return get(name, shape);
}

}  // namespace smooth
