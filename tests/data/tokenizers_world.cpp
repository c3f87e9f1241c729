// The World tokenizer against RWKV's own (tests/golden/world_ids.py), and on small vocabularies.
#include "data/tokenizers/world.h"

#include <catch2/catch.hpp>

#include "data/random.h"
#include "data/summary.h"
#include "data/tokenizers/markers.h"
#include "data/tokenizers/trie.h"
#include "data/tokenizers/utf8.h"
#include "tests/configs/folder.h"
#include "tests/data/tokenizer_folders.h"

using namespace smooth;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

using Ids = std::vector<int64_t>;

std::shared_ptr<const Tokenizer> world(TestFolder& folder, const std::string& text) {
  folder.file("rwkv_vocab_test.txt", text);
  return load_tokenizer(folder.path);
}

void refuses(const std::string& text, const std::string& place, const std::string& why) {
  TestFolder folder;
  folder.file("rwkv_vocab_test.txt", text);
  INFO(text.substr(0, 200));
  REQUIRE_THROWS_WITH(load_tokenizer(folder.path), Contains("rwkv_vocab_test.txt" + place) && Contains(why));
}

}  // namespace

TEST_CASE("a trie finds the longest entry", "[cpu]") {
  Random random(3);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::string> entries;
    for (int64_t n = random.randint(1, 300); n > 0; --n) {
      std::string entry;
      for (int64_t k = random.randint(1, 5); k > 0; --k)
        entry += static_cast<char>(round % 2 ? random.randint(0, 255) : random.randint(97, 99));
      if (std::find(entries.begin(), entries.end(), entry) == entries.end()) entries.push_back(entry);
    }
    std::vector<std::pair<std::string_view, int64_t>> pairs;
    for (size_t i = 0; i < entries.size(); ++i) pairs.emplace_back(entries[i], static_cast<int64_t>(i));
    const Trie trie(pairs);
    for (int k = 0; k < 300; ++k) {
      const std::string text = random.choice(entries) + random.choice(entries);
      const std::string_view rest = std::string_view(text).substr(random.below(text.size() + 1));
      Trie::Match expected;
      for (size_t i = 0; i < entries.size(); ++i) {
        if (rest.starts_with(entries[i]) && entries[i].size() > expected.length)
          expected = {entries[i].size(), static_cast<int64_t>(i)};
      }
      REQUIRE(trie.longest(rest).length == expected.length);
      REQUIRE(trie.longest(rest).id == expected.id);
    }
  }
  REQUIRE(Trie({}).longest("a").length == 0);
}

TEST_CASE("a trie of one long entry does not take quadratic time", "[cpu]") {
  for (const char byte : {'\0', 'a', '\xff'}) {
    const std::string entry(1000000, byte);
    REQUIRE(Trie({{entry, 7}}).longest(entry + entry).length == entry.size());
  }
}

TEST_CASE("ill-formed UTF-8 is shown as Python shows it", "[cpu]") {
  const std::string r = "\xef\xbf\xbd";
  const std::vector<std::pair<std::string, std::string>> cases = {{"a\xc3\xa9", "a\xc3\xa9"},
                                                                  {"\xff", r},
                                                                  {"\xe3\x81", r},
                                                                  {"\xe3\x81z", r + "z"},
                                                                  {"\xc0\x80", r + r},
                                                                  {"\xed\xa0\x80", r + r + r},
                                                                  {"\xf0\x9f\x98", r},
                                                                  {"\xf0\x9f\x98\xf0\x9f\x98\x80", r + "\xf0\x9f\x98\x80"},
                                                                  {"\xf4\x90\x80\x80", r + r + r + r},
                                                                  {"\xe0\x80\x80", r + r + r},
                                                                  {"\x80", r}};
  for (const auto& [bytes, text] : cases) REQUIRE(well_formed(bytes) == text);
  REQUIRE(well_formed("\xe3\x81", true) == r + r);
}

TEST_CASE("ids equal RWKV's own tokenizer", "[cpu]") {
  const std::string folder = fixture_tokenizer("rwkv_world");
  if (folder.empty()) return;
  const auto tokenizer = load_tokenizer(folder);
  REQUIRE(tokenizer->vocab_size() == 65530);
  REQUIRE(tokenizer->encode("\n\n") == Ids{261});
  REQUIRE(tokenizer->special_id(kWorldEnd) == 0);
  const json rows = golden("world_ids.json");
  REQUIRE(rows.size() == 150);
  for (const json& row : rows) {
    const auto text = row[0].get<std::string>();
    INFO(text);
    REQUIRE(tokenizer->encode(text) == row[1].get<Ids>());
    REQUIRE(tokenizer->decode(row[1].get<Ids>()) == text);
  }
}

