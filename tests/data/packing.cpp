// Best fit: what it promises, and that it is what the readable way of it gives.
#include "data/training/packing.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>
#include <set>

#include "data/random.h"

using namespace smooth;

namespace {

// The classic: longest first, each into the first pack that has room.
size_t first_fit_decreasing(std::vector<int64_t> lengths, int64_t context) {
  std::sort(lengths.rbegin(), lengths.rend());
  std::vector<int64_t> room;
  for (const int64_t length : lengths) {
    size_t i = 0;
    while (i < room.size() && room[i] < length) ++i;
    if (i == room.size()) room.push_back(context);
    room[i] -= length;
  }
  return room.size();
}

// The readable twin: every pack is looked at for every document.
std::vector<Pack> best_fit_by_looking(const std::vector<int64_t>& lengths, int64_t context) {
  std::vector<int64_t> documents(lengths.size());
  std::iota(documents.begin(), documents.end(), 0);
  std::stable_sort(documents.begin(), documents.end(), [&](int64_t a, int64_t b) { return lengths[a] > lengths[b]; });
  std::vector<Pack> packs;
  std::vector<int64_t> room;
  for (const int64_t document : documents) {
    size_t best = packs.size();
    for (size_t i = 0; i < packs.size(); ++i) {
      if (room[i] >= lengths[document] && (best == packs.size() || room[i] < room[best])) best = i;
    }
    if (best == packs.size()) {
      packs.emplace_back();
      room.push_back(context);
    }
    packs[best].push_back(document);
    room[best] -= lengths[document];
  }
  return packs;
}

std::vector<int64_t> some_lengths(Random& random, int64_t most, int64_t context) {
  std::vector<int64_t> lengths(random.below(most));
  const int64_t longest = random.below(3) ? std::max<int64_t>(1, context / random.randint(1, 4)) : context;
  for (int64_t& length : lengths) length = random.randint(1, longest);
  return lengths;
}

}  // namespace

TEST_CASE("best fit: packs are full but not over, each document stands once, as good as first fit decreasing", "[cpu]") {
  Random random(3);
  size_t packs_made = 0, packs_first_fit = 0;
  for (int i = 0; i < 400; ++i) {
    const int64_t context = random.randint(1, 300);
    const std::vector<int64_t> lengths = some_lengths(random, 120, context);
    const std::vector<Pack> packs = best_fit(lengths, context);
    std::vector<int64_t> used, packed;
    for (const Pack& pack : packs) {
      REQUIRE_FALSE(pack.empty());
      used.push_back(0);
      for (const int64_t document : pack) used.back() += lengths[document];
      REQUIRE(used.back() <= context);
      packed.insert(packed.end(), pack.begin(), pack.end());
    }
    std::sort(packed.begin(), packed.end());
    std::vector<int64_t> all(lengths.size());
    std::iota(all.begin(), all.end(), 0);
    REQUIRE(packed == all);
    std::sort(used.begin(), used.end());
    if (used.size() > 1) REQUIRE(used[0] + used[1] > context);  // no two packs could have been one
    const size_t first_fit = first_fit_decreasing(lengths, context);
    REQUIRE(packs.size() <= first_fit + 1);
    packs_made += packs.size();
    packs_first_fit += first_fit;
  }
  REQUIRE(packs_made > 4000);
  REQUIRE(packs_made <= packs_first_fit);
}

TEST_CASE("best fit takes the fullest pack that has room", "[cpu]") {
  REQUIRE(best_fit({60, 50, 40, 30}, 100) == std::vector<Pack>{{0, 2}, {1, 3}});  // 60 + 40: full
  REQUIRE(best_fit({30, 60, 60, 30}, 100) == std::vector<Pack>{{1, 0}, {2, 3}});  // of two as full, the first
  REQUIRE(best_fit({}, 100).empty());
}

TEST_CASE("best fit gives the packs that looking at every pack gives", "[cpu]") {
  Random random(4);
  size_t packs = 0;
  for (int i = 0; i < 300; ++i) {
    const int64_t context = random.randint(1, 500);
    std::vector<int64_t> lengths = some_lengths(random, 400, context);
    for (int64_t& length : lengths) {
      if (random.below(50) == 0) length = static_cast<int64_t>(random.below(2)) * 2 * context;  // empty, or in no pack's reach
    }
    const std::vector<Pack> expected = best_fit_by_looking(lengths, context);
    REQUIRE(best_fit(lengths, context) == expected);
    packs += expected.size();
  }
  REQUIRE(packs > 10000);
}
