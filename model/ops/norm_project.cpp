#include "model/ops/norm_project.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "model/ops/project.h"
#include "model/ops/rms_norm.h"

namespace smooth {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

std::vector<at::Tensor> projected(const at::Tensor& n, const std::vector<Map>& maps) {
  std::vector<Product> products;
  for (const Map& map : maps) products.push_back({n, map.weight, map.bias});
  return project_all(products);
}

// The tensors: all weights, then the biases of the maps that have one.
class NormProjectFunction : public torch::autograd::Function<NormProjectFunction> {
 public:
  static variable_list forward(AutogradContext* context, const Variable& x, const Variable& norm, const at::TensorList& tensors, double eps,
                               const std::vector<Map>& maps) {
    variable_list saved = {x, norm};
    std::vector<int64_t> biased;
    for (const Map& map : maps) {
      saved.push_back(map.weight);
      biased.push_back(map.bias.defined() ? 1 : 0);
    }
    (void)tensors;  // known to the graph by being an argument
    context->save_for_backward(saved);
    context->saved_data["eps"] = eps;
    context->saved_data["biased"] = biased;
    return projected(rms_norm(x, norm, eps), maps);
  }

  static variable_list backward(AutogradContext* context, variable_list outputs) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &norm = saved[1];
    const double eps = context->saved_data["eps"].toDouble();
    const std::vector<int64_t> biased = context->saved_data["biased"].toIntVector();
    const at::Tensor n = rms_norm(x, norm, eps);
    variable_list weights, biases;
    at::Tensor dn;  // Σ dy W [T, C]
    for (size_t i = 0; i < outputs.size(); ++i) {
      const at::Tensor& dy = outputs[i];  // [T, out]
      dn = dn.defined() ? dn.addmm_(dy, saved[2 + i]) : dy.mm(saved[2 + i]);
      weights.push_back(context->needs_input_grad(2 + i) ? dy.t().mm(n) : at::Tensor());
      if (biased[i] == 0) continue;
      const bool wanted = context->needs_input_grad(2 + outputs.size() + biases.size());
      biases.push_back(wanted ? dy.sum(0) : at::Tensor());
    }
    auto [dx, dnorm] = rms_norm_backward(dn, x, norm, eps);
    variable_list gradients = {dx, dnorm};
    gradients.insert(gradients.end(), weights.begin(), weights.end());
    gradients.insert(gradients.end(), biases.begin(), biases.end());
    gradients.resize(gradients.size() + 2);
    return gradients;
  }
};

}  // namespace

std::vector<at::Tensor> norm_project(const at::Tensor& x, const at::Tensor& norm, double eps, const std::vector<Map>& maps) {
  if (!at::GradMode::is_enabled()) return projected(rms_norm(x, norm, eps), maps);
  variable_list tensors;
  for (const Map& map : maps) tensors.push_back(map.weight);
  for (const Map& map : maps) {
    if (map.bias.defined()) tensors.push_back(map.bias);
  }
  return NormProjectFunction::apply(x, norm, at::TensorList(tensors), eps, maps);
}

}  // namespace smooth
