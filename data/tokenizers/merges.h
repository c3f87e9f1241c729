// Byte pair encoding proper: the pair of the lowest rank is merged, the leftmost first, until none is left. What the symbols are
// that are merged, bytes or characters, is the caller's.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace smooth {

using TokenId = uint32_t;

struct Merge {
  TokenId left, right, result;
  uint32_t rank;  // of merges of one rank the leftmost is made
};

class Merges {
 public:
  explicit Merges(const std::vector<Merge>& merges);  // each pair once

  // Appends what becomes of `symbols`, which are scratch afterwards. Takes O(n log n), few symbols a few operations each.
  void apply(std::span<TokenId> symbols, std::vector<TokenId>& ids) const;

 private:
  struct Entry {
    TokenId left, right;
    uint32_t rank;
    TokenId result;
  };
  const Entry& find(TokenId left, TokenId right) const;  // of rank kNone if they do not merge
  void apply_to_few(std::span<TokenId> symbols, std::vector<TokenId>& ids) const;
  void apply_to_many(std::span<const TokenId> symbols, std::vector<TokenId>& ids) const;

  std::vector<Entry> table_;  // open addressing, a power of two
};

}  // namespace smooth
