#include "trainer/context.h"

#include <algorithm>
#include <stdexcept>

namespace smooth {

ContextGroup::ContextGroup(int64_t size, Ranks& ranks, const Model& model) : size_(size), shortest_(std::max<int64_t>(1, model.window() - 1)), ranks_(ranks) {
  if (ranks.size() % size != 0) {
    throw std::runtime_error("ranks.context: " + std::to_string(size) + " does not divide the " + std::to_string(ranks.size()) + " ranks that were started");
  }
  if (size > 1 && model.reaches_all()) {
    throw std::runtime_error("ranks.context: " + std::to_string(size) + " ranks cannot split a pack of a model with dense layers (" + model.architecture() +
                             "); give it a sliding_window, or share its memory out by ranks.zero");
  }
}

Batch ContextGroup::stretch_of(const Batch& pack) const {
  const int64_t tokens = pack.num_tokens(), length = std::max((tokens + size_ - 1) / size_, shortest_), part = ranks_.rank() % size_;
  return pack.stretch(std::min(tokens, part * length), std::min(tokens, (part + 1) * length));
}

void ContextGroup::finish() {
  for (Pending& one : sent_) one.wait();
  sent_.clear();
}

}  // namespace smooth
