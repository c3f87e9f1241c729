// WordPiece against Hugging Face's tokenizers (tests/golden/wordpiece_ids.py), and on small word lists.
#include "data/tokenizers/wordpiece.h"

#include <catch2/catch.hpp>

#include "data/tokenizers/bert_text.h"
#include "tests/configs/folder.h"
#include "tests/data/tokenizer_folders.h"

using namespace smooth;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

using Ids = std::vector<int64_t>;

const std::vector<std::string> kWords = {"[PAD]",        "[UNK]",    "[CLS]", "[SEP]", "[MASK]", "un",
                                         "##aff",        "##able",   "##a",   "hello", ",",      "i",
                                         "\xe4\xb8\xad", "\xcf\x83", "'",     "s",     "A",      "\xc3\xa9"};

std::string lines(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += word + "\n";
  return text;
}

json small_json() {
  json vocab = json::object();
  for (size_t i = 0; i < kWords.size(); ++i) vocab[kWords[i]] = i;
  return {{"added_tokens", json::array()},
          {"normalizer",
           {{"type", "BertNormalizer"},
            {"clean_text", true},
            {"handle_chinese_chars", true},
            {"strip_accents", nullptr},
            {"lowercase", true}}},
          {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
          {"decoder", {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}}},
          {"model",
           {{"type", "WordPiece"},
            {"unk_token", "[UNK]"},
            {"continuing_subword_prefix", "##"},
            {"max_input_chars_per_word", 100},
            {"vocab", vocab}}}};
}

void refuses(const std::string& file, const std::string& content, const std::string& why) {
  TestFolder folder;
  folder.file(file, content);
  if (file == "tokenizer_config.json") folder.file("vocab.txt", lines(kWords));
  INFO(content.substr(0, 300));
  REQUIRE_THROWS_WITH(load_tokenizer(folder.path), Contains(file) && Contains(why));
}

}  // namespace

TEST_CASE("BERT's text: cleaned, parted, stripped, lowered", "[cpu]") {
  const BertText bert;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"He\tllo\xc2\xa0W\xc3\x96RLD", "he llo world"},
      {std::string("a\0b\x01\x7f\xef\xbf\xbd\xe2\x80\x8b", 10) + "c", "abc"},
      {"\xe4\xb8\xad\xe6\x96\x87x", " \xe4\xb8\xad  \xe6\x96\x87 x"},
      {"\xc4\xb0", "i"},
      {"\xce\xa3\xce\x91\xce\xa3", "\xcf\x83\xce\xb1\xcf\x83"},
      {"e\xcc\x81\xcc\xa3", "e"},
      {"\xea\xb0\x81", "\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8"},
      {"\xff"
       "a",
       "a"},
      {"", ""}};
  for (const auto& [text, expected] : cases) REQUIRE(bert.normalise(text) == expected);
  REQUIRE(BertText{.strip_accents = false}.normalise("\xc4\xb0\xc3\x89") == "i\xcc\x87\xc3\xa9");
  REQUIRE(bert.normalise("a\u1734b \u1885 \ua9bd") == "ab \u1885 \ua9bd");  // categories as Unicode 8 had them
  REQUIRE(bert_words("a\u166db\U000111c9").size() == 4);
  REQUIRE(BertText{.lowercase = false}.normalise("\xc3\x89T\xc3\x89") == "ETE");
  REQUIRE(BertText{.clean_text = false, .handle_chinese_chars = false}.normalise("\x01\xe4\xb8\xad") == "\x01\xe4\xb8\xad");
  REQUIRE(bert_words(" ab,c  $\xe2\x80\x9cx ") == std::vector<std::string_view>{"ab", ",", "c", "$", "\xe2\x80\x9c", "x"});
}

TEST_CASE("ids equal Hugging Face's tokenizers: bert-base-uncased", "[cpu]") {
  const std::string folder = fixture_tokenizer("bert_wordpiece");
  if (folder.empty()) return;
  const auto tokenizer = load_tokenizer(folder);
  REQUIRE(tokenizer->vocab_size() == 30522);
  const json rows = golden("wordpiece_ids.json");
  REQUIRE(rows.size() == 150);
  for (const json& row : rows) {
    INFO(row[0]);
    REQUIRE(tokenizer->encode(row[0]) == row[1].get<Ids>());
  }
  REQUIRE(encoder_ids(*tokenizer, "Hello world", 512) == Ids{101, 7592, 2088, 102});
}

