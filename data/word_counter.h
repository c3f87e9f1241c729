// About how many tokens a text has.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "data/tokenizer.h"

namespace smooth {

// Tokens of text in the middle of a text, counted word by word: pieces hardly ever reach over a blank, and the words of a
// haystack are few. A first guess; what a task has is counted on the whole of it.
class WordCounter {
 public:
  explicit WordCounter(const Tokenizer& tokenizer) : tokenizer_(tokenizer), anchor_(count(".")) {}

  int64_t operator()(const std::string& text) {
    int64_t tokens = 0;
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find(' ', begin + 1), text.size());
      const auto [entry, is_new] = seen_.try_emplace(text.substr(begin, end - begin), 0);
      if (is_new) entry->second = count("." + entry->first) - anchor_;
      tokens += entry->second;
      begin = end;
    }
    return tokens;
  }

 private:
  int64_t count(const std::string& text) const { return static_cast<int64_t>(tokenizer_.encode(text).size()); }
  const Tokenizer& tokenizer_;
  int64_t anchor_;
  std::unordered_map<std::string, int64_t> seen_;
};

}  // namespace smooth
