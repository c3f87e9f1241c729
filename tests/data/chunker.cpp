// The chunker against a naive twin and against its promises, on random text.
#include "data/chunker.h"

#include <catch2/catch.hpp>

#include "data/random.h"
#include "data/words.h"

using namespace smooth;

namespace {

const std::vector<std::string> kDelimiters = {"\n\n\n", "\n\n", "\n", ". ", ".",   "! ",
                                              "? ",     ", ",   "; ", ": ", " – ", " "};
const std::vector<std::string> kUnicodeBlanks = {"\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003",
                                                 "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a",
                                                 "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};
// Neighbours of the blanks in Unicode, and what only looks blank: all are parts of words.
const std::vector<std::string> kUnicodeLetters = {"é",      "漢",     "😀",      "\u0084", "\u00a1", "\u1681", "\u200b",
                                                  "\u2027", "\u202a", "\u2060", "\u3001", "\ufeff", "–",      "ß"};

bool starts_with_blank(const std::string& text, size_t at, size_t* size) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (first > 0x20 && first < 0x80) return false;
  const std::string ascii = "\t\n\v\f\r\x1c\x1d\x1e\x1f ";
  if (ascii.find(text[at]) != std::string::npos) return *size = 1, true;
  for (const std::string& blank : kUnicodeBlanks) {
    if (text.compare(at, blank.size(), blank) == 0) return *size = blank.size(), true;
  }
  return false;
}

int64_t naive_words(const std::string& text) {
  int64_t words = 0;
  bool in_word = false;
  for (size_t at = 0, size = 1; at < text.size(); at += size) {
    size = 1;
    const bool blank = starts_with_blank(text, at, &size);
    words += !blank && !in_word;
    in_word = !blank;
  }
  return words;
}

int64_t naive_tokens(const std::string& text) {
  return static_cast<int64_t>(1.5 * static_cast<double>(naive_words(text)));
}

// Pieces with their delimiter and the whitespace after it; level 12 is any whitespace.
std::vector<std::string> naive_split(const std::string& text, size_t level) {
  std::vector<std::string> pieces(1);
  bool has_word = false, ended = false;
  for (size_t at = 0; at < text.size();) {
    size_t size = 1;
    const bool blank = starts_with_blank(text, at, &size);
    if (ended && !blank) {
      pieces.emplace_back();
      ended = false;
    }
    has_word = has_word || !blank;
    if (has_word && !ended) {
      const bool listed = level < kDelimiters.size();
      ended = listed ? text.compare(at, kDelimiters[level].size(), kDelimiters[level]) == 0 : blank;
      if (ended && listed) size = kDelimiters[level].size();
    }
    pieces.back() += text.substr(at, size);
    at += size;
  }
  return pieces;
}

void naive_chunk(const std::string& text, int64_t limit, size_t level, std::vector<std::string>& chunks) {
  if (text.empty()) return;
  if (naive_tokens(text) <= limit || level > kDelimiters.size()) {
    chunks.push_back(text);
    return;
  }
  std::string merged;
  for (const std::string& piece : naive_split(text, level)) {
    if (!merged.empty() && naive_tokens(merged + piece) > limit) {
      naive_chunk(merged, limit, level + 1, chunks);
      merged.clear();
    }
    merged += piece;
  }
  naive_chunk(merged, limit, level + 1, chunks);
}

std::string random_text(Random& random) {
  std::string text;
  const int64_t parts = random.randint(0, 80);
  const uint64_t flavour = random.below(5);
  for (int64_t i = 0; i < parts; ++i) {
    const uint64_t kind = random.below(20);
    if (kind < 8)
      text += random.choice(nouns());
    else if (kind < 13 || flavour == 0)
      text += random.choice(kDelimiters);
    else if (kind < 14)
      text += sentence(random) + (random.below(2) ? " " : "");
    else if (kind < 15 && flavour < 3)
      text += random.choice(kUnicodeBlanks);
    else if (kind < 16 && flavour < 3)
      text += random.choice(kUnicodeLetters);
    else if (kind < 17)
      text += std::string(random.below(40), 'x');
    else if (kind < 18)
      text += static_cast<char>(random.randint(flavour == 4 ? 1 : 9, flavour == 4 ? 255 : 126));
    else
      text += " ";
  }
  return text;
}

std::vector<std::string> owned(const std::vector<std::string_view>& chunks) { return {chunks.begin(), chunks.end()}; }

}  // namespace

TEST_CASE("estimated tokens are Int(1.5 x words) with Python's whitespace", "[cpu]") {
  REQUIRE(estimated_tokens("") == 0);
  REQUIRE(estimated_tokens(" \n\t ") == 0);
  REQUIRE(estimated_tokens("one") == 1);
  REQUIRE(estimated_tokens("one two") == 3);
  REQUIRE(estimated_tokens("one two  three.four\n") == 4);
  for (const std::string& blank : kUnicodeBlanks) REQUIRE(estimated_tokens("a" + blank + "b") == 3);
  for (const std::string& letter : kUnicodeLetters) REQUIRE(estimated_tokens("a" + letter + "b") == 1);
  for (int c = 1; c < 128; ++c) {
    const bool blank = (c >= 9 && c <= 13) || (c >= 28 && c <= 32);
    REQUIRE(estimated_tokens(std::string("a") + static_cast<char>(c) + "b") == (blank ? 3 : 1));
  }
}

