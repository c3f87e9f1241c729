// Words are counted once: one bit a byte says where a word begins, and counts per 64 bytes are summed up, so that the
// words of any piece cost two look-ups. Splitting then searches each byte at most once for each delimiter.
#include "data/chunker.h"

#include <algorithm>
#include <array>
#include <bit>
#include <stdexcept>
#include <string>

#include "data/tokenizers/utf8.h"

namespace smooth {
namespace {

// The paper, A.1.1, strongest first.
constexpr std::array<std::string_view, 12> kDelimiters = {
    "\n\n\n", "\n\n", "\n", ". ", ".", "! ", "? ", ", ", "; ", ": ", " \xe2\x80\x93 ", " "};
// Level 0 is the borders of units. After the delimiters any other whitespace: the list has none for a tab, and cells of a table are not
// one word.
constexpr size_t kLevels = kDelimiters.size() + 2;

// Which bytes of a text belong to whitespace, 64 to a word.
std::vector<uint64_t> whitespace_bits(std::string_view text) {
  std::vector<uint64_t> bits(text.size() / 64 + 1, 0);
  for (size_t block = 0; block < text.size(); block += 64) {
    const size_t end = std::min(block + 64, text.size());
    uint64_t mask = 0;
    uint8_t any = 0;
    for (size_t at = block; at < end; ++at) {
      const auto byte = static_cast<uint8_t>(text[at]);
      const bool blank = static_cast<uint8_t>(byte - 9) < 5 || static_cast<uint8_t>(byte - 0x1c) < 5;
      mask |= static_cast<uint64_t>(blank) << (at - block);
      any |= byte;
    }
    bits[block / 64] |= mask;
    if (any < 0x80) continue;
    for (size_t at = block; at < end; ++at) {  // whitespace of more bytes may reach into the next block
      const auto byte = static_cast<uint8_t>(text[at]);
      if (byte < 0xc2 || byte > 0xe3) continue;  // begins none
      for (size_t i = 0, size = whitespace_at(text, at); i < size; ++i) bits[(at + i) / 64] |= 1ull << ((at + i) % 64);
    }
  }
  return bits;
}

class WordIndex {
 public:
  explicit WordIndex(std::string_view text)
      : blanks_(whitespace_bits(text)), starts_(blanks_.size()), sums_(blanks_.size()) {
    uint64_t blank_before = 1;
    int64_t sum = 0;
    for (size_t i = 0; i < blanks_.size(); ++i) {
      starts_[i] = ~blanks_[i] & (blanks_[i] << 1 | blank_before);
      blank_before = blanks_[i] >> 63;
      sums_[i] = sum;
      sum += std::popcount(starts_[i]);
    }
  }

  bool blank(size_t at) const { return blanks_[at / 64] >> (at % 64) & 1; }

  // Words of text[begin, end) taken by itself: those that begin in it, and the rest of one that is cut at its
  // beginning.
  int64_t words(size_t begin, size_t end) const {
    if (begin == end) return 0;
    const bool cut = !blank(begin) && !(starts_[begin / 64] >> (begin % 64) & 1);
    return starts_before(end) - starts_before(begin) + cut;
  }

 private:
  int64_t starts_before(size_t at) const {
    return sums_[at / 64] + std::popcount(starts_[at / 64] & ((1ull << (at % 64)) - 1));
  }
  std::vector<uint64_t> blanks_, starts_;  // [bytes / 64 + 1]
  std::vector<int64_t> sums_;              // words that begin before the block
};

class Splitter {
 public:
  Splitter(std::string_view text, int64_t limit, const std::vector<int64_t>& borders)
      : text_(text), borders_(borders), index_(text), max_words_((2 * limit + 1) / 3) {}

  std::vector<std::string_view> chunks() {
    split(0, text_.size(), borders_.empty() ? 1 : 0);
    return std::move(chunks_);
  }

 private:
  bool fits(size_t begin, size_t end) const { return index_.words(begin, end) <= max_words_; }

  // The end of the piece that begins at `at`: behind the next delimiter and all whitespace after it, or `end`. No piece
  // is whitespace alone, or a chunk could be: a turn without a word.
  size_t piece_end(size_t at, size_t end, size_t level) const {
    at = skip(at, end, true);
    if (level == 0) {
      const auto border = std::upper_bound(borders_.begin(), borders_.end(), static_cast<int64_t>(at));
      at = border == borders_.end() ? end : static_cast<size_t>(*border);
    } else if (level <= kDelimiters.size()) {
      const std::string_view delimiter = kDelimiters[level - 1];
      const size_t found = text_.substr(at, end - at).find(delimiter);
      at = found == std::string_view::npos ? end : at + found + delimiter.size();
    } else {
      at = skip(at, end, false);
    }
    return skip(at, end, true);
  }

  size_t skip(size_t at, size_t end, bool blanks) const {
    while (at < end && index_.blank(at) == blanks) ++at;
    return at;
  }

  // Appends the chunks of text[begin, end), which no delimiter stronger than `level` divides.
  void split(size_t begin, size_t end, size_t level) {
    if (begin == end) return;
    if (level == kLevels || fits(begin, end)) {
      chunks_.push_back(text_.substr(begin, end - begin));
      return;
    }
    size_t chunk = begin;  // of pieces merged so far, up to `at`
    for (size_t at = begin; at < end;) {
      const size_t next = piece_end(at, end, level);
      if (!fits(chunk, next)) {
        split(chunk, at, level + 1);  // merged pieces fit and are a chunk; a single one may go on to the next level
        chunk = at;
      }
      at = next;
    }
    split(chunk, end, level + 1);
  }

  std::string_view text_;
  const std::vector<int64_t>& borders_;
  WordIndex index_;
  int64_t max_words_;  // the most words w with Int(1.5 w) <= limit
  std::vector<std::string_view> chunks_;
};

}  // namespace

int64_t estimated_tokens(std::string_view text) { return WordIndex(text).words(0, text.size()) * 3 / 2; }

std::vector<std::string_view> chunk(std::string_view text, int64_t limit, const std::vector<int64_t>& borders) {
  if (limit < 1) throw std::invalid_argument("chunk: a limit of " + std::to_string(limit) + " tokens holds no word");
  const auto size = static_cast<int64_t>(text.size());
  if (!std::is_sorted(borders.begin(), borders.end()) || (!borders.empty() && (borders.front() < 0 || borders.back() > size))) {
    throw std::invalid_argument("chunk: borders have to ascend within the text");
  }
  return Splitter(text, limit, borders).chunks();
}

}  // namespace smooth
