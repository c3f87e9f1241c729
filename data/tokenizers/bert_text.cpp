// The normaliser's classes of characters come from Rust's crate unicode_categories, whose tables are Unicode 8: control,
// mark and punctuation characters that are newer are none of these to it. White space and lower case follow Rust's own,
// newer tables; where those are newer than ICU's, no word list that is read here has the characters.
#include "data/tokenizers/bert_text.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>

#include <array>
#include <stdexcept>

#include "data/tokenizers/utf8.h"

namespace smooth {
namespace {

bool in_unicode_8(UChar32 c) {
  UVersionInfo age;
  u_charAge(c, age);
  return age[0] > 0 && age[0] <= 8;
}

// General categories as masks. Six of Unicode 8's characters have another one since.
uint32_t category(UChar32 c) {
  switch (c) {
    case 0x1734: return U_GC_MN_MASK;
    case 0x166d:
    case 0x111c9: return U_GC_PO_MASK;
    case 0x1885:
    case 0x1886: return U_GC_LO_MASK;
    case 0xa9bd: return U_GC_MC_MASK;
    default: return U_GET_GC_MASK(c);
  }
}

bool is_of(UChar32 c, uint32_t categories) { return (category(c) & categories) != 0 && in_unicode_8(c); }

bool is_control(UChar32 c) {
  return c != '\t' && c != '\n' && c != '\r' && is_of(c, U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK);
}

bool is_mark(UChar32 c) { return is_of(c, U_GC_MN_MASK); }

bool is_punctuation(UChar32 c) {
  if (c < 128) return c > 32 && c < 127 && !u_isalnum(c);
  return is_of(c, U_GC_P_MASK);
}

bool is_chinese(UChar32 c) {
  // BERT's list; 2B920 is as tokenizers has it (BERT's own code says 2B820).
  static constexpr std::array<std::pair<UChar32, UChar32>, 8> ranges = {{{0x4e00, 0x9fff},
                                                                         {0x3400, 0x4dbf},
                                                                         {0x20000, 0x2a6df},
                                                                         {0x2a700, 0x2b73f},
                                                                         {0x2b740, 0x2b81f},
                                                                         {0x2b920, 0x2ceaf},
                                                                         {0xf900, 0xfaff},
                                                                         {0x2f800, 0x2fa1f}}};
  for (const auto& [low, high] : ranges) {
    if (c >= low && c <= high) return true;
  }
  return false;
}

UChar32 character(std::string_view text, size_t& at) {
  const char32_t c = next_character(text, at);
  return c == kIllFormed ? 0xfffd : static_cast<UChar32>(c);
}

std::string decomposed(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfd = icu::Normalizer2::getNFDInstance(status);
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  if (U_SUCCESS(status)) nfd->normalizeUTF8(0, {text.data(), static_cast<int32_t>(text.size())}, sink, nullptr, status);
  if (U_FAILURE(status)) throw std::runtime_error(std::string("ICU could not decompose a text: ") + u_errorName(status));
  return out;
}

// Calls ascii(c) for each ASCII character and other(run) for each run of others: only those need Unicode's tables.
template <class Ascii, class Other>
void by_run(std::string_view text, Ascii ascii, Other other) {
  for (size_t at = 0; at < text.size();) {
    if (static_cast<uint8_t>(text[at]) < 128) {
      ascii(text[at++]);
      continue;
    }
    const size_t begin = at;
    while (at < text.size() && static_cast<uint8_t>(text[at]) >= 128) ++at;
    other(text.substr(begin, at - begin));
  }
}

std::string cleaned(const BertText& options, std::string_view text) {
  std::string out;
  out.reserve(text.size());
  const auto keep = [&](UChar32 c) {
    if (options.clean_text && (c == 0xfffd || is_control(c))) return;
    const bool apart = options.handle_chinese_chars && is_chinese(c);
    if (apart) out += ' ';
    if (options.clean_text && u_isUWhiteSpace(c))
      out += ' ';
    else
      append_character(out, static_cast<char32_t>(c));
    if (apart) out += ' ';
  };
  const auto ascii = [&](char c) {
    if (c > 31 && c < 127)
      out += c;
    else
      keep(c);
  };
  by_run(text, ascii, [&](std::string_view run) {
    for (size_t at = 0; at < run.size();) keep(character(run, at));
  });
  return out;
}

}  // namespace

std::string BertText::normalise(std::string_view text) const {
  const std::string clean = cleaned(*this, text);
  std::string out;
  out.reserve(clean.size());
  const auto ascii = [&](char c) { out += lowercase && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  const auto keep = [&](UChar32 c) {
    if (strip_accents && is_mark(c)) return;
    append_character(out, static_cast<char32_t>(lowercase ? u_tolower(c) : c));
    if (lowercase && c == 0x130) append_character(out, 0x307);  // İ, the only character whose lower case is two
  };
  by_run(clean, ascii, [&](std::string_view run) {
    const std::string letters = strip_accents ? decomposed(run) : std::string(run);
    for (size_t at = 0; at < letters.size();) keep(character(letters, at));
  });
  return out;
}

std::vector<std::string_view> bert_words(std::string_view text) {
  std::vector<std::string_view> words;
  size_t begin = 0;
  const auto end_word = [&](size_t end) {
    if (end > begin) words.push_back(text.substr(begin, end - begin));
  };
  for (size_t at = 0; at < text.size();) {
    const size_t place = at;
    const UChar32 c = character(text, at);
    const bool punctuation = is_punctuation(c);
    if (!punctuation && !u_isUWhiteSpace(c)) continue;
    end_word(place);
    begin = at;
    if (punctuation) words.push_back(text.substr(place, at - place));
  }
  end_word(text.size());
  return words;
}

}  // namespace smooth
