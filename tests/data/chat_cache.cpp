// Answers that were paid for come back, after kill -9 too.
#include "data/teachers/chat_cache.h"

#include <catch2/catch.hpp>

#include <set>

#include "tests/configs/folder.h"

using namespace smooth;
using Catch::Matchers::Contains;

namespace {

ChatAnswer sample(int64_t number) {
  return {.content = "line\nbreak, \"quotes\", é " + std::to_string(number), .finish = "stop", .reasoning = number % 2 == 1, .tokens_in = 10 * number, .tokens_cached = number,
          .tokens_out = 3, .money = 0.1 * static_cast<double>(number)};
}

std::string key_of(int64_t number) { return AnswerCache::key("body " + std::to_string(number)); }

void check(const std::optional<ChatAnswer>& got, const ChatAnswer& expected) {
  REQUIRE(got);
  CHECK(got->content == expected.content);
  CHECK(got->finish == expected.finish);
  CHECK(got->reasoning == expected.reasoning);
  CHECK(got->tokens_in == expected.tokens_in);
  CHECK(got->tokens_cached == expected.tokens_cached);
  CHECK(got->tokens_out == expected.tokens_out);
  CHECK(got->money == expected.money);
}

}  // namespace

TEST_CASE("answers come back by their keys, from the same cache and from the next", "[cpu][chat]") {
  const TestFolder folder;
  for (const bool first : {true, false}) {
    AnswerCache cache(folder.path / "cache");
    CHECK(cache.spending().answers == (first ? 0 : 200));
    for (int64_t i = 0; i < 200 && first; ++i) {
      CHECK_FALSE(cache.find(key_of(i)));
      cache.add(key_of(i), "t piece 1", sample(i));
      check(cache.find(key_of(i / 2)), sample(i / 2));
    }
    for (int64_t i = 0; i < 200; ++i) check(cache.find(key_of(199 - i)), sample(199 - i));
    CHECK_FALSE(cache.find(key_of(200)));
    CHECK(cache.spending().answers == 200);
    CHECK(cache.spending().tokens_in == 199000);
    CHECK(cache.spending().tokens_cached == 19900);
    CHECK(cache.spending().tokens() == 199600);
    CHECK(cache.spending().money == Approx(1990));
  }
}

TEST_CASE("keys differ wherever bodies do", "[cpu][chat]") {
  std::set<std::string> keys;
  for (int64_t i = 0; i < 20000; ++i) keys.insert(key_of(i));
  REQUIRE(keys.size() == 20000);
  REQUIRE(key_of(0).size() == 32);
  REQUIRE(key_of(0) == AnswerCache::key("body 0"));
  REQUIRE(key_of(0).substr(0, 16) != key_of(0).substr(16));
}

TEST_CASE("half a key in common does not make an answer", "[cpu][chat]") {
  const TestFolder folder;
  AnswerCache cache(folder.path);
  const std::string half(16, 'a');
  cache.add(half + std::string(16, '1'), "", sample(1));
  CHECK_FALSE(cache.find(half + std::string(16, '2')));
  cache.add(half + std::string(16, '2'), "", sample(2));
  check(cache.find(half + std::string(16, '2')), sample(2));
}

TEST_CASE("a half last line is dropped, and the next answer begins a line", "[cpu][chat]") {
  const TestFolder folder;
  {
    AnswerCache cache(folder.path);
    cache.add(key_of(1), "", sample(1));
    cache.add(key_of(2), "", sample(2));
  }
  const std::string whole = read_file(folder.path / "answers.jsonl");
  const size_t second = whole.find('\n') + 1;
  for (const size_t cut : {second + 1, (second + whole.size()) / 2, whole.size() - 1}) {
    folder.file("answers.jsonl", whole.substr(0, cut));
    {
      AnswerCache cache(folder.path);
      check(cache.find(key_of(1)), sample(1));
      CHECK_FALSE(cache.find(key_of(2)));
      CHECK(cache.spending().answers == 1);
      cache.add(key_of(3), "", sample(3));
    }
    AnswerCache cache(folder.path);
    check(cache.find(key_of(1)), sample(1));
    check(cache.find(key_of(3)), sample(3));
    CHECK(cache.spending().answers == 2);
  }
}

TEST_CASE("a line that is no answer is told by file and line", "[cpu][chat]") {
  const TestFolder folder;
  { AnswerCache(folder.path).add(key_of(1), "", sample(1)); }
  const std::string whole = read_file(folder.path / "answers.jsonl");
  std::string short_key = whole;
  short_key.replace(short_key.find(key_of(1)), 32, "abc");
  std::string no_content = whole;
  no_content.replace(no_content.find("content"), 7, "context");
  for (const std::string& bad : {std::string("{}\n"), std::string("\n"), std::string("nonsense\n"), short_key, no_content}) {
    INFO(bad);
    folder.file("answers.jsonl", whole + bad + whole);
    CHECK_THAT(folder.short_form(message_of<std::runtime_error>([&] { AnswerCache cache(folder.path); })),
               Contains("answers.jsonl:2: ") && Contains("delete this line, and its question will be asked again"));
  }
}

TEST_CASE("two processes do not write to one cache", "[cpu][chat]") {
  const TestFolder folder;
  const AnswerCache cache(folder.path);
  CHECK_THROWS_WITH(AnswerCache(folder.path), Contains("is in use by process"));
}
