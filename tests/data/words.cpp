// The word lists keep apart from each other and from the grammar; the grammar keeps its promises.
#include "data/words.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

using namespace smooth;

namespace {

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// Lower case, without the comma or full stop.
std::string bare(std::string word) {
  while (!word.empty() && (word.back() == '.' || word.back() == ',')) word.pop_back();
  if (!word.empty() && word[0] >= 'A' && word[0] <= 'Z') word[0] = static_cast<char>(word[0] - 'A' + 'a');
  return word;
}

}  // namespace

TEST_CASE("lists hold single lower-case words, each once", "[cpu]") {
  std::set<std::string> seen;
  for (const auto* list : {&adjectives(), &nouns()}) {
    REQUIRE(list->size() >= 200);
    for (const std::string& word : *list) {
      INFO(word);
      REQUIRE(word.size() >= 2);
      REQUIRE(std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; }));
      REQUIRE(seen.insert(word).second);
    }
  }
}

TEST_CASE("sentences: vocabulary, length, shape, and no word of a needle", "[cpu]") {
  std::set<std::string> forbidden = {"magic", "special", "number", "numbers"};
  forbidden.insert(adjectives().begin(), adjectives().end());
  forbidden.insert(nouns().begin(), nouns().end());
  Random random(5);
  std::set<std::string> vocabulary, sentences;
  std::map<size_t, int> lengths;
  const int count = 50000;
  for (int i = 0; i < count; ++i) {
    const std::string text = sentence(random);
    INFO(text);
    const auto words = words_of(text);
    lengths[words.size()]++;
    REQUIRE(text.back() == '.');
    REQUIRE((text[0] >= 'A' && text[0] <= 'Z'));
    REQUIRE(std::count(text.begin(), text.end(), '.') == 1);
    REQUIRE(std::none_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }));
    REQUIRE(text.find("  ") == std::string::npos);
    sentences.insert(text);
    for (const std::string& word : words) vocabulary.insert(bare(word));
  }
  for (const std::string& word : vocabulary) {
    INFO(word);
    REQUIRE(forbidden.count(word) == 0);
  }
  REQUIRE(vocabulary.size() >= 400);
  REQUIRE(sentences.size() > count * 99 / 100);
  REQUIRE(lengths.begin()->first >= 4);
  REQUIRE(lengths.rbegin()->first <= 16);
  for (size_t n = 4; n <= 16; ++n) REQUIRE(lengths[n] > 0);
}

TEST_CASE("a sentence depends on the generator alone", "[cpu]") {
  Random a(3, "x"), b(3, "x"), c(3, "y");
  int differing = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string text = sentence(a);
    REQUIRE(text == sentence(b));
    differing += text != sentence(c);
  }
  REQUIRE(a.word() == b.word());
  REQUIRE(differing > 90);
}
