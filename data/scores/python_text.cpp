#include "data/scores/python_text.h"

#include <unicode/uchar.h>

#include <algorithm>

#include "data/tokenizers/utf8.h"

namespace smooth {
namespace {

bool in_unicode_14(UChar32 c) {
  UVersionInfo age;
  u_charAge(c, age);
  return age[0] > 0 && age[0] <= 14;
}

bool has(char32_t c, UProperty property) {
  const auto code = static_cast<UChar32>(c);
  return c != kIllFormed && in_unicode_14(code) && u_hasBinaryProperty(code, property);
}

// The character that ends before `at`, which moves to its beginning.
char32_t previous_character(std::string_view text, size_t& at) {
  const size_t end = at;
  for (size_t size = 1; size <= 4 && size <= end; ++size) {
    size_t next = at = end - size;
    if (const char32_t c = next_character(text, next); c != kIllFormed && next == end) return c;
  }
  at = end - 1;
  return kIllFormed;
}

// The Unicode Standard, 3.13, Final_Sigma: a cased letter before text[begin, end) and none behind it, past characters that are
// ignorable for case. One that is both cased and ignorable is passed over too.
bool is_final(std::string_view text, size_t begin, size_t end) {
  char32_t c = kIllFormed;
  bool found = false;
  while (!found && begin > 0) found = !has(c = previous_character(text, begin), UCHAR_CASE_IGNORABLE);
  if (!found || !has(c, UCHAR_CASED)) return false;
  for (found = false; !found && end < text.size();) found = !has(c = next_character(text, end), UCHAR_CASE_IGNORABLE);
  return !found || !has(c, UCHAR_CASED);
}

constexpr char32_t kCapitalSigma = 0x3a3, kSigma = 0x3c3, kFinalSigma = 0x3c2, kCapitalDottedI = 0x130;

void append_lower(std::string& out, char32_t c) {
  const auto code = static_cast<UChar32>(c);
  append_character(out, in_unicode_14(code) ? static_cast<char32_t>(u_tolower(code)) : c);
  if (c == kCapitalDottedI) append_character(out, 0x307);  // İ, the only character whose lower case is two
}

}  // namespace

std::string lower(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    if (const char byte = text[at]; static_cast<uint8_t>(byte) < 128) {
      out += byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte;
      ++at;
      continue;
    }
    const size_t begin = at;
    const char32_t c = next_character(text, at);
    if (c == kIllFormed)
      out += text.substr(begin, at - begin);
    else if (c == kCapitalSigma)
      append_character(out, is_final(text, begin, at) ? kFinalSigma : kSigma);
    else
      append_lower(out, c);
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> words;
  size_t begin = 0;
  const auto end_word = [&](size_t end) {
    if (end > begin) words.push_back(text.substr(begin, end - begin));
  };
  for (size_t at = 0; at < text.size();) {
    const size_t blank = whitespace_at(text, at);
    if (blank > 0) {
      end_word(at);
      begin = at + blank;
    }
    at += std::max<size_t>(blank, 1);
  }
  end_word(text.size());
  return words;
}

std::string_view strip(std::string_view text) {
  const std::vector<std::string_view> words = split(text);
  if (words.empty()) return {};
  const char *begin = words.front().data(), *end = words.back().data() + words.back().size();
  return {begin, static_cast<size_t>(end - begin)};
}

std::vector<std::string_view> digit_runs(std::string_view text) {
  std::vector<std::string_view> runs;
  size_t begin = 0;
  bool inside = false;
  for (size_t at = 0; at < text.size();) {
    const size_t place = at;
    const bool digit = is_digit(next_character(text, at));
    if (digit && !inside) begin = place;
    if (!digit && inside) runs.push_back(text.substr(begin, place - begin));
    inside = digit;
  }
  if (inside) runs.push_back(text.substr(begin));
  return runs;
}

std::string_view first_line(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of('\n'), text.size()));
  return text.substr(0, text.find('\n'));
}

std::u32string characters(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) out += next_character(text, at);
  return out;
}

bool is_word(char32_t c) {
  if (c < 128) return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  const auto code = static_cast<UChar32>(c);
  if (c == kIllFormed || !in_unicode_14(code)) return false;
  // str.isalnum(): letters, decimal digits, and all that has a value: ², Ⅷ, ½, 〇.
  return (U_GET_GC_MASK(code) & (U_GC_L_MASK | U_GC_ND_MASK)) != 0 || u_getNumericValue(code) != U_NO_NUMERIC_VALUE;
}

bool is_digit(char32_t c) {
  if (c < 128) return c >= '0' && c <= '9';
  const auto code = static_cast<UChar32>(c);
  return c != kIllFormed && in_unicode_14(code) && u_charType(code) == U_DECIMAL_DIGIT_NUMBER;
}

}  // namespace smooth
