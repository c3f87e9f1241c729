#include "data/scores/qa_f1.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "data/scores/python_text.h"
#include "data/tokenizers/utf8.h"

namespace smooth {
namespace {

bool is_punctuation(char c) { return (c > ' ' && c < '0') || (c > '9' && c < 'A') || (c > 'Z' && c < 'a') || (c > 'z' && c < 127); }

// re.sub(r"\b(a|an|the)\b", " ", text): a word is a run of letters and digits here, so an accent that stands alone ends one.
std::string without_articles(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  size_t begin = 0;
  const auto end_word = [&](size_t end) {
    const std::string_view word = text.substr(begin, end - begin);
    out += word == "a" || word == "an" || word == "the" ? " " : word;
  };
  for (size_t at = 0; at < text.size();) {
    const size_t place = at;
    if (is_word(next_character(text, at))) continue;
    end_word(place);
    out += text.substr(place, at - place);
    begin = at;
  }
  end_word(text.size());
  return out;
}

// LongBench metrics.py, normalize_answer: lower case, no ASCII punctuation, no articles.
std::string normalised(std::string_view text) {
  std::string plain = lower(text);
  std::erase_if(plain, is_punctuation);
  return without_articles(plain);
}

}  // namespace

// p = k / |prediction|, r = k / |answer|, F = 2pr / (p + r), k the words in both, as often as in both. 0 when both are empty.
double qa_f1(std::string_view prediction, std::string_view answer) {
  const std::string given = normalised(prediction), wanted = normalised(answer);
  std::vector<std::string_view> words = split(given), gold = split(wanted), common;
  std::sort(words.begin(), words.end());
  std::sort(gold.begin(), gold.end());
  std::set_intersection(words.begin(), words.end(), gold.begin(), gold.end(), std::back_inserter(common));
  if (common.empty()) return 0;
  const auto k = static_cast<double>(common.size());
  const double p = k / static_cast<double>(words.size()), r = k / static_cast<double>(gold.size());
  return (2 * p * r) / (p + r);
}

}  // namespace smooth
