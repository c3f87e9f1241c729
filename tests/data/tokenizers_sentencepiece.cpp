// SentencePiece against the Python package (tests/golden/sentencepiece_ids.py), and what the project asks of a
// tokenizer.
#include "data/tokenizers/sentencepiece.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <fstream>

#include "configs/run.h"
#include "data/random.h"
#include "data/tokenizers/markers.h"
#include "data/tokenizers/sentencepiece_merges.h"
#include "data/words.h"
#include "tests/configs/folder.h"
#include "tests/data/tokenizer_folders.h"

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
  const std::string folder = fixture_tokenizer("llama_spm");
  if (folder.empty()) return;
  check_model("llama_spm", folder);
}

// Llama 2's model, which has a dummy prefix: 263 is " a", 29874 "a", 289 " b".
TEST_CASE("a published SentencePiece model with added tokens", "[cpu]") {
  const std::string fixture = fixture_tokenizer("llama_spm");
  if (fixture.empty()) return;
  using Ids = std::vector<int64_t>;
  const json decoder = {{"0", added_token("<unk>")}, {"1", added_token("<s>")}, {"2", added_token("</s>")}, {"32000", added_token("<STOP>")}};
  const auto loaded = [&](json config, const json& added) {
    TestFolder folder;
    folder.file("tokenizer.model", read_file(fixture + "/tokenizer.model"));
    if (!config.is_null()) folder.file("tokenizer_config.json", config.dump());
    if (!added.is_null()) folder.file("added_tokens.json", added.dump());
    return load_tokenizer(folder.path);
  };
  for (const auto& tokenizer : {loaded({{"added_tokens_decoder", decoder}}, nullptr), loaded(nullptr, {{"<STOP>", 32000}})}) {
    REQUIRE(tokenizer->vocab_size() == 32001);
    REQUIRE(tokenizer->special_id("<STOP>") == 32000);
    REQUIRE(tokenizer->encode("a<STOP>a</s>a") == Ids{263, 32000, 263, 2, 263});
    REQUIRE(tokenizer->decode({263, 32000, 263}) == "a<STOP> a");
    TestFolder copy;
    tokenizer->save(copy.path);
    REQUIRE(load_tokenizer(copy.path)->encode("a<STOP>") == Ids{263, 32000});
  }
  REQUIRE(loaded({{"added_tokens_decoder", decoder}, {"legacy", false}}, nullptr)->encode("a<STOP>a") == Ids{263, 32000, 29874});
  REQUIRE(loaded({{"added_tokens_decoder", decoder}, {"legacy", false}}, nullptr)->encode("<STOP>a a") == Ids{32000, 29874, 263});
  REQUIRE(loaded({{"added_tokens_decoder", decoder}, {"add_prefix_space", false}}, nullptr)->encode("a a<STOP>a") == Ids{29874, 263, 32000, 29874});
  REQUIRE(loaded({{"added_tokens_decoder", decoder}, {"add_prefix_space", false}}, nullptr)->decode({263, 29874}) == " aa");
  // What frames a text, and what is no text.
  const auto framed = [&](const json& config) { return loaded(config, nullptr)->encode_framed("a"); };
  REQUIRE(framed(nullptr) == Ids{1, 263});
  REQUIRE(framed({{"add_bos_token", true}, {"add_eos_token", true}}) == Ids{1, 263, 2});
  REQUIRE(framed({{"add_bos_token", false}}) == Ids{263});
  json unspecial = added_token("<STOP>");
  unspecial["special"] = false;
  const json with_stop = {{"added_tokens_decoder", {{"32000", unspecial}}}};
  REQUIRE(loaded(with_stop, nullptr)->decode_without_specials({1, 263, 32000, 0, 2}) == "a<STOP>");
  REQUIRE(loaded({{"added_tokens_decoder", decoder}}, nullptr)->decode_without_specials({1, 263, 32000, 2}) == "a");
  json named = with_stop;
  named["additional_special_tokens"] = {"<STOP>"};
  REQUIRE(loaded(named, nullptr)->decode_without_specials({263, 32000}) == "a");
  // Bytes that are no character are shown as the library shows them.
  REQUIRE(loaded(nullptr, nullptr)->decode({263, 3 + 0xe3, 3 + 0x81, 3 + 0xe3, 3 + 0x81, 3 + 0x82}) == "a\xef\xbf\xbd\xef\xbf\xbd\xe3\x81\x82");
  REQUIRE(loaded(nullptr, nullptr)->decode({3 + 0x20, 29874}) == " a");  // a byte is not the dummy prefix
  const auto refuses = [&](const json& config, const std::string& why) { REQUIRE_THROWS_WITH(loaded(config, nullptr), Contains("tokenizer_config.json") && Contains(why)); };
  refuses({{"added_tokens_decoder", {{"7", added_token("<STOP>")}}}}, "id 7 is '<STOP>' here and '<0x04>' in tokenizer.model");
  refuses({{"added_tokens_decoder", {{"32000", added_token("</s>")}}}}, "is piece 2 of tokenizer.model already");
  refuses({{"legacy", "no"}}, "legacy: expected true or false");
  TestFolder scratch;
  add_markers(fixture, (scratch.path / "marked").string());
  const auto marked = load_tokenizer((scratch.path / "marked").string());
  REQUIRE(marked->special_id("<CONTINUE>") == 32000);
  REQUIRE(marked->special_id("<STOP>") == 32001);
}

