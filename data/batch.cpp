#include "data/batch.h"

#include <algorithm>
#include <cstddef>

namespace smooth {

void Batch::add(const Example& example) {
  const std::size_t length = example.ids.size();
  ids.insert(ids.end(), example.ids.begin(), example.ids.end());
  for (std::size_t t = 0; t < length; ++t) {
    const bool predicted = t + 1 < length && example.target[t + 1] != 0;
    targets.push_back(predicted ? example.ids[t + 1] : -1);
    num_targets += predicted ? 1 : 0;
  }
  cu_seqlens.push_back(static_cast<int32_t>(ids.size()));
}

Batch Batch::stretch(int64_t begin, int64_t end) const {
  Batch part;
  part.ids.assign(ids.begin() + begin, ids.begin() + end);
  part.targets.assign(targets.begin() + begin, targets.begin() + end);
  part.num_targets = std::count_if(part.targets.begin(), part.targets.end(), [](int64_t target) { return target >= 0; });
  if (begin == end) return part;
  for (std::size_t n = 0; n + 1 < cu_seqlens.size(); ++n) {
    const int64_t first = cu_seqlens[n], last = cu_seqlens[n + 1];
    if (last <= begin || first >= end) continue;
    if (first < begin) part.before = begin - first;
    part.cu_seqlens.push_back(static_cast<int32_t>(std::min(last, end) - begin));
    part.continues = last > end;
  }
  return part;
}

void Batch::add(std::span<const uint32_t> tokens) {
  const std::size_t begin = ids.size(), length = tokens.size();
  ids.resize(begin + length);
  targets.resize(begin + length, -1);
  for (std::size_t t = 0; t < length; ++t) ids[begin + t] = tokens[t] & ~kTargetBit;
  for (std::size_t t = 1; t < length; ++t) {
    if ((tokens[t] & kTargetBit) == 0) continue;
    targets[begin + t - 1] = ids[begin + t];
    ++num_targets;
  }
  cu_seqlens.push_back(static_cast<int32_t>(ids.size()));
}

}  // namespace smooth
