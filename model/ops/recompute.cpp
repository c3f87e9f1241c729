#include "model/ops/recompute.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

namespace smooth {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Kept : torch::CustomClassHolder {
  explicit Kept(Block function) : block(std::move(function)) {}
  Block block;
};

class RecomputeFunction : public torch::autograd::Function<RecomputeFunction> {
 public:
  static variable_list forward(AutogradContext* context, const at::TensorList& inputs, const Block& block) {
    context->save_for_backward(inputs.vec());
    context->saved_data["block"] = c10::IValue::make_capsule(c10::make_intrusive<Kept>(block));
    return block(inputs.vec());  // gradients are off within a forward
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    variable_list inputs;
    for (const at::Tensor& saved : context->get_saved_variables()) inputs.push_back(saved.detach().requires_grad_(saved.requires_grad()));
    const auto kept = c10::static_intrusive_pointer_cast<Kept>(context->saved_data["block"].toCapsule());
    {
      at::AutoGradMode on(true);
      variable_list outputs = kept->block(inputs), wanted, from;
      for (size_t i = 0; i < outputs.size(); ++i) {
        if (!gradients[i].defined() || !outputs[i].requires_grad()) continue;
        wanted.push_back(outputs[i]);
        from.push_back(gradients[i]);
      }
      torch::autograd::backward(wanted, from);
    }
    variable_list results;
    for (const at::Tensor& input : inputs) results.push_back(input.grad());
    results.emplace_back();
    return results;
  }
};

}  // namespace

std::vector<at::Tensor> recomputed(const Block& block, const std::vector<at::Tensor>& inputs) {
  return at::GradMode::is_enabled() ? RecomputeFunction::apply(at::TensorList(inputs), block) : block(inputs);
}

}  // namespace smooth
