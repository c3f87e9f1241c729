// AdamW (arXiv:1711.05101, algorithm 2) over a model's parameters, by LibTorch's fused kernel. Matrices decay; norms and
// biases do not.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "configs/config.h"
#include "model/model.h"

namespace smooth {

class AdamW {
 public:
  AdamW(const std::vector<Parameter>& parameters, const OptimConfig& config);

  // Divides the gradients by `divisor`, clips their global norm and updates the parameters in place. Returns the norm
  // before clipping. When it is not finite nothing is changed.
  double update(double divisor, double learning_rate);
  void zero_gradients();

  void save(const std::string& file) const;  // safetensors: step, NAME.exp_avg, NAME.exp_avg_sq
  void load(const std::string& file);

 private:
  struct Group {
    std::vector<at::Tensor> parameters, exp_avgs, exp_avg_sqs, steps;
    double weight_decay;
  };
  OptimConfig config_;
  std::vector<Parameter> parameters_;
  std::vector<at::Tensor> exp_avgs_, exp_avg_sqs_;  // as parameters_
  at::Tensor step_;                                 // fp32 scalar, as the fused kernel wants it
  std::vector<Group> groups_;
};

}  // namespace smooth
