// What a model asks of a machine, worked out from its sizes alone: floating point operations of a token, and the bytes that autograd keeps
// of it for the backward pass. tests/trainer/costs.cpp holds the bytes against what LibTorch allocates.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "configs/config.h"
#include "data/batch.h"
#include "model/model.h"

namespace smooth {

// How many numbers a model has. `adapted` are those whose gradients are computed; `trained` those that an optimizer changes. They differ
// with LoRA: gradients of whole matrices become those of their adapters.
struct Counts {
  int64_t body = 0, embedding = 0, head = 0;  // a tied head is the embedding, and counted there
  int64_t adapted = 0, trained = 0;
  bool tied = false;

  int64_t all() const { return body + embedding + head; }
  int64_t predicting() const { return tied ? embedding : head; }  // that a token meets in the head
};
Counts count_parameters(const Model& model, const std::optional<LoraConfig>& lora = {});

// What tokens stand in, of one pack or of a whole set.
struct Text {
  struct Documents {
    double count = 0, length = 0;
  };
  std::vector<Documents> documents;
  double target_share = 1;  // of the tokens

  double tokens() const;
};
Text text_of(const std::vector<Batch>& packs);

// Keys that a token of a document sees, on the average: its own among them. Window 0: dense.
double mean_keys(double length, int64_t window);

// Floating point operations of a token, forward and backward: a product and a sum are two, and a backward pass is two forward ones.
struct TokenFlops {
  double matrices = 0, attention = 0, state = 0, head = 0;  // attention: scores and values; state: of recurrent layers
  double recompute = 0;                                     // layers computed again: work, but none of the model's

  double model() const { return matrices + attention + state + head; }
};
TokenFlops token_flops(const Model& model, const Counts& counts, const Text& text, const Pass& pass = {});

// One layer's bytes a token.
struct LayerBytes {
  double kept = 0;     // for its backward pass
  double input = 0;    // what is kept where it is computed again: its input, perhaps attention's output
  double working = 0;  // that its backward pass makes and drops, at most
  double halo = 0;     // bytes of a pack, not of a token: keys and values of the left neighbour, where ranks split packs
};

// `on_gpu`: as its operators do it. `holds_attention`: of layers computed again what attention gave is kept.
struct Activations {
  Activations(const Model& model, at::ScalarType dtype, bool on_gpu, bool holds_attention = false);

  std::vector<LayerBytes> layers;
  double around = 0;  // bytes a token that are kept outside of the layers
  double shared = 0;  // and once, if two layers or more are computed again: the first one's values, which the others take

  // Of a stretch of `tokens`, when the first `recomputed` layers are computed again: what is kept in all, at the most.
  double bytes(int64_t tokens, int64_t recomputed, bool split = false) const;
  double working(int64_t tokens) const;
};

}  // namespace smooth
