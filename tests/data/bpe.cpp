// Byte-level BPE: a small tokenizer whose ids can be found by hand, Qwen2's own against Hugging Face
// (tests/golden/qwen2_ids.py), and what files may not say.
#include "data/tokenizers/bpe.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <thread>

#include "configs/run.h"
#include "data/random.h"
#include "data/tokenizers/merges.h"
#include "data/tokenizers/nfc.h"
#include "data/tokenizers/pieces.h"
#include "data/tokenizers/stream.h"
#include "data/tokenizers/utf8.h"
#include "tests/configs/folder.h"
#include "tests/data/bytes.h"

using namespace smooth;
using Catch::Matchers::Contains;
using Ids = std::vector<int64_t>;
using Json = nlohmann::ordered_json;

namespace {

// GPT-2's alphabet: printable Latin-1 characters are themselves, the other bytes follow from U+0100 on. Byte b has id b.
std::vector<std::string> alphabet() {
  std::vector<std::string> letters;
  uint32_t next = 0x100;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    const uint32_t c = printable ? byte : next++;
    if (c < 0x80) {
      letters.push_back(std::string(1, static_cast<char>(c)));
    } else {
      letters.push_back({static_cast<char>(0xc0 | c >> 6), static_cast<char>(0x80 | (c & 63))});
    }
  }
  return letters;
}

// Merges in order of rank; the id of the result of merge r is 256 + r.
const std::vector<std::pair<std::string, std::string>> kMerges = {
    {"l", "l"}, {"h", "e"}, {"he", "ll"}, {"hell", "o"}, {"\u0120", "hello"}, {"o", "o"}, {"\u00c3", "\u00a9"}, {"a", "a"}, {"aa", "a"}, {"aa", "aa"}};

Json added(int64_t id, const std::string& text, bool special, bool normalized = false) {
  return {{"id", id}, {"content", text}, {"single_word", false}, {"lstrip", false}, {"rstrip", false}, {"normalized", normalized}, {"special", special}};
}

Json vocabulary() {
  Json vocab;
  for (const std::string& letter : alphabet()) vocab[letter] = vocab.size();
  for (const auto& [left, right] : kMerges) vocab[left + right] = vocab.size();
  return vocab;
}

// 266 pieces, then <|im_end|> 266, <|im_end|>> 267, <tool> 268.
Json tokenizer_json() {
  Json merges = Json::array();
  for (const auto& [left, right] : kMerges) merges.push_back(left + " " + right);
  const Json split = {{"type", "Split"}, {"pattern", {{"Regex", kQwen2Pattern}}}, {"behavior", "Isolated"}, {"invert", false}};
  const Json bytes = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", false}, {"use_regex", false}};
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", {added(266, "<|im_end|>", true), added(267, "<|im_end|>>", true), added(268, "<tool>", false)}},
          {"normalizer", {{"type", "NFC"}}},
          {"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", {split, bytes}}}},
          {"post_processor", bytes},
          {"decoder", bytes},
          {"model", {{"type", "BPE"}, {"dropout", nullptr}, {"unk_token", nullptr}, {"byte_fallback", false}, {"vocab", vocabulary()}, {"merges", merges}}}};
}

std::shared_ptr<const Tokenizer> load(const Json& json) {
  TestFolder folder;
  folder.file("tokenizer.json", json.dump());
  return load_tokenizer(folder.path);
}

std::string refusal(const std::function<void(Json&)>& change) {
  Json json = tokenizer_json();
  change(json);
  return message_of<std::exception>([&] { load(json); });
}

std::string repeated(const std::string& text, size_t times) {
  std::string all;
  while (times-- > 0) all += text;
  return all;
}

const char* fixture() {
  const char* folder = std::getenv("SMOOTH_FIXTURES");
  if (folder == nullptr) std::cout << "SKIPPED: SMOOTH_FIXTURES names no folder of reference data\n";
  return folder;
}

// The definition, word for word: look at all pairs, merge the best, the leftmost of equals, begin again.
std::vector<TokenId> merged_slowly(std::vector<TokenId> ids, const std::vector<Merge>& merges) {
  for (;;) {
    const Merge* best = nullptr;
    size_t place = 0;
    for (size_t i = 0; i + 1 < ids.size(); ++i) {
      for (const Merge& merge : merges) {
        if (merge.left == ids[i] && merge.right == ids[i + 1] && (!best || merge.rank < best->rank)) best = &merge, place = i;
      }
    }
    if (!best) return ids;
    ids[place] = best->result;
    ids.erase(ids.begin() + static_cast<int64_t>(place) + 1);
  }
}

