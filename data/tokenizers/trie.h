// A set of byte strings, each with an id, in which the longest one that begins a text is found at one array look-up a
// byte: a double array (Aoe, 1989). Child c of a node with base b stands at slot b + c, and names its parent.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace smooth {

class Trie {
 public:
  // Entries must be distinct and not empty, ids at least 0.
  explicit Trie(std::vector<std::pair<std::string_view, int64_t>> entries);

  struct Match {
    size_t length = 0;  // 0: no entry begins the text
    int64_t id = -1;
  };
  Match longest(std::string_view text) const {
    Match match;
    int32_t node = 0;
    for (size_t at = 0; at < text.size(); ++at) {
      const int32_t child = slots_[node].base + static_cast<uint8_t>(text[at]);
      if (slots_[child].parent != node) break;
      node = child;
      if (slots_[node].id >= 0) match = {at + 1, slots_[node].id};
    }
    return match;
  }

 private:
  struct Slot {
    int32_t base = 0, parent = -1, id = -1;
  };
  std::vector<Slot> slots_;  // node 0 is the root; the array ends in 256 free slots, so that base + c is always in it
};

}  // namespace smooth
