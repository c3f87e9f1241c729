// The ids of words met before: a text repeats itself, and looking a word up costs a tenth of merging it anew. Words and ids lie in
// two arenas, so that nothing is allocated for a word; a full cache is emptied.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "data/tokenizers/merges.h"

namespace smooth {

class WordCache {
 public:
  static constexpr size_t kLongest = 64;  // bytes; longer words seldom come back

  WordCache();
  static uint64_t hash(std::string_view word);
  // Empty if the word is not known. Valid until the next `add`.
  std::span<const TokenId> find(std::string_view word, uint64_t hash) const;
  void add(std::string_view word, uint64_t hash, std::span<const TokenId> ids);

 private:
  struct Slot {
    uint32_t hash;  // its upper half
    uint32_t word;  // where it begins in words_
    uint32_t ids;   // where they begin in ids_
    uint8_t length = 0, count = 0;
  };
  size_t place(std::string_view word, uint64_t hash) const;  // of the word, or of the free slot that it would take
  void clear();

  std::vector<Slot> slots_;  // open addressing, a power of two
  std::vector<char> words_;
  std::vector<TokenId> ids_;
  size_t used_ = 0;
};

// Caches for as many threads as encode at once: each borrows one and gives it back warm.
class WordCaches {
 public:
  std::unique_ptr<WordCache> borrow();
  void give_back(std::unique_ptr<WordCache> cache);

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<WordCache>> free_;
};

}  // namespace smooth
