// Documents of different lengths into packs of one length, none cut.
#pragma once

#include <cstdint>
#include <vector>

namespace smooth {

using Pack = std::vector<int64_t>;  // documents by number

// Best fit: each document goes to the fullest pack that still has room, longest documents first. O(n log n).
std::vector<Pack> best_fit(const std::vector<int64_t>& lengths, int64_t context);

}  // namespace smooth
