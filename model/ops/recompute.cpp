#include "model/ops/recompute.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <utility>

namespace smooth {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// What a block holds, in the order in which it is computed.
struct Shelf {
  std::vector<variable_list> held;
  bool filled = false;  // now they are taken from it, and not put there
  size_t next = 0;
};

struct Kept : torch::CustomClassHolder {
  explicit Kept(Block function) : block(std::move(function)) {}
  Block block;
  Shelf shelf;
};

thread_local Shelf* open_shelf = nullptr;  // of the block that is being computed; null: it holds nothing

variable_list with_shelf(Shelf* shelf, const Block& block, const variable_list& inputs) {
  struct Opened {
    explicit Opened(Shelf* opened) : before(std::exchange(open_shelf, opened)) {}
    ~Opened() { open_shelf = before; }
    Shelf* before;
  } opened(shelf);
  return block(inputs);
}

class RecomputeFunction : public torch::autograd::Function<RecomputeFunction> {
 public:
  static variable_list forward(AutogradContext* context, const at::TensorList& inputs, const Block& block, bool holds) {
    const auto kept = c10::make_intrusive<Kept>(block);
    context->save_for_backward(inputs.vec());
    context->saved_data["block"] = c10::IValue::make_capsule(kept);
    return with_shelf(holds ? &kept->shelf : nullptr, block, inputs.vec());  // gradients are off within a forward
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    variable_list inputs;
    for (const at::Tensor& saved : context->get_saved_variables()) inputs.push_back(saved.detach().requires_grad_(saved.requires_grad()));
    const auto kept = c10::static_intrusive_pointer_cast<Kept>(context->saved_data["block"].toCapsule());
    {
      Shelf shelf{.held = std::move(kept->shelf.held), .filled = true};  // gone with what it holds when the block's gradients are there
      at::AutoGradMode on(true);
      variable_list outputs = with_shelf(shelf.held.empty() ? nullptr : &shelf, kept->block, inputs), wanted, from;
      for (size_t i = 0; i < outputs.size(); ++i) {
        if (!gradients[i].defined() || !outputs[i].requires_grad()) continue;
        wanted.push_back(outputs[i]);
        from.push_back(gradients[i]);
      }
      torch::autograd::backward(wanted, from);
    }
    variable_list results;
    for (const at::Tensor& input : inputs) results.push_back(input.grad());
    results.resize(results.size() + 2);
    return results;
  }
};

}  // namespace

std::vector<at::Tensor> recomputed(const Block& block, const std::vector<at::Tensor>& inputs, bool holds) {
  return at::GradMode::is_enabled() ? RecomputeFunction::apply(at::TensorList(inputs), block, holds) : block(inputs);
}

std::vector<at::Tensor> held(const std::function<std::vector<at::Tensor>()>& compute) {
  if (open_shelf == nullptr) return compute();
  if (!open_shelf->filled) return open_shelf->held.emplace_back(compute());
  variable_list taken;
  for (const at::Tensor& tensor : open_shelf->held.at(open_shelf->next++)) taken.push_back(tensor.variable_data());
  return taken;
}

}  // namespace smooth
