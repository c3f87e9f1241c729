// A state dict as torch.save writes it (.pth), for tools that read nothing else: RWKV-LM and the `rwkv` package. The reading half is
// model/files/torch_file.h.
#pragma once

#include <string>
#include <vector>

#include "model/files/safetensors.h"

namespace smooth {

// A plain dict of contiguous tensors, in the order given; beside the file and renamed into place.
void save_torch_file(const std::string& file, const std::vector<Parameter>& tensors);

}  // namespace smooth
