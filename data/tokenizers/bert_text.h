// What BERT does to text before it looks for word pieces: Hugging Face tokenizers' BertNormalizer and BertPreTokenizer.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace smooth {

struct BertText {
  bool clean_text = true;            // drop NUL, U+FFFD and control characters; white space becomes a blank
  bool handle_chinese_chars = true;  // blanks around each CJK ideograph
  bool strip_accents = true;         // NFD, then drop non-spacing marks
  bool lowercase = true;             // character by character: Σ becomes σ also at the end of a word

  std::string normalise(std::string_view text) const;  // ill-formed UTF-8 counts as U+FFFD
};

// At white space, which is dropped, and before and after every punctuation character. Views into `text`.
std::vector<std::string_view> bert_words(std::string_view text);

}  // namespace smooth