TEST_CASE("WordPiece: the longest pieces, or unknown as a whole", "[cpu]") {
  for (const bool from_json : {false, true}) {
    TestFolder folder;
    folder.file(from_json ? "tokenizer.json" : "vocab.txt", from_json ? small_json().dump() : lines(kWords));
    const auto tokenizer = load_tokenizer(folder.path);
    REQUIRE(tokenizer->vocab_size() == static_cast<int64_t>(kWords.size()));
    REQUIRE(tokenizer->encode("Unaffable, hello") == Ids{5, 6, 7, 10, 9});
    REQUIRE(tokenizer->encode("unaffables hello") == Ids{1, 9});
    REQUIRE(tokenizer->encode("un" + std::string(98, 'a')).size() == 99);
    REQUIRE(tokenizer->encode("un" + std::string(99, 'a')) == Ids{1});
    REQUIRE(tokenizer->encode("").empty());
    REQUIRE(tokenizer->encode(" \n").empty());
    REQUIRE(tokenizer->decode({5, 6, 7, 10, 9}) == "unaffable, hello");
    REQUIRE(tokenizer->decode({11, 14, 15}) == "i ' s");  // tokens are tidied one by one, as tokenizers does
    REQUIRE(tokenizer->piece(6) == "aff");
    REQUIRE(tokenizer->piece(9) == " hello");
    REQUIRE_THROWS_WITH(tokenizer->decode({18}), Contains("token id 18"));
    // Without added_tokens in tokenizer.json a special's text is text, as there; BertTokenizer, which reads vocab.txt, cuts it
    // out.
    REQUIRE(tokenizer->encode("[SEP]") == (from_json ? Ids{1, 1, 1} : Ids{3}));
    REQUIRE(tokenizer->special_id("[SEP]") == 3);
    REQUIRE(encoder_ids(*tokenizer, "hello i i", 4) == Ids{2, 9, 11, 3});
    REQUIRE(encoder_ids(*tokenizer, "hello", 2) == Ids{2, 3});
    REQUIRE_THROWS_WITH(encoder_ids(*tokenizer, "hello", 1), Contains("max_length 1"));
    TestFolder copy;
    tokenizer->save(copy.path);
    REQUIRE(load_tokenizer(copy.path)->encode("unaffable") == tokenizer->encode("unaffable"));
  }
}

TEST_CASE("WordPiece: options and MPNet's specials", "[cpu]") {
  TestFolder cased;
  cased.file("vocab.txt", lines(kWords));
  cased.file("tokenizer_config.json", R"({"do_lower_case": false})");
  REQUIRE(load_tokenizer(cased.path)->encode("A \xc3\xa9") == Ids{16, 17});
  TestFolder accents;
  accents.file("vocab.txt", lines(kWords));
  accents.file("tokenizer_config.json", R"({"strip_accents": false})");
  REQUIRE(load_tokenizer(accents.path)->encode("\xc3\x89") == Ids{17});

  json mpnet = small_json();
  mpnet["model"]["vocab"] = {{"<s>", 0}, {"</s>", 1}, {"[UNK]", 2}, {"hello", 3}, {"[CLS]", 4}};
  mpnet["added_tokens"] = json::array();
  for (const auto& [text, id] : {std::pair<std::string, int>{"<s>", 0}, {"</s>", 1}, {"<mask>", 5}}) {
    json token = added_token(text);
    token["id"] = id;
    token["normalized"] = text == "<s>";
    mpnet["added_tokens"].push_back(token);
  }
  TestFolder folder;
  folder.file("tokenizer.json", mpnet.dump());
  const auto tokenizer = load_tokenizer(folder.path);
  REQUIRE(tokenizer->vocab_size() == 6);
  REQUIRE(tokenizer->encode("Hello<mask> <S>") == Ids{3, 5, 0});
  REQUIRE(encoder_ids(*tokenizer, "hello", 8) == Ids{0, 3, 1});
}

TEST_CASE("WordPiece: what is malformed or not implemented is refused", "[cpu]") {
  refuses("vocab.txt", "[UNK]\na\n\nb\n", "vocab.txt:3: an empty line");
  refuses("vocab.txt", "[UNK]\na\nb\na\n", "vocab.txt:4: 'a' stands in line 2");
  refuses("vocab.txt", "a\nb\n", "'[UNK]' is no piece");
  refuses("vocab.txt", "", "is no piece");
  refuses("tokenizer_config.json", R"({"do_basic_tokenize": false})", "not implemented");
  refuses("tokenizer_config.json", R"({"never_split": ["a"]})", "not implemented");
  refuses("tokenizer_config.json", R"({"do_lower_case": "yes"})", "do_lower_case: expected true or false");
  refuses("tokenizer_config.json", R"({"additional_special_tokens": ["<X>"]})", "'<X>' is no piece and has no id");
  const auto changed = [](const std::string& pointer, const json& value, const std::string& why) {
    json content = small_json();
    content[json::json_pointer(pointer)] = value;
    refuses("tokenizer.json", content.dump(), why);
  };
  changed("/normalizer/type", "NFC", "type 'NFC' is not implemented");
  changed("/normalizer", nullptr, "without BertNormalizer");
  changed("/normalizer/lowercase", 1, "lowercase: expected true or false");
  changed("/pre_tokenizer", nullptr, "expected BertPreTokenizer");
  changed("/pre_tokenizer/type", "Whitespace", "not implemented");
  changed("/decoder/type", "BPEDecoder", "not implemented");
  changed("/model/unk_token", "<none>", "'<none>' is no piece");
  changed("/model/continuing_subword_prefix", "", "empty prefix");
  changed("/model/max_input_chars_per_word", "many", "expected a whole number");
  changed("/model/vocab", 7, "expected an object");
  changed("/model/vocab/hello", 500, "need the ids from 0");
  changed("/model/vocab/hello", 3, "share id 3");
  changed("/model/vocab/hello", "x", "expected an object of ids");
  changed("/added_tokens", json::array({{{"id", 99}, {"content", "<X>"}}}), "the next free one is 18");
  changed("/added_tokens", json::array({{{"id", 3}, {"content", "hello"}}}), "is id 9 in the vocabulary");
  refuses("tokenizer.json", R"({"model": {"type": "WordPiece"}})", "model.vocab");
  refuses("tokenizer.json", std::string(1000000, '['), "expected '{', found '['");
  refuses("tokenizer.json", small_json().dump().substr(0, 200), "is the file truncated");
  TestFolder other;
  other.file("tokenizer.json", R"({"model": {"type": "Morse"}})");
  REQUIRE_THROWS_WITH(load_tokenizer(other.path), Contains("no tokenizer here"));
}
