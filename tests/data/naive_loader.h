// The loader's readable twin: all samples in memory, every step of an epoch laid out at once, nothing kept, nothing ahead of time.
#pragma once

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "data/training/packing.h"
#include "data/random.h"
#include "data/training/token_cache.h"

namespace smooth {

struct NaiveLoader {
  std::vector<Sample> samples;
  int64_t context, batch;
  std::string batch_of, order;
  uint64_t seed;

  static int64_t size(const Example& document) { return static_cast<int64_t>(document.ids.size()); }

  std::vector<int64_t> in_order(int64_t epoch) const {
    std::vector<int64_t> numbers(samples.size());
    std::iota(numbers.begin(), numbers.end(), 0);
    if (order == "as-is") return numbers;
    Random random(seed, "epoch " + std::to_string(epoch));
    random.shuffle(numbers);
    if (order == "shuffled") return numbers;
    std::vector<double> length;
    for (const Sample& sample : samples) {
      int64_t longest = 0;
      for (const Example& document : sample.documents) longest = std::max(longest, size(document));
      length.push_back(static_cast<double>(longest) * (1 + (random.uniform() * 2 - 1) / 3));
    }
    std::stable_sort(numbers.begin(), numbers.end(), [&](int64_t a, int64_t b) { return length[a] < length[b]; });
    return numbers;
  }

  std::vector<Batch> packed(const std::vector<const Example*>& documents) const {
    std::vector<int64_t> lengths;
    for (const Example* document : documents) lengths.push_back(size(*document));
    std::vector<Batch> batches;
    for (const Pack& pack : best_fit(lengths, context)) {
      Batch& added = batches.emplace_back();
      for (const int64_t document : pack) added.add(*documents[document]);
    }
    return batches;
  }

  std::vector<std::vector<Batch>> epoch(int64_t number) const {
    std::vector<std::vector<Batch>> windows;  // samples that are packed together
    std::vector<const Example*> waiting;
    const std::vector<int64_t> numbers = in_order(number);
    const int64_t window = batch_of == "packs" ? 256 : batch;
    for (int64_t i = 0; i < static_cast<int64_t>(numbers.size()); ++i) {
      for (const Example& document : samples[numbers[i]].documents) waiting.push_back(&document);
      const bool full = (i + 1) % window == 0, rest = batch_of == "packs" && i + 1 == static_cast<int64_t>(numbers.size());
      if (!full && !rest) continue;
      windows.push_back(packed(waiting));
      waiting.clear();
    }
    if (batch_of == "samples") return windows;
    std::vector<std::vector<Batch>> steps;
    for (const std::vector<Batch>& packs : windows) {
      for (const Batch& pack : packs) {
        if (steps.empty() || static_cast<int64_t>(steps.back().size()) == batch) steps.emplace_back();
        steps.back().push_back(pack);
      }
    }
    return steps;
  }

  int64_t steps_per_epoch() const {
    const auto first = epoch(0);
    const bool rest = batch_of == "packs" && static_cast<int64_t>(first.back().size()) < batch;
    return static_cast<int64_t>(first.size()) - (rest ? 1 : 0);
  }

  std::vector<Batch> step(int64_t index) const {
    const int64_t steps = steps_per_epoch();
    const auto all = epoch(index / steps);
    return all[std::min<size_t>(index % steps, all.size() - 1)];
  }
};

}  // namespace smooth