TEST_CASE("chunks: small cases by hand", "[cpu]") {
  using Chunks = std::vector<std::string>;
  REQUIRE(chunk("", 10).empty());
  REQUIRE(owned(chunk("a b c", 4)) == Chunks{"a b c"});
  REQUIRE(owned(chunk("a b. c d", 3)) == Chunks{"a b. ", "c d"});
  // Paragraphs stay whole where they fit, though more words would fit behind "b".
  REQUIRE(owned(chunk("a b\n\nc d e f", 6)) == Chunks{"a b\n\n", "c d e f"});
  // What is too long goes on to the next delimiter and is not merged with its neighbours.
  REQUIRE(owned(chunk("a\n\nb c. d e f\n\ng", 4)) == Chunks{"a\n\n", "b c. ", "d e f\n\n", "g"});
  REQUIRE(owned(chunk("a – b – c", 3)) == Chunks{"a – ", "b – ", "c"});
  REQUIRE(owned(chunk("a\tb\tc", 3)) == Chunks{"a\tb\t", "c"});
  REQUIRE(owned(chunk(" \n\n a b. \n\n c", 1)) == Chunks{" \n\n a ", "b. \n\n ", "c"});
  REQUIRE(owned(chunk(" \n\n ", 1)) == Chunks{" \n\n "});
  REQUIRE(owned(chunk("x.y.z w", 1)) == Chunks{"x.y.", "z ", "w"});
  REQUIRE_THROWS(chunk("a", 0));
}

TEST_CASE("chunks equal the naive twin's and keep every promise", "[cpu]") {
  Random random(11);
  int64_t borders = 0, texts = 0;
  for (int round = 0; round < 3000; ++round) {
    const std::string text = random_text(random);
    const int64_t limit = random.randint(1, random.below(2) ? 6 : 60);
    const std::vector<std::string> got = owned(chunk(text, limit));
    INFO("round " << round << ", limit " << limit << ", text " << text);
    std::vector<std::string> expected;
    naive_chunk(text, limit, 0, expected);
    REQUIRE(got == expected);
    std::string all;
    for (const std::string& piece : got) {
      REQUIRE((naive_words(piece) > 0 || got.size() == 1));
      REQUIRE(naive_tokens(piece) <= limit);
      REQUIRE(estimated_tokens(piece) == naive_tokens(piece));
      all += piece;
    }
    REQUIRE(all == text);
    borders += static_cast<int64_t>(got.size()) - 1;
    texts += !got.empty();
  }
  REQUIRE(texts > 2500);
  REQUIRE(borders > 20000);
}

// Text of paragraphs ("\n\n") of sentences (". "): where it is cut is seen from what the chunk before a border ends
// with.
TEST_CASE("no border is weaker than it must be, and neighbours could not have been merged", "[cpu]") {
  Random random(12);
  int64_t maximal = 0, weaker = 0;
  for (int round = 0; round < 400; ++round) {
    std::string text;
    for (int64_t p = random.randint(1, 6); p > 0; --p) {
      for (int64_t s = random.randint(1, 6); s > 0; --s) text += sentence(random) + (s > 1 ? " " : "");
      text += p > 1 ? "\n\n" : "";
    }
    const int64_t limit = random.randint(6, 80);
    const auto chunks = owned(chunk(text, limit));
    size_t at = 0;
    for (size_t i = 0; i + 1 < chunks.size(); ++i) {
      at += chunks[i].size();
      INFO("limit " << limit << "\n[" << chunks[i] << "]\n[" << text.substr(at) << "]");
      std::vector<std::string> stops;
      for (const std::string delimiter : {"\n\n", ". "}) {
        stops.push_back(delimiter);
        // The piece of this level behind the border, and the one around it.
        size_t begin = 0, end = text.size();
        for (const std::string& stop : stops) {
          const size_t before = text.rfind(stop, at - stop.size()), after = text.find(stop, at);
          if (before != std::string::npos) begin = std::max(begin, before + stop.size());
          if (after != std::string::npos) end = std::min(end, after + stop.size());
        }
        if (chunks[i].ends_with(delimiter)) {
          // A chunk of whole pieces took as many as fit. The rest of a piece that was too long is not merged with the
          // next.
          bool whole = i == 0;
          for (const std::string& stop : stops) whole = whole || (i > 0 && chunks[i - 1].ends_with(stop));
          if (whole) REQUIRE(naive_tokens(chunks[i] + text.substr(at, end - at)) > limit);
          maximal += whole;
          break;
        }
        REQUIRE(naive_tokens(text.substr(begin, end - begin)) > limit);  // it had to be cut by a weaker one
        ++weaker;
      }
    }
  }
  REQUIRE(maximal > 500);
  REQUIRE(weaker > 500);
}
