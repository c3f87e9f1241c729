// Tensors in the safetensors format: model/files/safetensors_header.h reads what it says, this makes tensors of it and writes it.
#pragma once

#include "model/files/tensor_file.h"

namespace smooth {

struct Parameter {
  std::string name;
  at::Tensor value;
};

class Safetensors : public TensorFile {
 public:
  explicit Safetensors(const std::string& file);  // throws naming the file and what is wrong with it
};

// Writes beside the file and renames into place: little-endian, metadata {"format": "pt"}; wide elements first, so that each tensor
// lies at a multiple of its element's size, else in the order given.
void save_safetensors(const std::string& file, const std::vector<Parameter>& tensors);

}  // namespace smooth
