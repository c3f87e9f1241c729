// Words are numbers here, and 64 columns of the table of longest common subsequences are one word of bits (Hyyrö, "Bit-parallel LCS
// length computation revisited", 2004): only the steps from column to column are kept, and they are all that going back needs.
#include "data/scores/rouge_l.h"

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "data/scores/python_text.h"

namespace smooth {
namespace {

// The package goes back through the table by recursion. Beyond this many steps Python, called as LongBench's eval.py calls it, is at
// its limit of 1000 calls, and eval.py counts the exception as 0.
constexpr size_t kMostSteps = 990;

using Words = std::vector<int32_t>;

constexpr size_t kNone = ~size_t{0};

class Vocabulary {
 public:
  int32_t id(std::string_view word) { return ids_.try_emplace(word, static_cast<int32_t>(ids_.size())).first->second; }
  size_t size() const { return ids_.size(); }

 private:
  std::unordered_map<std::string_view, int32_t> ids_;
};

// What lies between full stops, of decimals too. A segment of white space alone is one word, the empty one.
std::vector<Words> segments(std::string_view text, Vocabulary& vocabulary) {
  std::vector<Words> segments;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('.', begin), text.size());
    if (end > begin) {
      Words& segment = segments.emplace_back();
      for (const std::string_view word : split(text.substr(begin, end - begin))) segment.push_back(vocabulary.id(word));
      if (segment.empty()) segment.push_back(vocabulary.id(""));
    }
    begin = end + 1;
  }
  return segments;
}

size_t count_distinct(const std::vector<Words>& segments, size_t num_words) {
  std::vector<char> seen(num_words);
  for (const Words& segment : segments) {
    for (const int32_t word : segment) seen[word] = 1;
  }
  return std::count(seen.begin(), seen.end(), 1);
}

// A segment of the prediction: the columns of its tables.
class Columns {
 public:
  Columns(const Words& words, size_t num_words) : words_(words), blocks_((words.size() + 63) / 64), first_(num_words, kNone), next_(words.size()) {
    for (size_t j = 0; j < words.size(); ++j) next_[j] = std::exchange(first_[words[j]], j);
  }

  // Marks the words of a longest common subsequence with `rows`: the one that the package finds, since the words of many segments
  // are united. False where the package would give up.
  bool mark_common(const Words& rows, std::vector<char>& marked) {
    if (std::min(rows.size(), words_.size()) > kMostSteps) return false;
    fill(rows);
    size_t i = rows.size(), j = words_.size(), steps = 0;
    for (; i > 0 && j > 0; ++steps) {
      if (rows[i - 1] == words_[j - 1]) {
        marked[rows[--i]] = 1;
        --j;
      } else if (rises(i - 1, j - 1)) {
        --i;  // table[i - 1, j] > table[i, j - 1]; a tie goes the other way
      } else {
        --j;
      }
    }
    return steps <= kMostSteps;
  }

 private:
  // flat_[i, j] = 1 where table[i + 1, j + 1] = table[i + 1, j].
  void fill(const Words& rows) {
    flat_.resize(rows.size() * blocks_);
    std::vector<uint64_t> ones(blocks_, ~0ull), match(blocks_);
    const uint64_t* above = ones.data();
    for (size_t i = 0; i < rows.size(); ++i) {
      uint64_t* row = flat_.data() + i * blocks_;
      for (size_t j = first_[rows[i]]; j != kNone; j = next_[j]) match[j / 64] |= 1ull << (j % 64);
      uint64_t carry = 0;
      for (size_t b = 0; b < blocks_; ++b) {
        // V' = (V + (V & M)) | (V & ~M)
        const uint64_t v = above[b], sum = v + (v & match[b]), with_carry = sum + carry;
        carry = (sum < v) | (with_carry < sum);
        row[b] = with_carry | (v & ~match[b]);
      }
      for (size_t j = first_[rows[i]]; j != kNone; j = next_[j]) match[j / 64] = 0;
      above = row;
    }
  }

  bool rises(size_t i, size_t j) const { return !(flat_[i * blocks_ + j / 64] >> (j % 64) & 1); }

  const Words& words_;
  size_t blocks_;
  std::vector<size_t> first_, next_;  // the columns of each word, as a chain
  std::vector<uint64_t> flat_;        // [rows, blocks]
};

}  // namespace

// With U the words of the longest common subsequences of every segment of the prediction with every one of the answer:
// p = |U| / |words of the prediction|, r = |U| / |words of the answer|, f = 2 pr / (p + r + 1e-8), words counted once each.
double rouge_l(std::string_view prediction, std::string_view answer) {
  Vocabulary vocabulary;
  const std::vector<Words> predicted = segments(prediction, vocabulary), wanted = segments(answer, vocabulary);
  if (predicted.empty() || wanted.empty()) return 0;
  std::vector<char> common(vocabulary.size());
  for (const Words& segment : predicted) {
    Columns columns(segment, vocabulary.size());
    for (const Words& rows : wanted) {
      if (!columns.mark_common(rows, common)) return 0;
    }
  }
  const auto count = static_cast<double>(std::count(common.begin(), common.end(), 1));
  const double r = count / static_cast<double>(count_distinct(wanted, vocabulary.size()));
  const double p = count / static_cast<double>(count_distinct(predicted, vocabulary.size()));
  return 2.0 * ((p * r) / (p + r + 1e-8));
}

}  // namespace smooth
