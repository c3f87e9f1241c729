// BlinkDL's own naming of RWKV-7's tensors (RWKV-LM's .pth files) against that of fla's Hugging Face folders, which is this
// framework's: the same numbers, low-rank matrices transposed, some vectors with axes of one.
#pragma once

#include <string>
#include <vector>

#include "model/rwkv7_config.h"
#include "model/files/weights.h"

namespace smooth {

struct BlinkdlTensor {
  std::string name;
  bool transposed = false;  // the matrix lies the other way round
  bool padded = false;      // a vector [C] that is [1, 1, C] there
};

// Where the parameter `name` of a fla folder is found in BlinkDL's naming. Throws for a name that is neither's.
BlinkdlTensor blinkdl_tensor(const std::string& name);

bool is_blinkdl(const Weights& weights);
// A .pth has no config.json: the sizes are those of its tensors. Throws naming the tensor that is missing or of another shape.
Rwkv7Config blinkdl_config(const Weights& weights);
// The shape there of the parameter `name`, which has this one in fla's naming.
std::vector<int64_t> blinkdl_shape(const std::string& name, std::vector<int64_t> shape);
// The tensor of a BlinkDL file that the parameter `name` takes, in fla's shape; a view where it lies the same way round.
at::Tensor from_blinkdl(const Weights& weights, const std::string& name, const std::vector<int64_t>& shape);
// The other way: parameters of a fla folder under BlinkDL's names and shapes.
std::vector<Parameter> to_blinkdl(const std::vector<Parameter>& parameters);
// What a BlinkDL file may hold and nobody uses: the first layer has no value residual.
bool is_unused_in_blinkdl(const std::string& name);

}  // namespace smooth
