#include "model/halo.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace smooth {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

struct Wire : torch::CustomClassHolder {
  explicit Wire(Halo& ends) : halo(ends) {}
  Halo& halo;
};

c10::IValue capsule(Halo& halo) { return c10::IValue::make_capsule(c10::make_intrusive<Wire>(halo)); }

Halo& halo_of(AutogradContext* context) { return c10::static_intrusive_pointer_cast<Wire>(context->saved_data["halo"].toCapsule())->halo; }

class SendFunction : public torch::autograd::Function<SendFunction> {
 public:
  static Variable forward(AutogradContext* context, const Variable& x, const Variable& carrier, Halo* halo) {
    context->saved_data["halo"] = capsule(*halo);
    context->saved_data["shape"] = x.sizes().vec();
    context->saved_data["dtype"] = static_cast<int64_t>(x.scalar_type());
    halo->send_right(x.contiguous());
    return carrier.view_as(carrier);
  }

  static variable_list backward(AutogradContext* context, variable_list outputs) {
    const auto dtype = static_cast<at::ScalarType>(context->saved_data["dtype"].toInt());
    const at::Tensor dx = at::empty(context->saved_data["shape"].toIntVector(), outputs[0].options().dtype(dtype));
    halo_of(context).take_right(dx);
    return {dx, outputs[0], {}};
  }
};

class TakeFunction : public torch::autograd::Function<TakeFunction> {
 public:
  static Variable forward(AutogradContext* context, const Variable& anchor, at::ScalarType dtype, const std::vector<int64_t>& shape, Halo* halo) {
    context->saved_data["halo"] = capsule(*halo);
    const at::Tensor x = at::empty(shape, anchor.options().dtype(dtype).requires_grad(false));
    halo->take_left(x);
    return x;
  }

  static variable_list backward(AutogradContext* context, variable_list outputs) {
    halo_of(context).send_left(outputs[0].contiguous());
    return {{}, {}, {}, {}};
  }
};

}  // namespace

at::Tensor sent_right(Halo& halo, const at::Tensor& x, const at::Tensor& carrier) { return SendFunction::apply(x, carrier, &halo); }

at::Tensor taken_left(Halo& halo, at::IntArrayRef shape, at::ScalarType dtype, const at::Tensor& anchor) {
  return TakeFunction::apply(anchor, dtype, shape.vec(), &halo);
}

}  // namespace smooth