// Any bytes: words of the small vocabulary, characters cut in the middle, added tokens.
std::string random_bytes(Random& random) {
  static const std::vector<std::string> fragments = {"hello", " hello", "aaa", "\u00e9", "e\u0301", "\u4e2d", "\U0001f600", "\xf0\x9f", "\x98", "\xff", "<|im_end|>", "<tool>", " ", "\n", "x1"};
  std::string text;
  for (int64_t n = random.randint(0, 12); n > 0; --n) text += random.choice(fragments);
  return text;
}

}  // namespace

TEST_CASE("a byte-level BPE, by hand", "[cpu]") {
  const auto tokenizer = load(tokenizer_json());
  REQUIRE(tokenizer->vocab_size() == 269);
  REQUIRE(tokenizer->encode("").empty());
  REQUIRE(tokenizer->encode("hello hello") == Ids{259, 260});
  REQUIRE(tokenizer->encode("hellhe") == Ids{258, 257});
  REQUIRE(tokenizer->encode("ooo") == Ids{261, 'o'});         // leftmost first
  REQUIRE(tokenizer->encode("aaaaa") == Ids{263, 264});        // the third a goes with the last, at the lower rank
  REQUIRE(tokenizer->encode("e\u0301") == Ids{262});          // composed, then \xc3 \xa9
  REQUIRE(tokenizer->encode("\xff\xfe") == Ids{0xff, 0xfe});  // no UTF-8: its bytes
  REQUIRE(tokenizer->piece(260) == " hello");
  REQUIRE(tokenizer->piece(0xff) == "\xff");
  REQUIRE(tokenizer->decode({0xff, 'a', 262}) == "\ufffda\u00e9");
  REQUIRE(tokenizer->special_id("hello") == -1);
  REQUIRE_THROWS_WITH(tokenizer->piece(269), Contains("269") && Contains("outside the vocabulary"));
  REQUIRE_THROWS_WITH(tokenizer->decode({-1}), Contains("token id -1"));
}

TEST_CASE("added tokens are cut out first, the longest at the leftmost place", "[cpu]") {
  const auto tokenizer = load(tokenizer_json());
  REQUIRE(tokenizer->special_id("<|im_end|>") == 266);
  REQUIRE(tokenizer->special_id("<tool>") == 268);
  REQUIRE(tokenizer->special_id("<tool") == -1);
  REQUIRE(tokenizer->encode("hello<|im_end|>") == Ids{259, 266});
  REQUIRE(tokenizer->encode("<|im_end|>>") == Ids{267});
  REQUIRE(tokenizer->encode("<|im_end|> hello<tool>") == Ids{266, 260, 268});
  REQUIRE(tokenizer->encode("<<tool>") == Ids{'<', 268});
  REQUIRE(tokenizer->encode("<tool>\u0338") == Ids{268, 0xcc, 0xb8});  // > and the stroke would compose
  REQUIRE(tokenizer->decode({266, 259}) == "<|im_end|>hello");
}

TEST_CASE("special tokens are left out when it is asked for, and others are text", "[cpu]") {
  const auto tokenizer = load(tokenizer_json());
  CHECK((tokenizer->is_special(266) && tokenizer->is_special(267) && !tokenizer->is_special(268) && !tokenizer->is_special(5)));
  const std::string text = "<|im_end|>low<tool>lo<|im_end|>>";
  CHECK(tokenizer->decode_without_specials(tokenizer->encode(text)) == "low<tool>lo");
  CHECK(tokenizer->encode_framed(text) == tokenizer->encode(text));
}

TEST_CASE("normalised added tokens are found after normalisation", "[cpu]") {
  Json json = tokenizer_json();
  json["added_tokens"].push_back(added(269, "caf\u00e9", false, true));
  const auto tokenizer = load(json);
  REQUIRE(tokenizer->encode("cafe\u0301") == Ids{269});
  REQUIRE(tokenizer->encode("hello caf\u00e9<tool>") == Ids{259, ' ', 269, 268});
}

