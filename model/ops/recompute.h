// A block of layers whose insides are not kept for the backward pass but computed again there (arXiv:1604.06174): memory of its inputs
// for the time of another forward pass.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace smooth {

using Block = std::function<std::vector<at::Tensor>(const std::vector<at::Tensor>&)>;

// What block(inputs) gives, with the same gradients to the bit, those of parameters within it included. It must compute the same when
// called again. Without gradients wanted it is simply called.
std::vector<at::Tensor> recomputed(const Block& block, const std::vector<at::Tensor>& inputs);

}  // namespace smooth
