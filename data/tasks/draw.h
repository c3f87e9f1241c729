// Which of many, in which order, how long: draws that depend on a seed alone.
#pragma once

#include <cstdint>
#include <vector>

namespace smooth {

// The index-th of 0 ... n-1 in an order of its own for every seed; each once. A Feistel network over the next power of four, walked on
// where it leaves the range.
int64_t shuffled(uint64_t seed, int64_t index, int64_t n);

// Which texts to keep so that those kept have this mean length: text i stays with a probability that rises or falls exponentially with
// its length (of all ways to shift a mean the one that changes a distribution least, by relative entropy). All, where no choice could
// have that mean.
std::vector<bool> thin_to_mean(const std::vector<int64_t>& lengths, int64_t mean);

}  // namespace smooth
