#include "data/scores/code_similarity.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <unordered_map>
#include <vector>

#include "data/scores/python_text.h"

namespace smooth {
namespace {

// The first line without a sign of a comment or of Markdown's fence; a blank line is one.
std::string_view code_line(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of('\n'), text.size()));
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    if (line.find_first_of("`#") == line.npos && line.find("//") == line.npos) return line;
    begin = end + 1;
  }
  return {};
}

// Ratcliff and Obershelp's blocks in common, as CPython's difflib.SequenceMatcher finds them: not the same when a and b change places.
class Matcher {
 public:
  Matcher(const std::u32string& a, const std::u32string& b) : a_(a), b_(b) {
    for (size_t j = 0; j < b.size(); ++j) places_[b[j]].push_back(j);
    // "Popular": in a long b, a character that is more than a hundredth of it begins no block.
    if (b.size() >= 200) std::erase_if(places_, [&](const auto& entry) { return entry.second.size() > b.size() / 100 + 1; });
  }

  // Characters in blocks: the longest one, then those left of it and those right of it.
  size_t matches() const {
    size_t sum = 0;
    std::vector<Range> open = {{0, a_.size(), 0, b_.size()}};
    while (!open.empty()) {
      const Range range = open.back();
      open.pop_back();
      const Block block = longest(range);
      if (block.size == 0) continue;
      sum += block.size;
      open.push_back({range.a_begin, block.a, range.b_begin, block.b});
      open.push_back({block.a + block.size, range.a_end, block.b + block.size, range.b_end});
    }
    return sum;
  }

 private:
  struct Range {
    size_t a_begin, a_end, b_begin, b_end;
  };
  struct Block {
    size_t a, b, size;
  };

  // Where `c` stands in b, within the range.
  std::pair<const size_t*, const size_t*> places(char32_t c, const Range& range) const {
    const auto found = places_.find(c);
    if (found == places_.end()) return {nullptr, nullptr};
    const size_t *begin = found->second.data(), *end = begin + found->second.size();
    begin = std::lower_bound(begin, end, range.b_begin);
    return {begin, std::lower_bound(begin, end, range.b_end)};
  }

  // Of the longest blocks the one that begins earliest in a, of those the earliest in b.
  Block longest(const Range& range) const {
    Block best = {range.a_begin, range.b_begin, 0};
    std::vector<size_t> before(range.b_end - range.b_begin + 1), now(before.size());  // [j + 1]: of the block that ends with a[i], b[j]
    for (size_t i = range.a_begin; i < range.a_end; ++i) {
      const auto [begin, end] = places(a_[i], range);
      for (const size_t* j = begin; j != end; ++j) {
        const size_t column = *j - range.b_begin, size = before[column] + 1;
        now[column + 1] = size;
        if (size > best.size) best = {i + 1 - size, *j + 1 - size, size};
      }
      if (i > range.a_begin) {
        const auto [old, old_end] = places(a_[i - 1], range);
        for (const size_t* j = old; j != old_end; ++j) before[*j - range.b_begin + 1] = 0;
      }
      std::swap(before, now);
    }
    return extended(best, range);
  }

  // Popular characters may lengthen a block.
  Block extended(Block block, const Range& range) const {
    while (block.a > range.a_begin && block.b > range.b_begin && a_[block.a - 1] == b_[block.b - 1]) block = {block.a - 1, block.b - 1, block.size + 1};
    while (block.a + block.size < range.a_end && block.b + block.size < range.b_end && a_[block.a + block.size] == b_[block.b + block.size]) ++block.size;
    return block;
  }

  const std::u32string &a_, &b_;
  std::unordered_map<char32_t, std::vector<size_t>> places_;
};

size_t longest_common_subsequence(const std::u32string& a, const std::u32string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (const char32_t c : a) {
    size_t diagonal = 0;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t above = row[j + 1];
      row[j + 1] = c == b[j] ? diagonal + 1 : std::max(above, row[j]);
      diagonal = above;
    }
  }
  return row.back();
}

double ratio(const std::u32string& a, const std::u32string& b, const std::string& backend) {
  const auto total = static_cast<double>(a.size() + b.size());
  if (backend == "difflib") return 2.0 * static_cast<double>(Matcher(a, b).matches()) / total;
  // Insertions and deletions only. (total - distance) / total would round differently, at total = 40 for one.
  const double distance = total - 2.0 * static_cast<double>(longest_common_subsequence(a, b));
  return 1.0 - distance / total;
}

}  // namespace

// fuzzywuzzy's fuzz.ratio, which rounds to whole per cent, half to even.
double code_similarity(std::string_view prediction, std::string_view answer, const std::string& backend) {
  if (backend != "difflib" && backend != "levenshtein") throw std::invalid_argument("no code backend '" + backend + "'; choose difflib or levenshtein");
  const std::u32string line = characters(code_line(prediction)), gold = characters(answer);
  if (line == gold) return 1;
  if (line.empty() || gold.empty()) return 0;
  return std::nearbyint(100 * ratio(line, gold, backend)) / 100;
}

}  // namespace smooth
