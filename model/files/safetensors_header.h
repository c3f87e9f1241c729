// Reads the header of a safetensors file: 8 bytes of its length, JSON (name -> dtype, shape, data_offsets), then the tensors,
// end to end. Source: the format's description in huggingface/safetensors README.md and the checks of its src/tensor.rs.
#pragma once

#include "model/files/stored.h"

namespace smooth {

// `bytes` is the whole file, `file` its name for messages. Refuses what its tensors do not cover exactly, once each.
StoredTensors read_safetensors_header(std::string_view bytes, const std::string& file);

}  // namespace smooth
