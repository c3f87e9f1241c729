// Context parallelism for layers whose reach to the left is bounded: the ranks of a group hold neighbouring stretches of one pack, and a
// layer exchanges with its neighbours a window's keys and values, or a state, however long the pack.
#pragma once

#include <vector>

#include "data/batch.h"
#include "model/halo.h"
#include "model/model.h"
#include "trainer/ranks.h"

namespace smooth {

class ContextGroup : public Halo {
 public:
  // `size` neighbouring ranks. Throws when they do not divide the ranks, or a layer of the model reaches over all of a document.
  ContextGroup(int64_t size, Ranks& ranks, const Model& model);

  int64_t number() const { return ranks_.rank() / size_; }  // of this rank's group
  int64_t groups() const { return ranks_.size() / size_; }
  // This rank's stretch of a pack: as long as the others', or as a window where that is longer; the last ones may be empty.
  Batch stretch_of(const Batch& pack) const;
  Halo* halo() { return size_ > 1 ? this : nullptr; }
  void finish();  // until all that was sent has been taken

  void send_right(const at::Tensor& x) override { sent_.push_back(ranks_.send(x, ranks_.rank() + 1)); }
  void send_left(const at::Tensor& x) override { sent_.push_back(ranks_.send(x, ranks_.rank() - 1)); }
  void take_left(const at::Tensor& into) override { ranks_.take(into, ranks_.rank() - 1).wait(); }
  void take_right(const at::Tensor& into) override { ranks_.take(into, ranks_.rank() + 1).wait(); }

 private:
  int64_t size_, shortest_;
  Ranks& ranks_;
  std::vector<Pending> sent_;
};

}  // namespace smooth
