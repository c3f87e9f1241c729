#include "model/files/safetensors.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "configs/run.h"
#include "model/files/safetensors_header.h"

namespace smooth {
namespace {

constexpr size_t kAlignment = 64;  // of the first tensor: LibTorch's own, and a multiple of every element's size

std::string header_of(const std::string& file, const std::vector<Parameter>& tensors) {
  nlohmann::ordered_json json;
  json["__metadata__"] = {{"format", "pt"}};
  int64_t offset = 0;
  for (const auto& [name, value] : tensors) {
    const std::string_view dtype = dtype_of(value.scalar_type()).safetensors;
    if (dtype.empty()) throw std::runtime_error(file + ": " + name + " is " + c10::toString(value.scalar_type()) + ", which safetensors cannot hold");
    if (json.contains(name)) throw std::runtime_error(file + ": two tensors are to be saved as " + name);
    const int64_t end = offset + static_cast<int64_t>(value.nbytes());
    json[name] = {{"dtype", std::string(dtype)}, {"shape", value.sizes().vec()}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string header = json.dump();
  header.resize((header.size() + 8 + kAlignment - 1) / kAlignment * kAlignment - 8, ' ');
  return header;
}

std::string_view bytes_of(const void* data, size_t size) { return {static_cast<const char*>(data), size}; }

}  // namespace

Safetensors::Safetensors(const std::string& file) : TensorFile(file) { stored_ = read_safetensors_header(bytes(), file); }

void save_safetensors(const std::string& file, const std::vector<Parameter>& tensors) {
  std::vector<Parameter> ordered = tensors;
  std::stable_sort(ordered.begin(), ordered.end(), [](const Parameter& a, const Parameter& b) {
    return a.value.element_size() > b.value.element_size();
  });
  const std::string header = header_of(file, ordered);
  write_file(file, [&](const Append& append) {
    const uint64_t length = header.size();
    append(bytes_of(&length, sizeof length));
    append(header);
    for (const Parameter& tensor : ordered) {
      const at::Tensor value = tensor.value.detach().cpu().contiguous();
      append(bytes_of(value.const_data_ptr(), value.nbytes()));
    }
  });
}

}  // namespace smooth
