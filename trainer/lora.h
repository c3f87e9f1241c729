// LoRA (arXiv:2106.09685): matrices W + (alpha / rank) B A of which only A and B are trained. The model's own weights hold the sum, so that
// every pass and every checkpoint is of merged weights; the gradient of a sum becomes that of its A and B as soon as it is known, and is
// not kept.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "configs/config.h"
#include "model/model.h"
#include "trainer/buckets.h"

namespace smooth {

class Lora {
 public:
  // Adapters for the model's matrices whose names hold one of `config.targets`; every other parameter is frozen. Throws when a target is
  // in no name. A begins normal, from the seed; B as zeros.
  Lora(const Model& model, const LoraConfig& config, uint64_t seed);
  ~Lora();
  Lora(const Lora&) = delete;
  Lora& operator=(const Lora&) = delete;

  std::vector<Parameter> parameters() const;  // NAME.lora_A [R, in] and NAME.lora_B [out, R], fp32
  void give_gradients_to(Buckets& buckets);   // from now on
  void merge() const;                         // the model's weights become the sums again, after A and B have changed

 private:
  struct Hook;
  struct Adapter {
    std::string name;
    at::Tensor weight, frozen, a, b;  // the model's [out, in], W itself [out, in], [R, in], [out, R]
  };
  std::vector<Adapter> adapters_;
  double scale_;
};

}  // namespace smooth
