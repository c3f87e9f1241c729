// Finds added tokens in a text: the leftmost one, the longest where several begin at one place.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "data/tokenizers/merges.h"

namespace smooth {

class AddedTokens {
 public:
  void add(const std::string& text, TokenId id);

  struct Match {
    size_t begin, end;
    TokenId id;
  };
  // The first one from `from` on; begin == end == text.size() if there is none.
  Match find(std::string_view text, size_t from) const;

 private:
  struct Token {
    std::string text;
    TokenId id;
  };
  std::array<std::vector<Token>, 256> by_first_byte_;  // longest first
  std::array<bool, 256> begins_{};
  bool none_ = true;
};

}  // namespace smooth