TEST_CASE("merges as pairs, and vocab.json with merges.txt, are the same tokenizer", "[cpu]") {
  const auto expected = load(tokenizer_json());
  Json pairs = tokenizer_json();
  pairs["model"]["merges"] = Json::array();
  for (const auto& [left, right] : kMerges) pairs["model"]["merges"].push_back({left, right});
  TestFolder folder, copy;
  std::string merges = "#version: 0.2\n";
  for (const auto& [left, right] : kMerges) merges += left + " " + right + "\n";
  Json decoder;
  const Json whole = tokenizer_json();
  for (const Json& token : whole["added_tokens"]) decoder[std::to_string(token["id"].get<int>())] = token;
  folder.file("vocab.json", vocabulary().dump());
  folder.file("merges.txt", merges);
  folder.file("tokenizer_config.json", Json{{"tokenizer_class", "Qwen2Tokenizer"}, {"eos_token", "<|im_end|>"}, {"added_tokens_decoder", decoder}}.dump());
  const auto from_pairs = load(pairs), from_tables = load_tokenizer(folder.path);
  from_tables->save(copy.path);
  const auto copied = load_tokenizer(copy.path);
  Random random(3);
  for (int i = 0; i < 500; ++i) {
    const std::string text = random_bytes(random);
    REQUIRE(from_pairs->encode(text) == expected->encode(text));
    REQUIRE(from_tables->encode(text) == expected->encode(text));
    REQUIRE(copied->encode(text) == expected->encode(text));
  }
  folder.file("tokenizer_config.json", R"({"tokenizer_class": "GPT2Tokenizer"})");
  REQUIRE_THROWS_WITH(load_tokenizer(folder.path), Contains("tokenizer_class") && Contains("GPT2Tokenizer"));
}

TEST_CASE("merging fast is merging slowly", "[cpu]") {
  Random random(5);
  int64_t long_pieces = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<Merge> merges;  // of three letters and what comes of them
    std::vector<TokenId> ids = {'a', 'b', 'c'};
    for (TokenId id = 256; id < 256 + 30; ++id) {
      const auto rank = static_cast<uint32_t>(merges.size()) / (1 + round % 2);  // every other time two have the same
      const Merge merge = {random.choice(ids), random.choice(ids), id, rank};
      const bool known = std::any_of(merges.begin(), merges.end(), [&](const Merge& other) { return other.left == merge.left && other.right == merge.right; });
      if (known) continue;
      merges.push_back(merge);
      ids.push_back(id);
    }
    const Merges fast(merges);
    for (int i = 0; i < 20; ++i) {
      std::vector<TokenId> symbols, found;
      for (int64_t n = random.randint(1, 130); n > 0; --n) symbols.push_back(static_cast<TokenId>('a' + random.below(3)));
      const std::vector<TokenId> expected = merged_slowly(symbols, merges);
      long_pieces += symbols.size() > 64;
      fast.apply(symbols, found);
      REQUIRE(found == expected);
    }
  }
  REQUIRE(long_pieces > 1000);
}

TEST_CASE("a long piece does not take quadratic time", "[cpu]") {
  const auto tokenizer = load(tokenizer_json());
  for (const std::string piece : {"a", "ab", "hello", " ", "\xff", "\u4e2d"}) {
    const std::string text = repeated(piece, 1000000 / piece.size());
    REQUIRE(tokenizer->decode(tokenizer->encode(text)) == well_formed(text));
  }
}

