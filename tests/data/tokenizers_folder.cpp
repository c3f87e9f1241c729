// The files beside a vocabulary: every shape that published folders have, and files that are damaged or hostile.
#include "data/tokenizers/folder.h"

#include <catch2/catch.hpp>

#include "data/tokenizer.h"
#include "tests/configs/folder.h"
#include "tests/data/tokenizer_folders.h"

using namespace smooth;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

std::vector<std::pair<std::string, int64_t>> added(const std::vector<std::pair<std::string, std::string>>& files) {
  TestFolder folder;
  for (const auto& [name, content] : files) folder.file(name, content);
  std::vector<std::pair<std::string, int64_t>> tokens;
  const TokenizerFolder loaded(folder.path, {});
  for (const FolderToken& token : loaded.added()) tokens.emplace_back(token.text, token.id);
  return tokens;
}

std::string split(const Specials& specials, const std::string& text) {
  std::string parts;
  specials.split(
      text, [&](std::string_view part, bool first) { parts += (first ? "^" : "") + std::string(part) + "|"; },
      [&](int64_t id) { parts += std::to_string(id) + "|"; });
  return parts;
}

}  // namespace

TEST_CASE("specials are cut out, the longest first, and swallow white space where they say so", "[cpu]") {
  Specials specials;
  specials.add({.text = "<a>", .id = 1});
  specials.add({.text = "<a>b", .id = 2});
  specials.add({.text = "<l>", .id = 3, .strip_left = true});
  specials.add({.text = "<r>", .id = 4, .strip_right = true});
  const std::vector<std::pair<std::string, std::string>> cases = {{"", ""},
                                                                  {"x", "^x|"},
                                                                  {"<a>", "1|"},
                                                                  {"<a>x", "1|x|"},
                                                                  {"x<a>b<a>y", "^x|2|1|y|"},
                                                                  {"<", "^<|"},
                                                                  {"<<a>", "^<|1|"},
                                                                  {"x \xe3\x80\x80<l> y", "^x|3| y|"},
                                                                  {"x <r> \n\xc2\xa0y ", "^x |4|y |"},
                                                                  {" <l>", "3|"},
                                                                  {"<r>  ", "4|"},
                                                                  {"<r> <l>", "4|3|"},
                                                                  {"x\xff<l>", "^x\xff|3|"}};
  for (const auto& [text, expected] : cases) REQUIRE(split(specials, text) == expected);
  REQUIRE(specials.id("<a>") == 1);
  REQUIRE(specials.id("<") == -1);
}

TEST_CASE("added tokens are read from every file that may hold them", "[cpu]") {
  using Tokens = std::vector<std::pair<std::string, int64_t>>;
  REQUIRE(added({}).empty());
  REQUIRE(
      added(
          {{"tokenizer_config.json",
            R"({"added_tokens_decoder": {"5": {"content": "<x>"}}, "additional_special_tokens": ["<x>", {"content": "<y>"}, "<z>"]})"},
           {"added_tokens.json", R"({"<z>": 6, "<x>": 5})"}}) == Tokens{{"<x>", 5}, {"<z>", 6}, {"<y>", -1}});
  REQUIRE(added({{"tokenizer.json", R"({"added_tokens": [{"id": 3, "content": "<w>", "special": true}]})"}}) ==
          Tokens{{"<w>", 3}});
  REQUIRE(added({{"tokenizer_config.json", R"({"added_tokens_decoder": null, "additional_special_tokens": null})"}}).empty());
}

TEST_CASE("hostile JSON is an error, never a crash", "[cpu]") {
  const std::string config = "tokenizer_config.json", open(1000000, '['), objects = [] {
    std::string text;
    for (int i = 0; i < 200000; ++i) text += "{\"a\":";
    return text;
  }();
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[", "not JSON"},
      {"{\"a\": 1", "not JSON"},
      {"\n\n  x", ":3:3"},
      {"[]", "expected a JSON object, found array"},
      {"7", "found number"},
      {open, "nested more than 64"},
      {objects, "nested more than 64"},
      {"{\"added_tokens_decoder\": " + open, "nested more than 64"},
      {"{\"a\": \"\xff\"}", "not JSON"},
      {"{\"a\": 1e999}", "number overflow"},
      {std::string("{\0}", 3), "not JSON"},
      {R"({"added_tokens_decoder": []})", "expected an object, found array"},
      {R"({"added_tokens_decoder": {"x": {"content": "a"}}})", "'x' is no token id"},
      {R"({"added_tokens_decoder": {"-1": {"content": "a"}}})", "no token id"},
      {R"({"added_tokens_decoder": {"99999999999999999999": {"content": "a"}}})", "no token id"},
      {R"({"added_tokens_decoder": {"999999999": {"content": "a"}}})", "no token id"},
      {R"({"added_tokens_decoder": {"1048577": {"content": "a"}}})", "from 0 to 1048576"},
      {R"({"added_tokens_decoder": {"1": 7}})", "found number"},
      {R"({"added_tokens_decoder": {"1": {"content": 7}}})", "content: expected a string"},
      {R"({"added_tokens_decoder": {"1": {"content": ""}}})", "content is empty"},
      {R"({"added_tokens_decoder": {"1": {}}})", "content is empty"},
      {R"({"added_tokens_decoder": {"1": {"content": "a", "lstrip": 1}}})", "expected true or false"},
      {R"({"added_tokens_decoder": {"1": {"content": "a"}, "2": {"content": "a"}}})", "has id 2 here and 1 in"},
      {R"({"added_tokens_decoder": {"1": {"content": "a"}, "01": {"content": "b"}}})", "id 1 is 'b' here and 'a' in"},
      {R"({"additional_special_tokens": "x"})", "expected a list"},
      {R"({"additional_special_tokens": [1]})", "expected strings, found number"}};
  for (const auto& [content, why] : cases) {
    INFO(content.substr(0, 100));
    REQUIRE_THROWS_WITH(added({{config, content}}), Contains(config) && Contains(why));
  }
  REQUIRE_THROWS_WITH(added({{"added_tokens.json", "[1]"}}), Contains("expected an object"));
  REQUIRE_THROWS_WITH(added({{"added_tokens.json", R"({"a": "1"})"}}), Contains("expected a token id, found string"));
  REQUIRE_THROWS_WITH(added({{"tokenizer.json", R"({"added_tokens": {}})"}}), Contains("expected a list"));
  REQUIRE_THROWS_WITH(added({{"tokenizer.json", R"({"added_tokens": [{"content": "a"}]})"}}), Contains("id: expected"));
  REQUIRE_THROWS_WITH(added({{"tokenizer.json", "{\"added_tokens\": " + open}}), Contains("nested deeper than 64"));
}

TEST_CASE("a tokenizer's files are told from its model's", "[cpu]") {
  TestFolder folder;
  for (const char* name : {"vocab.json", "merges.txt", "config.json", "model.safetensors", "rwkv_vocab_v1.txt", "tokenizer_config.json"}) folder.file(name, "");
  std::vector<std::string> names;
  for (const std::string& file : tokenizer_files(folder.path)) names.push_back(std::filesystem::path(file).filename());
  REQUIRE(names == std::vector<std::string>{"vocab.json", "merges.txt", "tokenizer_config.json", "rwkv_vocab_v1.txt"});
}
