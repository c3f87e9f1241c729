// A tokenizer.model that would lead SentencePiece's library out of its memory is refused before the library sees it.
#include "data/tokenizers/model_proto.h"

#include <catch2/catch.hpp>

#include <cstring>
#include <limits>

#include "configs/run.h"
#include "data/tokenizer.h"
#include "tests/configs/folder.h"

using namespace smooth;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

std::string field(uint64_t number, const std::string& bytes) { return varint(number << 3 | 2) + varint(bytes.size()) + bytes; }
std::string field(uint64_t number, uint64_t value) { return varint(number << 3) + varint(value); }

std::string raw(const void* data, size_t size) { return {static_cast<const char*>(data), size}; }

std::string piece(const std::string& text, float score = 0, uint64_t type = 1) {
  return field(1, field(1, text) + varint(2 << 3 | 5) + raw(&score, sizeof score) + field(3, type));
}

// The normaliser's table: units of the double array, and the strings behind it.
std::string charsmap(const std::vector<uint32_t>& units, const std::string& strings) {
  const auto size = static_cast<uint32_t>(units.size() * sizeof(uint32_t));
  return raw(&size, sizeof size) + raw(units.data(), size) + strings;
}

std::string normaliser(const std::string& map) { return field(3, field(1, std::string("user_defined")) + field(2, map)); }

constexpr uint32_t kLeaf = 1u << 31, kHasLeaf = 1u << 8;
uint32_t offset(uint32_t distance) { return distance << 10; }

// A trie of "a", "aa", ... up to `length`, each of which becomes the string at `value`.
std::vector<uint32_t> chain(uint32_t length, uint32_t value) {
  std::vector<uint32_t> units(256 * (length + 2), kLeaf);
  units[0] = offset(256);
  for (uint32_t k = 1; k <= length; ++k) {
    const uint32_t place = (256 * k) ^ 'a', next = 256 * (k + 1);
    units[place] = offset(place ^ next) | kHasLeaf | 'a';
    units[next] = kLeaf | value;
  }
  return units;
}

std::string refusal(const std::string& model) {
  return message_of<std::runtime_error>([&] { check_model_proto(model, "m"); });
}

const std::string kAccepted = "(nothing was thrown)";

}  // namespace

TEST_CASE("a tokenizer.model's normaliser may not lead out of the file", "[cpu]") {
  const std::string strings("b\0", 2);
  REQUIRE(refusal(normaliser(charsmap(chain(3, 0), strings))) == kAccepted);
  REQUIRE(refusal(normaliser(charsmap(chain(32, 1), strings))) == kAccepted);
  REQUIRE_THAT(refusal(normaliser(charsmap(chain(33, 0), strings))), StartsWith("m: normalizer_spec: ") && Contains("more than 32 rules fit one text"));
  REQUIRE_THAT(refusal(normaliser(charsmap(chain(3, 2), strings))), Contains("a rule's string lies outside the file"));
  REQUIRE_THAT(refusal(normaliser(charsmap(chain(3, 0), "b"))), Contains("its last string has no end"));
  REQUIRE_THAT(refusal(normaliser(charsmap({}, strings))), Contains("its trie is empty"));
  REQUIRE_THAT(refusal(normaliser("abc")), Contains("it has 3 bytes"));
  REQUIRE_THAT(refusal(normaliser(raw("\xff\0\0\0", 4) + strings)), Contains("its trie should have 255 bytes of 2"));
  auto units = chain(3, 0);
  units.resize(units.size() - 1);
  REQUIRE_THAT(refusal(normaliser(charsmap(units, strings))), Contains("its trie leads out of the file"));
  units = chain(3, 0);
  units[0] = offset(0x1fffff) | 1u << 9;  // shifted by eight bits more: far beyond
  REQUIRE_THAT(refusal(normaliser(charsmap(units, strings))), Contains("its trie leads out of the file"));
  units = chain(3, 0);
  units[512 ^ 'a'] = offset(512 ^ 'a' ^ 256) | 'a';  // "aa" leads where the root leads
  REQUIRE_THAT(refusal(normaliser(charsmap(units, strings))), Contains("leads back to where it came from"));
  REQUIRE_THAT(refusal(normaliser(charsmap(chain(3, 0), strings)) + normaliser("abc")), Contains("it has 3 bytes"));  // the last one counts
  REQUIRE_THAT(refusal(field(5, field(2, std::string("abc")))), StartsWith("m: denormalizer_spec: "));
}

