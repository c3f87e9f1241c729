// SentencePiece against the Python package (tests/golden/sentencepiece_ids.py), and what the project asks of a
// tokenizer.
#include "data/sentencepiece.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <fstream>
#include <iostream>

#include "configs/run.h"
#include "data/random.h"
#include "data/words.h"
#include "tests/configs/folder.h"

using namespace smooth;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

const std::vector<std::string> kSpecials = {"<STOP>", "<CONTINUE>", "<|im_start|>", "a,b", "say\"x\""};

std::string fuzzed(uint64_t seed, const std::vector<std::string>& fragments) {
  Random random(seed);
  std::string text;
  for (int64_t n = random.randint(1, 40); n > 0; --n) text += random.choice(fragments);
  return text;
}

std::string join(const std::vector<int64_t>& ids) {
  std::string text;
  for (const int64_t id : ids) text += (text.empty() ? "" : ",") + std::to_string(id);
  return text;
}

void check_model(const std::string& name, const std::string& folder) {
  const json golden = json::parse(std::ifstream("tests/golden/sentencepiece/ids.json"));
  const json& expected = golden["models"][name];
  auto fragments = golden["fragments"].get<std::vector<std::string>>();
  if (expected["specials_in_text"]) {
    for (const json& special : golden["specials"]) fragments.push_back(special);
  }
  const auto tokenizer = load_tokenizer(folder);
  REQUIRE(tokenizer->vocab_size() == expected["vocab_size"].get<int64_t>());
  const std::string checksums = expected["checksums"];
  REQUIRE(checksums.size() == 3000 * 8);
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    const std::string text = fuzzed(seed, fragments);
    const auto ids = tokenizer->encode(text);
    INFO(name << ", seed " << seed << ", text [" << text << "], ids " << join(ids));
    if (seed < expected["first"].size()) REQUIRE(ids == expected["first"][seed].get<std::vector<int64_t>>());
    REQUIRE(checksum(join(ids)).substr(0, 8) == checksums.substr(8 * seed, 8));
    REQUIRE(tokenizer->decode(ids) == text);
  }
}

std::vector<std::string> training_lines() {
  Random random(2);
  std::vector<std::string> lines;
  for (int i = 0; i < 60; ++i) {
    std::string line;
    for (int k = 0; k < 20; ++k)
      line += sentence(random) + (k % 5 ? " " : "\n") + std::to_string(random.below(1000000)) + " ";
    lines.push_back(line);
  }
  return lines;
}

// Any Unicode text but U+2581, SentencePiece's sign for a blank.
std::string random_unicode(Random& random) {
  std::string text;
  for (int64_t n = random.randint(0, 60); n > 0; --n) {
    const uint64_t kind = random.below(8);
    uint32_t c = 0;
    do {
      c = static_cast<uint32_t>(kind < 3   ? random.randint(32, 126)
                                : kind < 4 ? random.randint(0, 32)
                                : kind < 5 ? 32
                                : kind < 7 ? random.randint(128, 0xffff)
                                           : random.randint(0x10000, 0x10ffff));
    } while (c == 0x2581 || (c >= 0xd800 && c < 0xe000));
    if (c < 0x80)
      text += static_cast<char>(c);
    else if (c < 0x800)
      (text += static_cast<char>(0xc0 | c >> 6)) += static_cast<char>(0x80 | (c & 63));
    else {
      if (c < 0x10000)
        text += static_cast<char>(0xe0 | c >> 12);
      else
        (text += static_cast<char>(0xf0 | c >> 18)) += static_cast<char>(0x80 | (c >> 12 & 63));
      (text += static_cast<char>(0x80 | (c >> 6 & 63))) += static_cast<char>(0x80 | (c & 63));
    }
  }
  return text;
}

}  // namespace

TEST_CASE("ids equal Python's sentencepiece: unigram", "[cpu]") {
  check_model("unigram", "tests/golden/sentencepiece/unigram");
}

TEST_CASE("ids equal Python's sentencepiece: bpe", "[cpu]") { check_model("bpe", "tests/golden/sentencepiece/bpe"); }

TEST_CASE("ids equal Python's sentencepiece: pieces of several words", "[cpu]") {
  check_model("phrases", "tests/golden/sentencepiece/phrases");
  const auto tokenizer = load_tokenizer("tests/golden/sentencepiece/phrases");
  int64_t phrases = 0;
  for (int64_t id = 0; id < tokenizer->vocab_size(); ++id) phrases += tokenizer->piece(id).find(' ', 1) != std::string::npos;
  REQUIRE(phrases > 10);
}

