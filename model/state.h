// Hidden memory: what a model carries from one chunk to the next. The caller owns it; a model only advances it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "model/files/safetensors.h"
#include "model/window.h"

namespace smooth {

// Legend: B rows, W window, G key-value heads, D head width, S tokens of one step (all rows end to end).

class State {
 public:
  virtual ~State() = default;
  virtual std::unique_ptr<State> clone() const = 0;
  virtual void reset(int64_t row) = 0;          // the row forgets everything; its positions start at 0 again
  virtual int64_t rows() const = 0;
  virtual int64_t seen(int64_t row) const = 0;  // tokens taken in since the last reset
  virtual int64_t bytes() const = 0;            // memory of all rows
  virtual void save(const std::string& file) const = 0;  // safetensors
  virtual void load(const std::string& file) = 0;        // of the same model and number of rows
};

// The tokens that one step feeds: row `rows[n]` of the state takes the next `lengths[n]` of `ids`. Rows are distinct.
struct Step {
  std::vector<int64_t> ids;      // [S]
  std::vector<int64_t> rows;     // [N]
  std::vector<int64_t> lengths;  // [N], each at least 1

  int64_t num_tokens() const { return static_cast<int64_t>(ids.size()); }
};

// Slots that all layers of one window share. A token at position p lies in slot p mod W, so W slots hold exactly what
// the next token may see and memory stays constant however long the reading; a dense layer's slots grow instead.
struct Ring {
  int64_t window = 0;    // 0: dense
  at::Tensor positions;  // [B, slots] int64, -1 where empty
};

class KvState : public State {
 public:
  // windows[l] is layer l's window, 0 for dense, kNoKeys for none.
  KvState(int64_t rows, std::vector<int64_t> windows, int64_t kv_heads, int64_t head_dim, at::TensorOptions options);

  std::unique_ptr<State> clone() const override;
  void reset(int64_t row) override;
  int64_t rows() const override { return static_cast<int64_t>(seen_.size()); }
  int64_t seen(int64_t row) const override { return seen_.at(row); }
  int64_t bytes() const override;
  void save(const std::string& file) const override;
  void load(const std::string& file) override;

  size_t ring_of(int64_t layer) const { return ring_of_[layer]; }
  std::vector<Ring>& rings() { return rings_; }
  at::Tensor& keys(int64_t layer) { return keys_[layer]; }      // [B, slots, G, D]
  at::Tensor& values(int64_t layer) { return values_[layer]; }  // [B, slots, G, D]
  void make_room(int64_t tokens);               // dense rings: slots for positions below `tokens`
  std::vector<Parameter> tensors() const;       // by name, as files hold them
  void take(const Safetensors& stored);         // throws, and has changed nothing, when they do not fit
  void advance(int64_t row, int64_t tokens) { seen_[row] += tokens; }

 private:
  std::vector<Ring> rings_;
  std::vector<size_t> ring_of_;            // [L]
  std::vector<at::Tensor> keys_, values_;  // [L], undefined for kNoKeys
  std::vector<int64_t> seen_;    // [B]
};

}  // namespace smooth