TEST_CASE("a tokenizer.model's pieces may not be what the library miscounts", "[cpu]") {
  REQUIRE(refusal(piece("a") + piece("b", -3.5f)) == kAccepted);
  REQUIRE_THAT(refusal(piece("a") + piece(std::string("b\0c", 3))), StartsWith("m: piece 1: ") && Contains("zero byte"));
  REQUIRE_THAT(refusal(piece("a", std::numeric_limits<float>::quiet_NaN())), StartsWith("m: piece 0: ") && Contains("no finite number"));
  std::string nested;
  for (size_t n = 1; n <= 64; ++n) nested += piece(std::string(n, 'a'), 0, 4);
  REQUIRE(refusal(nested) == kAccepted);
  REQUIRE_THAT(refusal(nested + piece(std::string(65, 'a'), 0, 4)), Contains("more than 64 user-defined pieces begin one another"));
  REQUIRE_THAT(refusal(nested + piece(std::string(65, 'a'), 0, (uint64_t{1} << 32) + 4)), Contains("more than 64"));
}

TEST_CASE("a tokenizer.model that is no protocol buffer is refused", "[cpu]") {
  REQUIRE_THAT(refusal("\x0a\x05" "ab"), StartsWith("m: ") && Contains("ends before its fields do"));
  REQUIRE_THAT(refusal("\x0a"), Contains("ends before its fields do"));
  REQUIRE_THAT(refusal("\x0b"), Contains("a field of kind 3"));
  REQUIRE_THAT(refusal(std::string(11, '\xff')), Contains("a number is too long"));
  REQUIRE_THAT(refusal("\xfa\xff\xff\xff\x7f" "abc"), Contains("a field's number is too large"));
}

TEST_CASE("a tokenizer.model that is cut off or has a flipped bit is refused by its name, or read", "[cpu]") {
  const std::string whole = read_file("tests/golden/sentencepiece/bpe/tokenizer.model");
  TestFolder folder;
  const std::string file = (folder.path / "tokenizer.model").string();
  size_t refused = 0, read = 0;
  const auto load = [&](const std::string& model) {
    folder.file("tokenizer.model", model);
    try {
      load_tokenizer(folder.path.string())->encode("a <STOP>b\n\xff");
      ++read;
    } catch (const std::runtime_error& error) {
      INFO(error.what());
      REQUIRE(std::string(error.what()).starts_with(file));
      ++refused;
    }
  };
  for (size_t size = 1; size < whole.size(); size += 61) load(whole.substr(0, size));
  for (size_t bit = 0; bit < 8 * whole.size(); bit += 37) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    load(flipped);
  }
  REQUIRE(refused > 100);
  REQUIRE(read > 100);
}

// The library finds it and then miscounts: a text with a blank fails, and so the tokenizer says, by its name.
TEST_CASE("a tokenizer.model whose blank is a control piece cannot encode one", "[cpu]") {
  TestFolder folder;
  const std::string blank = "\xe2\x96\x81", bpe = field(2, field(3, 2));
  folder.file("tokenizer.model", piece("<unk>", 0, 2) + piece(blank, 0, 3) + piece("b") + bpe);
  const auto tokenizer = load_tokenizer(folder.path.string());
  REQUIRE_THROWS_WITH(tokenizer->encode("b b"), StartsWith((folder.path / "tokenizer.model").string() + ": ") && Contains("could not encode"));
}
