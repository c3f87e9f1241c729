// BlinkDL's own naming of RWKV-7's tensors (RWKV-LM's .pth files) against that of fla's Hugging Face folders, which is this
// framework's: the same numbers, low-rank matrices transposed, some vectors with axes of one.
#pragma once

#include <string>

namespace smooth {

struct BlinkdlTensor {
  std::string name;
  bool transposed = false;  // the matrix lies the other way round
  bool padded = false;      // a vector [C] that is [1, 1, C] there
};

// Where the parameter `name` of a fla folder is found in BlinkDL's naming. Throws for a name that is neither's.
BlinkdlTensor blinkdl_tensor(const std::string& name);

}  // namespace smooth
