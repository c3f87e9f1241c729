// The scanner against the pattern itself, run by ICU's regular expressions.
#include "data/tokenizers/pieces.h"

#include <catch2/catch.hpp>
#include <unicode/regex.h>
#include <unicode/uchar.h>

#include <memory>
#include <string>
#include <vector>

#include "data/random.h"

using namespace smooth;

namespace {

using Pieces = std::vector<std::string>;

Pieces scanned(const std::string& text) {
  Pieces pieces;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = piece_end(text, begin);
    REQUIRE(end > begin);
    REQUIRE(end <= text.size());
    pieces.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return pieces;
}

Pieces matched(const std::string& utf8) {
  UErrorCode error = U_ZERO_ERROR;
  static const std::unique_ptr<icu::RegexPattern> pattern(icu::RegexPattern::compile(kQwen2Pattern, 0, error));
  const auto text = icu::UnicodeString::fromUTF8(utf8);
  const std::unique_ptr<icu::RegexMatcher> matcher(pattern->matcher(text, error));
  Pieces pieces;
  int32_t end = 0;
  while (matcher->find(error) && U_SUCCESS(error)) {
    REQUIRE(matcher->start(error) == end);  // the pattern leaves nothing out
    end = matcher->end(error);
    text.tempSubStringBetween(matcher->start(error), end).toUTF8String(pieces.emplace_back());
  }
  REQUIRE(U_SUCCESS(error));
  REQUIRE(end == text.length());
  return pieces;
}

// To ICU: the scanner also has the letters of Unicode 16.
bool known(char32_t c) {
  return !U_IS_SURROGATE(c) && u_charType(static_cast<UChar32>(c)) != U_UNASSIGNED;
}

std::string utf8(char32_t c) {
  std::string text;
  icu::UnicodeString(static_cast<UChar32>(c)).toUTF8String(text);
  return text;
}

// Characters that the pattern tells apart, and any others.
std::string fuzzed(Random& random) {
  static const std::vector<std::string> fragments = {
      "a", "B", "\u00e9", "\u4e2d", "\u05d0", "1", "42", "\u0663", "\u2167", "\u00bd", " ", " ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", "\r", "\u00a0", "\u3000", "\u2028", "\u0085",
      "\u180e", "\u200b", ".", "...", "_", "'", "'s", "'S", "'\u017f", "'t", "'re", "'RE", "'Ve", "'m", "'ll", "'lL", "'d", "'l", "'r", "\u2019s", "\u0301", "\u0e31", "\U0001f600",
      "\U0001f469\u200d\U0001f680", "<", ">", "{", "}", "\u212a", "\ufb06", "x9", "\u00df"};
  std::string text;
  for (int64_t n = random.randint(0, 25); n > 0; --n) {
    char32_t c = static_cast<char32_t>(random.below(random.below(2) ? 0x3000 : 0x110000));
    if (!known(c)) c = ' ';
    text += random.below(8) ? random.choice(fragments) : utf8(c);
  }
  return text;
}

}  // namespace

TEST_CASE("pieces are what the pattern matches", "[cpu]") {
  Random random(1);
  for (int i = 0; i < 40000; ++i) {
    const std::string text = fuzzed(random);
    INFO("[" << text << "]");
    REQUIRE(scanned(text) == matched(text));
  }
}

TEST_CASE("every character takes its place in a piece", "[cpu]") {
  for (UChar32 c = 0; c <= UCHAR_MAX_VALUE; c += c < 0x3400 ? 1 : 37) {
    if (!known(c)) continue;
    const std::string one = utf8(c);
    const std::string text = "a" + one + "b " + one + one + " 1" + one + "\n" + one + "'" + one + "s \t" + one;
    INFO("U+" << std::hex << c);
    REQUIRE(scanned(text) == matched(text));
  }
}

TEST_CASE("letters and numbers newer than ICU's Unicode 15", "[cpu]") {
  REQUIRE(scanned("a\U00013460b") == Pieces{"a\U00013460b"});
  REQUIRE(scanned("a\U00010d40b") == Pieces{"a", "\U00010d40", "b"});
}

TEST_CASE("ill-formed bytes are symbols", "[cpu]") {
  REQUIRE(scanned("ab\xff\xfe c") == Pieces{"ab", "\xff\xfe", " c"});
  REQUIRE(scanned(" \xe4\xb8") == Pieces{" \xe4\xb8"});
  REQUIRE(scanned("\x80word") == Pieces{"\x80word"});
  REQUIRE(scanned("'\xc5") == Pieces{"'\xc5"});
}
