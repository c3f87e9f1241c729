// Byte pair encoding proper: the pair of the lowest rank is merged, the leftmost first, until none is left.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace smooth {

using TokenId = uint32_t;

struct Merge {
  TokenId left, right, result;
};

class Merges {
 public:
  // `bytes`: the id of each byte; `merges` by rank, each pair once.
  Merges(const std::array<TokenId, 256>& bytes, const std::vector<Merge>& merges);

  // Appends the ids of one piece. Takes O(n log n), a short piece a few operations a byte.
  void encode(std::string_view piece, std::vector<TokenId>& ids) const;

 private:
  struct Entry {
    TokenId left, right;
    uint32_t rank;
    TokenId result;
  };
  const Entry& find(TokenId left, TokenId right) const;  // of rank kNone if they do not merge
  void encode_short(std::string_view piece, std::vector<TokenId>& ids) const;
  void encode_long(std::string_view piece, std::vector<TokenId>& ids) const;

  std::array<TokenId, 256> bytes_;
  std::vector<Entry> table_;  // open addressing, a power of two
};

}  // namespace smooth
