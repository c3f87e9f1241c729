#include "data/training/packing.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

namespace smooth {

std::vector<Pack> best_fit(const std::vector<int64_t>& lengths, int64_t context) {
  std::vector<int64_t> longest_first(lengths.size());
  std::iota(longest_first.begin(), longest_first.end(), 0);
  std::stable_sort(longest_first.begin(), longest_first.end(), [&](int64_t a, int64_t b) { return lengths[a] > lengths[b]; });
  std::vector<Pack> packs;
  std::set<std::pair<int64_t, size_t>> rooms;  // what is left in a pack, and its number: of two as full the first is taken
  for (const int64_t document : longest_first) {
    const int64_t length = lengths[document];
    const auto found = rooms.lower_bound({length, 0});
    std::pair<int64_t, size_t> place(context, packs.size());
    if (found == rooms.end()) {
      packs.emplace_back();
    } else {
      place = rooms.extract(found).value();
    }
    packs[place.second].push_back(document);
    rooms.emplace(place.first - length, place.second);
  }
  return packs;
}

}  // namespace smooth