TEST_CASE("a trained tokenizer gives text back, knows its specials, and is the same every time", "[cpu]") {
  for (const std::string type : {"unigram", "bpe"}) {
    TestFolder folder, again, copy;
    auto specials = kSpecials;
    if (type == "bpe") specials.push_back("two words");  // a piece that reaches over a blank
    train_sentencepiece(folder.path, training_lines(), type, 700, specials);
    train_sentencepiece(again.path, training_lines(), type, 700, specials);
    REQUIRE(read_file(folder.path / "tokenizer.model") == read_file(again.path / "tokenizer.model"));
    REQUIRE(folder.names() == std::vector<std::string>{"tokenization_smooth.py", "tokenizer.json", "tokenizer.model", "tokenizer_config.json"});
    REQUIRE(read_file(folder.path / "tokenizer.json") == read_file(again.path / "tokenizer.json"));

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
    REQUIRE(copy.names() == folder.names());
    const std::string text = "A <STOP>word\n";
    REQUIRE(load_tokenizer(copy.path)->encode(text) == tokenizer->encode(text));
  }
}

TEST_CASE("BPE is merged here, id for id as the library does it; what it cannot do is left to the library", "[cpu]") {
  const std::string folder = "tests/golden/sentencepiece/";
  const auto merges_of = [&](const std::string& name, sentencepiece::SentencePieceProcessor& model) {
    const std::string proto = read_file(folder + name + "/tokenizer.model");
    REQUIRE(model.LoadFromSerializedProto(proto).ok());
    return SentencePieceMerges::of(model, proto);
  };
  sentencepiece::SentencePieceProcessor unigram, bpe;
  REQUIRE_FALSE(merges_of("unigram", unigram));
  const auto merges = merges_of("bpe", bpe);
  REQUIRE(merges);
  Random random(11);
  for (int i = 0; i < 3000; ++i) {
    const std::string text = (i % 2 ? sentence(random) : "<STOP>") + random_unicode(random) + std::string(i % 50, 'a');
    std::vector<TokenId> found;
    INFO("[" << text << "]");
    REQUIRE(merges->encode(text, found));
    REQUIRE(std::vector<int>(found.begin(), found.end()) == bpe.EncodeAsIds(text));
  }
  std::vector<TokenId> none;
  REQUIRE_FALSE(merges->encode("a\xff", none));
  REQUIRE(none.empty());
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
