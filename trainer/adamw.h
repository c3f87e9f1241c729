// AdamW (arXiv:1711.05101, algorithm 2) by LibTorch's fused kernel, over the shares of a model's buckets. Matrices decay; norms and biases
// do not.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "configs/config.h"
#include "trainer/buckets.h"

namespace smooth {

class AdamW {
 public:
  AdamW(Buckets& buckets, const OptimConfig& config, const PrecisionConfig& precision, Ranks& ranks);

  // Divides the gradients by `divisor`, clips their global norm and updates the weights in place. Returns the norm before clipping. When it
  // is not finite nothing is changed.
  double update(double divisor, double learning_rate);

  // What this rank's file of a checkpoint holds: step, NAME.exp_avg, NAME.exp_avg_sq and, where they are not the weights themselves,
  // NAME.master. Of a parameter that is shared out each rank's file holds its part, in the order of the ranks.
  std::vector<Parameter> tensors() const;
  // From the files of all ranks of any number.
  void load(const std::vector<std::string>& files);

 private:
  struct Moments {
    at::Tensor exp_avg, exp_avg_sq;  // as the bucket's master
  };
  double norm() const;
  template <class Visit>
  void for_each_part(const Visit& visit) const;

  Buckets& buckets_;
  OptimConfig config_;
  Ranks& ranks_;
  at::Tensor step_;  // fp32 scalar, as the fused kernel wants it
  std::vector<Moments> moments_;  // [buckets]
};

}  // namespace smooth
