// A pack that is split over processes along its tokens, each with one stretch of them: what a layer needs of the stretch to the left, its
// last keys and values or its state, and what it owes the one to the right. Gradients travel the other way.
#pragma once

#include <ATen/core/Tensor.h>

namespace smooth {

// The neighbours' ends of the wire. What one sends the other takes in the same order. Sending does not wait.
class Halo {
 public:
  virtual ~Halo() = default;
  virtual void send_right(const at::Tensor& x) = 0;
  virtual void send_left(const at::Tensor& x) = 0;
  virtual void take_left(const at::Tensor& into) = 0;
  virtual void take_right(const at::Tensor& into) = 0;
};

// Sends x to the right; its gradient comes back from there. Gives `carrier`, which has to take part in the loss, as it is.
at::Tensor sent_right(Halo& halo, const at::Tensor& x, const at::Tensor& carrier);

// What the left has sent, of that shape and dtype, where `anchor` lies; its gradient goes back there if `anchor` wants gradients.
at::Tensor taken_left(Halo& halo, at::IntArrayRef shape, at::ScalarType dtype, const at::Tensor& anchor);

}  // namespace smooth
