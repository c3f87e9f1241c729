// Checkpoints from one layout to another, bit for bit: Hugging Face folders (this framework's own) and BlinkDL's RWKV-7 files.
#pragma once

#include <string>

#include "model/files/weights.h"

namespace smooth {

struct ConvertOptions {
  std::string from;              // a model or run folder, or a file of weights
  std::string to;                // a folder for layout hf; a .pth or .safetensors for layout blinkdl
  std::string layout = "hf";     // "hf" or "blinkdl"
  std::string dtype = "stored";  // or "float32", "bfloat16": what the tensors are written in
  int64_t shard_bytes = kShardBytes;
};

// Throws, naming file and tensor, when something is missing or left over; then nothing is written.
void convert_weights(const ConvertOptions& options);

}  // namespace smooth