TEST_CASE("World: greedy, exact, any bytes", "[cpu]") {
  TestFolder folder;
  const auto tokenizer = world(folder, world_file({"ab", "abcd", "\n\n", "\xe4\xb8", "\xe4\xb8\xad"}));
  REQUIRE(tokenizer->vocab_size() == 262);
  REQUIRE(tokenizer->encode("abc") == Ids{257, 100});  // abcd does not match, ab does
  REQUIRE(tokenizer->encode("abcd\n\n\n") == Ids{258, 259, 11});
  REQUIRE(tokenizer->encode("\xe4\xb8\xad\xe4\xb8") == Ids{261, 260});
  REQUIRE(tokenizer->encode("").empty());
  REQUIRE(tokenizer->decode({261, 260, 98}) ==
          "\xe4\xb8\xad\xef\xbf\xbd"
          "a");
  REQUIRE(tokenizer->piece(260) == "\xe4\xb8");
  REQUIRE(tokenizer->encode("a" + kWorldEnd + "b") == Ids{98, 0, 99});
  REQUIRE(tokenizer->decode({0, 98}) == kWorldEnd + "a");
  REQUIRE(tokenizer->decode({65535}) == "\xef\xbf\xbd");  // a row without a meaning
  REQUIRE_THROWS_WITH(tokenizer->decode({65536}), Contains("token id 65536"));
  REQUIRE_THROWS_WITH(tokenizer->piece(-1), Contains("token id -1"));
  REQUIRE(tokenizer->special_id(kStop) == -1);
  REQUIRE(tokenizer->special_id("\n\n") == -1);
  TestFolder copy;
  tokenizer->save(copy.path);
  REQUIRE(load_tokenizer(copy.path)->encode("abcd!") == tokenizer->encode("abcd!"));
}

TEST_CASE("World: literals as Python writes them, lines of LF or CRLF", "[cpu]") {
  const std::string bytes = world_file({});
  TestFolder folder;
  std::string crlf;
  for (const char c : bytes) crlf += c == '\n' ? "\r\n" : std::string(1, c);
  const auto tokenizer =
      world(folder, crlf +
                        "257 'it\\'s' 4\r\n258 \"a'b\" 3\r\n259 '\\x80' 2\r\n260 '\\u4e2d' 3\r\n261 '\\U0001f600' 4\r\n262 "
                        "'\\n\\t\\r\\\\' 4\r\n263 'a b ' 4\r\n264 'b\xc3\xa9' 3\r\n265 b'q\\'\"\\xff' 4");
  const std::vector<std::pair<int64_t, std::string>> expected = {
      {257, "it's"},     {258, "a'b"},  {259, "\xc2\x80"},  {260, "\xe4\xb8\xad"}, {261, "\xf0\x9f\x98\x80"},
      {262, "\n\t\r\\"}, {263, "a b "}, {264, "b\xc3\xa9"}, {265, "q'\"\xff"}};
  for (const auto& [id, text] : expected) {
    REQUIRE(tokenizer->piece(id) == text);
    REQUIRE(tokenizer->encode(text) == Ids{id});
  }
}

TEST_CASE("World: what is malformed is refused with its line", "[cpu]") {
  const std::string bytes = world_file({});
  const std::vector<std::pair<std::string, std::string>> lines = {{"257 'ab'\n", "ID LITERAL BYTES"},
                                                                  {"257\n", "ID LITERAL BYTES"},
                                                                  {"\n", "ID LITERAL BYTES"},
                                                                  {"x 'ab' 2\n", "a token id"},
                                                                  {"258 'ab' 2\n", "id 258, expected 257"},
                                                                  {"256 'ab' 2\n", "id 256, expected 257"},
                                                                  {"257 'ab' 3\n", "has 2 bytes, the line says 3"},
                                                                  {"257 'ab' two\n", "a number of bytes"},
                                                                  {"257 '' 0\n", "an empty token"},
                                                                  {"257 'a' 1\n", "the same token as id 98"},
                                                                  {"257 ab 2\n", "Python literal"},
                                                                  {"257 'ab\" 2\n", "Python literal"},
                                                                  {"257 ' 1\n", "Python literal"},
                                                                  {"257 'a'b' 3\n", "not escaped"},
                                                                  {"257 'a\\qb' 3\n", "\\q is no escape"},
                                                                  {"257 'a\\x4' 2\n", "fewer than 2"},
                                                                  {"257 'a\\u12' 2\n", "fewer than 4"},
                                                                  {"257 '\\ud800' 3\n", "no Unicode character"},
                                                                  {"257 '\\U00110000' 4\n", "no Unicode character"},
                                                                  {"257 b'\\u0041b' 2\n", "\\u is no escape"},
                                                                  {"257 b'\xc3\xa9' 2\n", "ASCII"},
                                                                  {"257 'a\xc3' 2\n", "not UTF-8"},
                                                                  {"257 'ab\\' 3\n", "backslash"}};
  for (const auto& [line, why] : lines) refuses(bytes + line, ":257: ", why);
  refuses("", ": ", "byte 0 is no token");
  refuses(bytes.substr(0, bytes.size() / 2 / 16 * 16), ":", "");
  refuses(world_line(1, "a") + world_line(2, "b"), ": ", "is no token, so not every text");
  TestFolder two;
  two.file("rwkv_vocab_a.txt", bytes);
  two.file("rwkv_vocab_b.txt", bytes);
  REQUIRE_THROWS_WITH(load_tokenizer(two.path), Contains("leave the one"));
}