TEST_CASE("several threads encode at once", "[cpu]") {
  const auto tokenizer = load(tokenizer_json());
  std::vector<int> equal(4, 0);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < equal.size(); ++t) {
    threads.emplace_back([&, t] {
      Random random(t);
      for (int i = 0; i < 2000; ++i) {
        const std::string text = "\xff" + random_bytes(random);
        std::string pieces;
        for (const int64_t id : tokenizer->encode(text)) pieces += tokenizer->piece(id);
        equal[t] += text.find("e\u0301") != std::string::npos || pieces == text;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  REQUIRE(equal == std::vector<int>(4, 2000));
}

TEST_CASE("normalisation is Unicode 9's", "[cpu]") {
  REQUIRE(nfc("e\u0301 \u1100\u1161\u11a8 a\u0301\u0323 \u212b") == "\u00e9 \uac01 \u1ea1\u0301 \u00c5");
  REQUIRE(nfc("e\u0c3c\u0301") == "e\u0c3c\u0301");  // U+0C3C came with Unicode 14
  REQUIRE(nfc("e\xff\u0301 e\u0301\xcc") == "e\xff\u0301 \u00e9\xcc");
  REQUIRE(is_nfc("plain, \u00e9, \u4e2d\xff"));
  REQUIRE_FALSE(is_nfc("e\u0301"));
}

TEST_CASE("markers are added under the next ids, and stay in the saved files", "[cpu]") {
  const auto plain = load(tokenizer_json());
  const auto marked = with_markers(plain);
  REQUIRE(plain->special_id("<STOP>") == -1);
  REQUIRE(marked->special_id("<CONTINUE>") == 269);
  REQUIRE(marked->special_id("<STOP>") == 270);
  REQUIRE(marked->vocab_size() == 271);
  REQUIRE(marked->encode("hello\n<STOP><tool>") == Ids{259, '\n', 270, 268});
  REQUIRE(with_markers(marked) == marked);
  TestFolder folder;
  marked->save(folder.path);
  REQUIRE(load_tokenizer(folder.path)->encode("<CONTINUE> hello") == Ids{269, 260});
  const Json saved = Json::parse(read_file(folder.path / "tokenizer.json"));
  REQUIRE(saved["added_tokens"][4] == added(270, "<STOP>", false));
  REQUIRE(Json::parse(read_file(folder.path / "tokenizer_config.json"))["added_tokens_decoder"]["269"]["content"] == "<CONTINUE>");
  const auto bytes = std::make_shared<ByteTokenizer>(std::vector<std::string>{"<STOP>"});
  REQUIRE_THROWS_WITH(with_markers(bytes), Contains("<CONTINUE>") && Contains("only byte-level BPE"));
  Json none = tokenizer_json();
  none["added_tokens"] = Json::array();
  REQUIRE(with_markers(load(none))->encode("<STOP>") == Ids{267});
}

TEST_CASE("what is not implemented is refused by its key", "[cpu]") {
  REQUIRE_THAT(refusal([](Json& j) { j["normalizer"] = {{"type", "NFKC"}}; }), Contains("tokenizer.json: normalizer") && Contains("NFKC"));
  REQUIRE_THAT(refusal([](Json& j) { j["normalizer"] = nullptr; }), Contains("normalizer"));
  REQUIRE_THAT(refusal([](Json& j) { j["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = "\\w+"; }), Contains("pretokenizers[0].pattern") && Contains("\\w+"));
  REQUIRE_THAT(refusal([](Json& j) { j["pre_tokenizer"]["pretokenizers"][0]["behavior"] = "Removed"; }), Contains("behavior") && Contains("Removed"));
  REQUIRE_THAT(refusal([](Json& j) { j["pre_tokenizer"]["pretokenizers"][1]["add_prefix_space"] = true; }), Contains("add_prefix_space"));
  REQUIRE_THAT(refusal([](Json& j) { j["pre_tokenizer"] = {{"type", "ByteLevel"}}; }), Contains("pre_tokenizer.type"));
  REQUIRE_THAT(refusal([](Json& j) { j["post_processor"] = {{"type", "TemplateProcessing"}}; }), Contains("post_processor.type") && Contains("TemplateProcessing"));
  REQUIRE_THAT(refusal([](Json& j) { j["decoder"] = {{"type", "WordPiece"}}; }), Contains("decoder.type"));
  REQUIRE_THAT(refusal([](Json& j) { j["truncation"] = {{"max_length", 3}}; }), Contains("truncation") && Contains("max_length"));
  REQUIRE_THAT(refusal([](Json& j) { j["version"] = "2.0"; }), Contains("version"));
  REQUIRE_THAT(refusal([](Json& j) { j["surprise"] = 1; }), Contains("surprise"));
  REQUIRE_THAT(refusal([](Json& j) { j["model"]["type"] = "Unigram"; }), Contains("model.type") && Contains("Unigram"));
  REQUIRE_THAT(refusal([](Json& j) { j["model"]["byte_fallback"] = true; }), Contains("model.byte_fallback"));
  REQUIRE_THAT(refusal([](Json& j) { j["model"]["ignore_merges"] = true; }), Contains("model.ignore_merges"));
  REQUIRE_THAT(refusal([](Json& j) { j["model"]["dropout"] = 0.1; }), Contains("model.dropout") && Contains("0.1"));
  REQUIRE_THAT(refusal([](Json& j) { j["model"]["end_of_word_suffix"] = "</w>"; }), Contains("model.end_of_word_suffix"));
  REQUIRE_THAT(refusal([](Json& j) { j["model"]["surprise"] = 1; }), Contains("model.surprise"));
  REQUIRE_THAT(refusal([](Json& j) { j["added_tokens"][0]["lstrip"] = true; }), Contains("added_tokens[0].lstrip"));
  REQUIRE_THAT(refusal([](Json& j) { j["added_tokens"][1]["content"] = ""; }), Contains("added_tokens[1].content"));
}

TEST_CASE("vocabularies with dangling merges, doubles and holes are refused", "[cpu]") {
  REQUIRE_THAT(refusal([](Json& j) { j["model"]["merges"].push_back("z z"); }), Contains("merge 10") && Contains("`zz` is not in the vocabulary"));
  REQUIRE_THAT(refusal([](Json& j) { j["model"]["merges"][1] = "hx e"; }), Contains("merge 1") && Contains("`hx`"));
  REQUIRE_THAT(refusal([](Json& j) { j["model"]["merges"][1] = "h e e"; }), Contains("merge 1") && Contains("h e e"));
  REQUIRE_THAT(refusal([](Json& j) { j["model"]["merges"][1] = {"h", "e", "e"}; }), Contains("model.merges: merge 1"));
  REQUIRE_THAT(refusal([](Json& j) { j["model"]["merges"][1] = 5; }), Contains("model.merges: merge 1"));
  REQUIRE_THAT(refusal([](Json& j) { j["model"]["merges"].push_back("l l"); }), Contains("merge 10") && Contains("twice"));
  REQUIRE_THAT(refusal([](Json& j) { j["model"]["vocab"]["he"] = 256; }), Contains("id 256 is both") && Contains("`ll`") && Contains("`he`"));
  REQUIRE_THAT(refusal([](Json& j) { j["model"]["vocab"]["hello"] = 1000; }), Contains("id 1000") && Contains("holes"));
  REQUIRE_THAT(refusal([](Json& j) { j["model"]["vocab"]["hello"] = 259.0; }), Contains("model.vocab") && Contains("259.0"));
  REQUIRE_THAT(refusal([](Json& j) { j["model"]["vocab"]["hello"] = -1; }), Contains("model.vocab") && Contains("-1"));
  REQUIRE_THAT(refusal([](Json& j) { j["model"]["vocab"]["hello"] = "259"; }), Contains("model.vocab") && Contains("hello"));
  REQUIRE_THAT(refusal([](Json& j) { j["model"]["vocab"] = nullptr; }), Contains("model.vocab"));
  REQUIRE_THAT(refusal([](Json& j) { j["model"].erase("merges"); }), Contains("model.merges"));
  REQUIRE_THAT(refusal([](Json& j) { j["model"]["vocab"]["\u4e2d"] = 269; }), Contains("\u4e2d") && Contains("alphabet"));
  REQUIRE_THAT(refusal([](Json& j) { j["added_tokens"][2]["id"] = 267; }), Contains("id 267 is both"));
  REQUIRE_THAT(refusal([](Json& j) { j["added_tokens"][2]["id"] = 270; }), Contains("270") && Contains("holes"));
  REQUIRE_THAT(refusal([](Json& j) { j["added_tokens"][2]["id"] = -3; }), Contains("added_tokens[2].id"));
  REQUIRE_THAT(refusal([](Json& j) { j["model"]["vocab"]["<byte>"] = j["model"]["vocab"]["a"], j["model"]["vocab"].erase("a"); }), Contains("not in the vocabulary"));
}

TEST_CASE("broken files are refused, however broken", "[cpu]") {
  const std::string text = tokenizer_json().dump();
  TestFolder folder;
  const std::string file = (folder.path / "tokenizer.json").string();
  for (size_t size = 0; size < text.size(); size += 97) {
    folder.file("tokenizer.json", text.substr(0, size));
    INFO(size);
    REQUIRE_THROWS_WITH(load_tokenizer(folder.path), Contains(file));
  }
  for (const std::string& broken : {repeated("[", 1000000), repeated("{\"a\":", 1000000), text + "x", std::string("[]"), std::string("{\"model\": {]}"), text.substr(0, 5) + "\\"}) {
    folder.file("tokenizer.json", broken);
    REQUIRE_THROWS_WITH(load_tokenizer(folder.path), Contains(file));
  }
  std::string keys;
  for (int i = 0; i < 100000; ++i) keys += "\"" + std::to_string(i) + "\": 0, ";
  folder.file("tokenizer.json", "{" + keys + text.substr(1));
  REQUIRE_THROWS_WITH(load_tokenizer(folder.path), Contains(file) && Contains("more than 1000 keys"));
  for (const char* key : {"added_tokens", "normalizer", "decoder", "model"}) {
    const std::string named = std::string("\"") + key + "\":";
    const size_t at = text.find(named) + named.size();
    folder.file("tokenizer.json", text.substr(0, at) + repeated("[", 1000000) + repeated("]", 1000000) + "," + text.substr(at));
    REQUIRE_THROWS_WITH(load_tokenizer(folder.path), Contains(file) && Contains("nested deeper"));
  }
}

TEST_CASE("tokenizer_config.json must agree with tokenizer.json", "[cpu]") {
  const auto refused = [](const std::string& config) {
    TestFolder folder;
    folder.file("tokenizer.json", tokenizer_json().dump());
    folder.file("tokenizer_config.json", config);
    return message_of<std::exception>([&] { load_tokenizer(folder.path); });
  };
  REQUIRE(refused(R"({"eos_token": "<|im_end|>", "additional_special_tokens": ["<tool>"], "pad_token": null})") == "(nothing was thrown)");
  REQUIRE_THAT(refused(R"({"add_bos_token": true})"), Contains("tokenizer_config.json: add_bos_token"));
  REQUIRE_THAT(refused(R"({"eos_token": "</s>"})"), Contains("</s>") && Contains("no id"));
  REQUIRE_THAT(refused(R"({"additional_special_tokens": [{"content": "<new>"}]})"), Contains("<new>"));
  REQUIRE_THAT(refused(R"({"added_tokens_decoder": {"5": {"content": "<tool>"}}})"), Contains("<tool> is 5, but 268"));
  REQUIRE_THAT(refused(R"({"added_tokens_decoder": {"x": {"content": "<tool>"}}})"), Contains("\"x\""));
  REQUIRE_THAT(refused(R"({"added_tokens_decoder": [{"content": "<tool>"}]})"), Contains("tokenizer_config.json: added_tokens_decoder: expected an object"));
  REQUIRE_THAT(refused("{\"added_tokens_decoder\": " + repeated("[", 1000000)), Contains("tokenizer_config.json") && Contains("nested deeper"));
  REQUIRE_THAT(refused(R"({"a": 1e999})"), Contains("tokenizer_config.json") && Contains("number overflow"));
  REQUIRE_THAT(refused("[1]"), Contains("tokenizer_config.json") && Contains("object"));
  REQUIRE_THAT(refused("{"), Contains("tokenizer_config.json") && Contains("truncated"));
  TestFolder folder;
  folder.file("tokenizer.json", tokenizer_json().dump());
  folder.file("tokenizer_config.json", R"({"added_tokens_decoder": {"269": {"content": "<more>"}}})");
  REQUIRE(load_tokenizer(folder.path)->encode("<more>") == Ids{269});
}

TEST_CASE("a byte-level tokenizer.json goes ahead of tokenizer.model, another does not", "[cpu]") {
  TestFolder folder;
  write_file(folder.path / "tokenizer.model", read_file("tests/golden/sentencepiece/bpe/tokenizer.model"));
  folder.file("tokenizer.json", R"({"pre_tokenizer": null, "decoder": {"type": "Sequence"}, "model": {"type": "BPE"}})");
  REQUIRE(load_tokenizer(folder.path)->special_id("<|im_end|>") != 266);
  folder.file("tokenizer.json", tokenizer_json().dump());
  REQUIRE(load_tokenizer(folder.path)->special_id("<|im_end|>") == 266);
}

TEST_CASE("ill-formed bytes become U+FFFD as in Python and Rust", "[cpu]") {
  const std::string r = "\ufffd";
  REQUIRE(well_formed("caf\u00e9 \U0001f600") == "caf\u00e9 \U0001f600");
  REQUIRE(well_formed("\xe4\xb8") == r);
  REQUIRE(well_formed("\xe4\xb8"
                             "A") == r + "A");
  REQUIRE(well_formed("a\xff\xfe"
                             "b") == "a" + r + r + "b");
  REQUIRE(well_formed("\xed\xa0\x80") == r + r + r);
  REQUIRE(well_formed("\xf4\x90\x80\x80") == r + r + r + r);
  REQUIRE(well_formed("\xc0\x80") == r + r);
}

// One U+FFFD for any number in a row.
std::string without_repeated(std::string text) {
  const std::string twice = "\xef\xbf\xbd\xef\xbf\xbd";
  for (size_t at = text.find(twice); at != std::string::npos; at = text.find(twice, at)) text.erase(at, 3);
  return text;
}

TEST_CASE("a stream never splits a character, and is the whole in the end", "[cpu]") {
  const std::vector<std::shared_ptr<const Tokenizer>> tokenizers = {load(tokenizer_json()), load_tokenizer("tests/golden/sentencepiece/bpe"),
                                                                    std::make_shared<ByteTokenizer>(std::vector<std::string>{"<tool>"})};
  for (const auto& tokenizer : tokenizers) {
    Random random(7);
    StreamDecoder stream(tokenizer);
    for (int i = 0; i < 1000; ++i) {
      Ids ids;
      for (int64_t n = random.randint(0, 30); n > 0; --n) ids.push_back(static_cast<int64_t>(random.below(static_cast<uint64_t>(tokenizer->vocab_size()))));
      if (i % 2) ids = tokenizer->encode(random_bytes(random));
      std::string whole;
      for (const int64_t id : ids) {
        const std::string part = stream.add(id);
        REQUIRE(well_formed(part) == part);
        whole += part;
      }
      whole += stream.finish();
      // SentencePiece's own decoder gives each ill-formed byte a U+FFFD of its own.
      REQUIRE(without_repeated(whole) == without_repeated(well_formed(tokenizer->decode(ids))));
    }
  }
  StreamDecoder stream(tokenizers[0]);
  REQUIRE(stream.add(0xf0).empty());
  REQUIRE(stream.add(0x9f).empty());
  REQUIRE(stream.add(0x98).empty());
  REQUIRE(stream.add(0x80) == "\U0001f600");
  REQUIRE(stream.add(0xe0).empty());
  REQUIRE(stream.add(0x80) == "\ufffd\ufffd");  // E0 80 begins no character
  REQUIRE(stream.add(0xe4).empty());
  REQUIRE(stream.finish() == "\ufffd");
}

TEST_CASE("ids equal Hugging Face's: Qwen2", "[cpu]") {
  const char* fixtures = fixture();
  if (fixtures == nullptr) return;
  const std::string folder = std::string(fixtures) + "/tokenizers/qwen2";
  const auto tokenizer = load_tokenizer(folder);
  REQUIRE(tokenizer->vocab_size() == 151665);
  const auto marked = with_markers(tokenizer);
  REQUIRE(marked->special_id("<STOP>") == 151666);
  TestFolder tables, saved;
  for (const char* name : {"vocab.json", "merges.txt", "tokenizer_config.json"}) std::filesystem::copy(folder + "/" + name, tables.path / name);
  const auto from_tables = load_tokenizer(tables.path);
  marked->save(saved.path);
  const auto again = load_tokenizer(saved.path);
  const std::string golden = "tests/golden/qwen2_ids.jsonl", markers = folder + "/qwen2_continue_stop.jsonl";
  const std::vector<std::pair<std::string, std::shared_ptr<const Tokenizer>>> all = {{golden, tokenizer}, {golden, from_tables}, {markers, marked}, {markers, again}};
  int64_t rows = 0;
  for (const auto& [file, expected] : all) {
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line); ++rows) {
      const Json row = Json::parse(line);
      INFO(line);
      REQUIRE(expected->encode(row["text"]) == row["ids"].get<Ids>());
      if (row.contains("decoded")) REQUIRE(expected->decode(row["ids"].get<Ids>()) == row["decoded"].get<std::string>());
    }
  }
  REQUIRE(rows > 400);
}
