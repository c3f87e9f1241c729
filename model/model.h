// A language model: Batch -> logits for training, Step + State -> logits for reading. Parameter names equal the
// checkpoint's, so loading is equality, not translation.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "data/batch.h"
#include "model/files/safetensors.h"
#include "model/halo.h"
#include "model/state.h"

namespace smooth {

// How a forward pass is made.
struct Pass {
  int64_t recomputed = 0;  // of so many layers, the first ones, only the inputs are kept for the backward pass (ops/recompute.h)
  bool holds_attention = false;  // of these too what attention gave
  at::Tensor rows = {};          // [N] the tokens whose hidden states are wanted: what only others need is left out. Undefined: all
  Halo* halo = nullptr;    // of a pack that is split over processes: its neighbours
};

class Model {
 public:
  virtual ~Model() = default;

  // Final hidden states of packed documents: [T, C], or [N, C] of pass.rows. Differentiable.
  virtual at::Tensor forward(const Batch& batch, const Pass& pass = {}) const = 0;
  // Advances `state` by the step's tokens and gives their final hidden states: [S, C]. No gradients.
  virtual at::Tensor step(const Step& step, State& state) const = 0;
  virtual const at::Tensor& head() const = 0;  // [V, C]
  // Logits of hidden states: [N, C] -> [N, V].
  virtual at::Tensor logits(const at::Tensor& hidden) const;
  virtual std::unique_ptr<State> new_state(int64_t rows) const = 0;

  virtual std::vector<Parameter> parameters() const = 0;
  // Tensors of the checkpoint that nothing computes with: kept with the parameters, and not trained.
  virtual std::vector<Parameter> idle() const { return {}; }
  virtual int64_t vocab_size() const = 0;
  virtual int64_t num_layers() const = 0;
  virtual at::Device device() const = 0;
  virtual std::string architecture() const = 0;         // "dense", "SWA-128"
  virtual int64_t window() const = 0;                   // 0 for dense
  virtual bool reaches_all() const { return false; }    // does a layer attend to all of a document?
  virtual bool tied() const { return false; }           // the head is the embedding
  virtual std::string config_json() const = 0;          // config.json of its Hugging Face folder
};

// The rows of a table [V, C] for token ids: [T, C]. While gradients are wanted its result wants them too, even if the table is not
// trained: what follows is.
at::Tensor embedded(const at::Tensor& table, const std::vector<int64_t>& ids);

// The rows [N] of x [T, C] -> [N, C]; all of it where they are undefined.
at::Tensor rows_of(const at::Tensor& x, const at::Tensor& rows);

// All that a checkpoint of the model holds: parameters, then idle tensors.
std::vector<Parameter> stored_tensors(const Model& model);

// The sum of the negative log likelihoods of the batch's targets, in fp32, for dividing by the global count: []. Only hidden states at
// target positions meet the head, and in pieces (ops/head_loss.h). No graph is left.
at::Tensor loss_sum(const Model& model, const Batch& batch, const Pass& pass = {});

// The same, and adds its gradients: the head's weight's to `d_head` [V, C] (undefined: it is not trained), every other parameter's to
// its .grad().
at::Tensor add_gradients(const Model& model, const Batch& batch, const at::Tensor& d_head, const Pass& pass = {});

// "cpu", or "cuda" and which of the GPUs; throws when this machine or build has no such device. CUDA's libraries are opened only here.
at::Device open_device(const std::string& name, int64_t number = 0);

// Threads (0: as OMP_NUM_THREADS says, all cores without it); and the memory that tensors leave is kept for the next ones, where
// otherwise each large one gets its pages from the system anew: an eighth or more of a prefill's time.
void prepare_process(int64_t threads);

}  // namespace smooth