TEST_CASE("World: the markers are added at the first free ids", "[cpu]") {
  TestFolder folder, scratch;
  const auto plain = world(folder, world_file({"ab"}));
  const std::string out = (scratch.path / "marked").string();
  add_markers(folder.path, out);
  const auto marked = load_tokenizer(out);
  REQUIRE(marked->special_id(kContinue) == 258);
  REQUIRE(marked->special_id(kStop) == 259);
  REQUIRE(marked->vocab_size() == 260);
  REQUIRE(marked->encode("ab" + kStop + "ab") == Ids{257, 259, 257});
  REQUIRE(marked->decode({257, 258}) == "ab" + kContinue);
  REQUIRE(plain->encode(kStop).size() == kStop.size());
  const json config = json::parse(read_file(std::filesystem::path(out) / "tokenizer_config.json"));
  REQUIRE(config["added_tokens_decoder"]["258"]["content"] == kContinue);
  REQUIRE_THROWS_WITH(add_markers(folder.path, out), Contains("not empty"));

  const std::string fixture = fixture_tokenizer("rwkv_world");
  if (fixture.empty()) return;
  add_markers(fixture, (scratch.path / "world").string());
  const auto published = load_tokenizer((scratch.path / "world").string());
  REQUIRE(published->special_id(kContinue) == 65530);
  REQUIRE(published->special_id(kStop) == 65531);
}

TEST_CASE("World: what the other files of a folder say is honoured or refused", "[cpu]") {
  const std::string vocabulary = world_file({"\n\n"});
  const auto config = [&](const json& content, const std::string& why) {
    TestFolder folder;
    folder.file("tokenizer_config.json", content.dump());
    if (why.empty()) return world(folder, vocabulary);
    INFO(content.dump());
    folder.file("rwkv_vocab_test.txt", vocabulary);
    REQUIRE_THROWS_WITH(load_tokenizer(folder.path), Contains("tokenizer_config.json") && Contains(why));
    return std::shared_ptr<const Tokenizer>();
  };
  // fla-hub's: eos_token "\n\n" is 257 here (261 in the published file), as RWKV itself has it.
  const auto named = config({{"eos_token", "\n\n"}, {"added_tokens_decoder", {{"0", added_token("<|endoftext|>")}}}}, "");
  REQUIRE(named->encode("\n\n") == Ids{257});
  REQUIRE(named->encode("<|endoftext|>") == Ids{0});
  REQUIRE(named->special_id(kWorldEnd) == 0);
  REQUIRE(named->encode_framed("a") == Ids{98});
  REQUIRE(config({{"added_tokens_decoder", {{"65530", added_token("<X>")}}}}, "")->decode_without_specials({0, 98, 65530, 257}) == "a\n\n");
  config({{"added_tokens_decoder", {{"65530", added_token("\n\n")}}}}, "Hugging Face's wrapper");
  config({{"added_tokens_decoder", {{"65530", added_token("a")}}}}, "is token 98 of the vocabulary already");
  config({{"added_tokens_decoder", {{"5", added_token("<X>")}}}}, "id 5 is another token");
  config({{"added_tokens_decoder", {{"70000", added_token("<X>")}}}}, "beyond the table");
  config({{"additional_special_tokens", {"<X>"}}}, "has no id");
  json whole = added_token("<X>");
  whole["single_word"] = true;
  config({{"added_tokens_decoder", {{"65530", whole}}}}, "single_word");
}
