// The chat teacher's config: what it refuses, and that a key is never shown.
#include <catch2/catch.hpp>

#include "configs/load.h"
#include "tests/configs/folder.h"

using namespace smooth;
using Catch::Matchers::Contains;
using Catch::Matchers::Equals;
using Catch::Matchers::StartsWith;

namespace {

const std::string kLeast = "base_url: http://localhost:8000/v1\nmodel: m\ncache: answers\n";

// The message for the least config with `line` added, or in place of the line with the same key.
std::string mistake(const std::string& line, const std::vector<std::string>& overrides = {}) {
  const TestFolder folder;
  std::string text = kLeast;
  const size_t same = text.find(line.substr(0, line.find(':') + 1));
  if (same != std::string::npos) text.erase(same, text.find('\n', same) + 1 - same);
  const std::string file = folder.file("a.yaml", text + line + "\n");
  return folder.short_form(message_of<ConfigError>([&] { load_config<TeacherConfig>(file, overrides); }));
}

}  // namespace

TEST_CASE("teacher: three keys are enough, and come back from the dump with all others") {
  const TestFolder folder;
  const TeacherConfig config = load_config<TeacherConfig>(folder.file("a.yaml", kLeast), {"price_cached_in=0", "price_in=0.28", "budget_tokens=1000", "extra_body='{\"top_p\": 1}'"});
  CHECK(config.chunk == 512);
  CHECK(config.key_env.empty());
  CHECK(config.price_cached_in == 0);
  CHECK(config.extra_body == "{\"top_p\": 1}");
  const std::string dumped = dump_config(config);
  CHECK(dump_config(load_config<TeacherConfig>(folder.file("b.yaml", dumped))) == dumped);
  for (const std::string key : {"base_url", "model", "cache"}) CHECK_THAT(mistake(key + ": \"\""), Contains(key + ": expected a text that is not empty"));
}

TEST_CASE("teacher: an address that is none") {
  CHECK_THAT(mistake("base_url: api.deepseek.com"), Equals("a.yaml:3:1: base_url: expected an address that begins with http:// or https:// (got `api.deepseek.com`)"));
  CHECK_THAT(mistake("base_url: https://"), Contains("begins with http:// or https://"));
  CHECK_THAT(mistake("base_url: https://host/v1?key=1"), Contains("base_url: expected an address without `?`, `#` and blanks"));
  CHECK_THAT(mistake("base_url: https://host/v1/chat/completions"), Contains("base_url: leave /chat/completions out; it is added"));
}

TEST_CASE("teacher: a key in the config is refused and not shown") {
  CHECK_THAT(mistake("key_env: sk-0123abc"), Equals("a.yaml:4:1: key_env: expected the name of an environment variable in capital letters, digits and `_`, not the key itself"));
  CHECK_THAT(mistake("model: m", {"key_env=sk-0123abc"}), StartsWith("--set key_env: key_env: expected the name") && !Contains("0123"));
  CHECK_THAT(mistake("base_url: https://me:0123abc@host/v1"), Equals("a.yaml:3:1: base_url: holds a password; give the key by key_env"));
}

TEST_CASE("teacher: numbers that cannot stand, apart and together") {
  const auto [line, words] = GENERATE(table<std::string, std::string>({
      {"temperature: 3", "temperature: expected a number that is from 0 to 2"},
      {"in_flight: 0", "in_flight: expected a number that is from 1 to 4096"},
      {"retries: -1", "retries: expected a number that is from 0 to 100"},
      {"timeout: 0", "timeout: expected a number that is above 0"},
      {"chunk: 0", "chunk: expected a number that is at least 1"},
      {"price_in: -1", "price_in: expected a number that is at least 0"},
      {"budget_money: 0", "budget_money: expected a number that is above 0"},
      {"longest_wait: 0.5", "longest_wait: is shorter than first_wait (got `0.5`)"},
      {"price_cached_in: 1", "price_cached_in: is higher than price_in (got `1`)"},
      {"budget_money: 5", "budget_money: needs price_in and price_out (got `5`)"},
      {"certificates: nowhere.pem", "certificates: no such file or folder: nowhere.pem"},
      {"api_key: x", "api_key: no such key"},
  }));
  CHECK_THAT(mistake(line), StartsWith("a.yaml:4:") && Contains(words));
}
