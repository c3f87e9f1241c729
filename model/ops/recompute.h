// A block of layers whose insides are not kept for the backward pass but computed again there (arXiv:1604.06174): memory of its inputs
// for the time of another forward pass.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace smooth {

using Block = std::function<std::vector<at::Tensor>(const std::vector<at::Tensor>&)>;

// What block(inputs) gives, with the same gradients to the bit, those of parameters within it included. It must compute the same when
// called again. Without gradients wanted it is simply called. `holds`: what the block computes by held() is kept too.
std::vector<at::Tensor> recomputed(const Block& block, const std::vector<at::Tensor>& inputs, bool holds = false);

// For what costs more to compute than to keep, as attention does (arXiv:2205.05198). Within a block that holds: what compute() gives the
// first time, and those tensors instead of computing when the block is computed again. Anywhere else compute().
std::vector<at::Tensor> held(const std::function<std::vector<at::Tensor>()>& compute);

}  // namespace smooth