TEST_CASE("ids equal Python's sentencepiece: Llama 2, with a dummy prefix", "[cpu]") {
  const char* fixtures = std::getenv("SMOOTH_FIXTURES");
  if (fixtures == nullptr) {
    std::cout << "SKIPPED: SMOOTH_FIXTURES names no folder of reference data\n";
    return;
  }
  check_model("llama_spm", std::string(fixtures) + "/tokenizers/llama_spm");
}

TEST_CASE("a trained tokenizer gives text back, knows its specials, and is the same every time", "[cpu]") {
  for (const std::string type : {"unigram", "bpe"}) {
    TestFolder folder, again, copy;
    auto specials = kSpecials;
    if (type == "bpe") specials.push_back("two words");  // a piece that reaches over a blank
    train_sentencepiece(folder.path, training_lines(), type, 700, specials);
    train_sentencepiece(again.path, training_lines(), type, 700, specials);
    REQUIRE(read_file(folder.path / "tokenizer.model") == read_file(again.path / "tokenizer.model"));
    REQUIRE(folder.names().size() == 2);

    const auto tokenizer = load_tokenizer(folder.path);
    REQUIRE(tokenizer->vocab_size() <= 700);
    REQUIRE(tokenizer->vocab_size() > 400);
    Random random(9);
    for (int i = 0; i < 2000; ++i) {
      const std::string text = i % 3 ? random_unicode(random) : sentence(random) + "\n" + random_unicode(random);
      const auto ids = tokenizer->encode(text);
      INFO("[" << text << "]");
      REQUIRE(tokenizer->decode(ids) == text);
      std::string pieces;
      for (const int64_t id : ids) pieces += tokenizer->piece(id);
      REQUIRE(pieces == text);
    }
    for (const std::string& special : specials) {
      const int64_t id = tokenizer->special_id(special);
      INFO(special);
      REQUIRE(id >= 0);
      REQUIRE(tokenizer->encode(special) == std::vector<int64_t>{id});
      REQUIRE(tokenizer->piece(id) == special);
      std::vector<int64_t> around = tokenizer->encode("one two");
      around.push_back(id);
      for (const int64_t next : tokenizer->encode("three")) around.push_back(next);
      REQUIRE(tokenizer->encode("one two" + special + "three") == around);
    }
    REQUIRE(tokenizer->special_id("<STO") == -1);
    REQUIRE(tokenizer->special_id("the") == -1);
    REQUIRE(tokenizer->encode("<STO").size() > 1);
    REQUIRE(tokenizer->encode("").empty());
    REQUIRE(tokenizer->encode("1234").size() == 4);  // digits are split
    REQUIRE(tokenizer->encode("\n\n").size() == 2);
    REQUIRE_THROWS_WITH(tokenizer->piece(tokenizer->vocab_size()), Contains("outside the vocabulary"));
    REQUIRE_THROWS_WITH(tokenizer->decode({-1}), Contains("token id -1"));

    tokenizer->save(copy.path);
    const std::string text = "A <STOP>word\n";
    REQUIRE(load_tokenizer(copy.path)->encode(text) == tokenizer->encode(text));
  }
}

// What the readers rely on: cutting a text before a blank does not change its ids.
TEST_CASE("ids of a text are those of its words", "[cpu]") {
  for (const std::string type : {"unigram", "bpe"}) {
    const auto tokenizer = load_tokenizer("tests/golden/sentencepiece/" + type);
    Random random(4);
    std::string text;
    std::vector<int64_t> expected;
    for (int i = 0; i < 300; ++i) {
      const std::string part = (i ? " " : "") + sentence(random);
      text += part;
      for (const int64_t id : tokenizer->encode(part)) expected.push_back(id);
    }
    REQUIRE(tokenizer->encode(text) == expected);
  }
}

TEST_CASE("folders that hold no tokenizer, or a broken one, are named", "[cpu]") {
  TestFolder folder;
  REQUIRE_THROWS_WITH(load_tokenizer(folder.path), Contains(folder.path.string()) && Contains("tokenizer.model"));
  folder.file("tokenizer.model", "not a model");
  REQUIRE_THROWS_WITH(load_tokenizer(folder.path), Contains((folder.path / "tokenizer.model").string()));
  write_file(folder.path / "tokenizer.model", read_file("tests/golden/sentencepiece/bpe/tokenizer.model"));
  REQUIRE(load_tokenizer(folder.path)->special_id("<STOP>") == -1);
  folder.file("tokenizer_config.json", "[");
  REQUIRE_THROWS_WITH(load_tokenizer(folder.path), Contains("tokenizer_config.json"));
  folder.file("tokenizer_config.json", R"({"additional_special_tokens": ["<NONE>"]})");
  REQUIRE_THROWS_WITH(load_tokenizer(folder.path), Contains("<NONE>") && Contains("no piece"));
  REQUIRE_THROWS(train_sentencepiece(folder.path, {"a b c"}, "morse", 300, {}));
}
