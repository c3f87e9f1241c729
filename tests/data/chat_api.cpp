// What is said to the API and what its answers mean, one by one, without a server.
#include "data/teachers/chat_api.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "configs/load.h"
#include "tests/data/chat_server.h"

using namespace smooth;
using Catch::Matchers::Contains;
using Catch::Matchers::Equals;
using nlohmann::json;
using Kind = ChatReply::Kind;

namespace {

const std::string kKey = "sk-Zq81-secret";

TeacherConfig keyed() {
  ::setenv("SMOOTH_TEST_KEY", kKey.c_str(), 1);
  TeacherConfig config;
  config.base_url = "http://127.0.0.1:1/v1";
  config.model = "m";
  config.key_env = "SMOOTH_TEST_KEY";
  config.price_in = 2;
  config.price_cached_in = 0.5;
  config.price_out = 10;
  return config;
}

const ChatRequest kRequest{.messages = {{"system", "one two"}, {"user", "three four"}}, .max_tokens = 77};

ChatReply reply(int status, const std::string& body, double retry_after = 0) {
  return ChatApi(keyed()).reply(kRequest, {.end = HttpResponse::End::kWhole, .status = status, .body = body, .retry_after = retry_after});
}

ChatAnswer answer(json message, json rest = json::object()) {
  json body = {{"choices", {{{"message", std::move(message)}, {"finish_reason", "stop"}}}}};
  body.update(rest);
  const ChatReply got = reply(200, body.dump());
  INFO(got.reason);
  REQUIRE(got.kind == Kind::kAnswer);
  return got.answer;
}

}  // namespace

TEST_CASE("a request has its fields, the config's further ones, and no key", "[cpu][chat]") {
  TeacherConfig config = keyed();
  config.temperature = 0.5;
  config.extra_body = R"({"thinking": {"type": "disabled"}, "top_p": 0.9})";
  const ChatApi api(config);
  const json body = json::parse(api.body(kRequest));
  REQUIRE(body == json({{"model", "m"}, {"messages", {{{"role", "system"}, {"content", "one two"}}, {{"role", "user"}, {"content", "three four"}}}}, {"max_tokens", 77},
                        {"temperature", 0.5}, {"stream", false}, {"thinking", {{"type", "disabled"}}}, {"top_p", 0.9}}));
  REQUIRE(api.url() == "http://127.0.0.1:1/v1/chat/completions");
  const std::vector<std::string> headers = api.headers();
  REQUIRE(std::count(headers.begin(), headers.end(), "Authorization: Bearer " + kKey) == 1);
  config.base_url += "/";
  config.key_env = "";
  REQUIRE(ChatApi(config).url() == "http://127.0.0.1:1/v1/chat/completions");
  for (const std::string& header : ChatApi(config).headers()) CHECK_THAT(header, !Contains("Authorization"));
  REQUIRE(json::parse(ChatApi(config).body({.messages = {{"user", "caf\xe9"}}})).at("messages")[0].at("content") == "caf\ufffd");
}

TEST_CASE("a body has all that shapes the answer in it, and nothing of where it is asked", "[cpu][chat]") {
  const std::string body = ChatApi(keyed()).body(kRequest);
  const auto other = [&](const std::function<void(TeacherConfig&)>& change) {
    TeacherConfig config = keyed();
    change(config);
    return ChatApi(config).body(kRequest) != body;
  };
  CHECK(other([](TeacherConfig& c) { c.model = "n"; }));
  CHECK(other([](TeacherConfig& c) { c.temperature = 1; }));
  CHECK(other([](TeacherConfig& c) { c.extra_body = R"({"seed": 1})"; }));
  CHECK_FALSE(other([](TeacherConfig& c) { c.base_url = "http://127.0.0.1:2"; }));
  CHECK_FALSE(other([](TeacherConfig& c) { c.key_env = ""; }));
  CHECK_FALSE(other([](TeacherConfig& c) { c.in_flight = 1; }));
  ChatRequest request = kRequest;
  request.about = "someone else's";
  CHECK(ChatApi(keyed()).body(request) == body);
  request.max_tokens = 78;
  CHECK(ChatApi(keyed()).body(request) != body);
}

TEST_CASE("an answer's content, reasoning, finish and usage", "[cpu][chat]") {
  const ChatAnswer plain = answer({{"content", "hello"}}, {{"usage", {{"prompt_tokens", 1000}, {"completion_tokens", 100}}}});
  CHECK(plain.content == "hello");
  CHECK(plain.finish == "stop");
  CHECK_FALSE(plain.reasoning);
  CHECK(plain.tokens_in == 1000);
  CHECK(plain.tokens_cached == 0);
  CHECK(plain.tokens_out == 100);
  CHECK(plain.money == Approx(1000 * 2e-6 + 100 * 10e-6));
  // The two names of what was cached; it is cheaper.
  for (const json& usage : {json({{"prompt_tokens", 1000}, {"completion_tokens", 100}, {"prompt_cache_hit_tokens", 600}}),
                           json({{"prompt_tokens", 1000}, {"completion_tokens", 100}, {"prompt_tokens_details", {{"cached_tokens", 600}}}})}) {
    const ChatAnswer cached = answer({{"content", "hello"}}, {{"usage", usage}});
    CHECK(cached.tokens_cached == 600);
    CHECK(cached.money == Approx(400 * 2e-6 + 600 * 0.5e-6 + 100 * 10e-6));
  }
  // Without usage, or with one that is none, an estimate: 1.5 x words.
  for (const json& usage : {json(), json("many"), json({{"prompt_tokens", -1}, {"completion_tokens", 1e300}}), json({{"prompt_tokens_details", 3}})}) {
    const ChatAnswer guessed = answer({{"content", "hello you"}}, {{"usage", usage}});
    CHECK(guessed.tokens_in == 6);
    CHECK(guessed.tokens_out == 3);
  }
  for (const std::string name : {"reasoning_content", "reasoning"}) {
    const ChatAnswer thought = answer({{"content", ""}, {name, "so..."}});
    CHECK(thought.reasoning);
    CHECK(thought.content.empty());
    CHECK_FALSE(answer({{"content", "x"}, {name, nullptr}}).reasoning);
  }
  CHECK(answer({{"content", nullptr}}).content.empty());
  CHECK(answer({{"role", "assistant"}}).content.empty());
  const ChatAnswer inside = answer({{"content", "\n<think>so...</think>\n\nhello"}});
  CHECK(inside.reasoning);
  CHECK(inside.content == "\n\nhello");
  CHECK(answer({{"content", "<think>without end"}}).content.empty());
  CHECK(answer({{"content", "I <think> so</think>"}}).content == "I <think> so</think>");
  CHECK(reply(200, R"({"choices": [{"message": {"content": "x"}}]})").answer.finish.empty());
  CHECK(reply(200, R"({"choices": [{"message": {"content": "x"}, "finish_reason": "length"}]})").answer.finish == "length");
}

TEST_CASE("what is no answer though its status is 200 may be asked again", "[cpu][chat]") {
  const auto [body, words] = GENERATE(table<std::string, std::string>({
      {"", "not JSON: (no words)"},
      {"{\"choices\": [{\"mess", "not JSON: {\"choices\": [{\"mess"},
      {"<html>Bad gateway</html>", "not JSON: <html>"},
      {"[1]", "without choices: [1]"},
      {"null", "without choices"},
      {"{}", "without choices"},
      {R"({"choices": {}})", "without choices"},
      {R"({"choices": []})", "without choices"},
      {R"({"choices": [3]})", "without a message's content"},
      {R"({"choices": [{"text": "old"}]})", "without a message's content"},
      {R"({"choices": [{"message": "x"}]})", "without a message's content"},
      {R"({"choices": [{"message": {"content": 3}}]})", "without a message's content"},
      {R"({"choices": [{"message": {"content": ["x"]}}]})", "without a message's content"},
      {R"({"error": {"message": "overloaded"}})", "an error with status 200: overloaded"},
      {R"({"choices": [{"message": {"content": "x"}, "finish_reason": "insufficient_system_resource"}]})", "gave up"},
      {std::string(100000, '['), "not JSON"},
      {"{\"choices\": [{\"message\": {\"content\": \"\xff\"}}]}", "not JSON"},
  }));
  const ChatReply got = reply(200, body);
  CHECK(got.kind == Kind::kBroken);
  CHECK_THAT(got.reason, Contains(words));
  CHECK(got.reason.size() < 300);
}

TEST_CASE("what each status means", "[cpu][chat]") {
  const auto [status, kind, words] = GENERATE(table<int, Kind, std::string>({
      {301, Kind::kHalt, "as base_url"},
      {400, Kind::kRefused, "400: too long"},
      {401, Kind::kHalt, "the server does not accept the key in the environment variable SMOOTH_TEST_KEY (401: too long)"},
      {402, Kind::kHalt, "the account has no money left (402: too long)"},
      {403, Kind::kHalt, "SMOOTH_TEST_KEY"},
      {404, Kind::kHalt, "check base_url and model (404: too long)"},
      {405, Kind::kHalt, "check base_url"},
      {408, Kind::kBroken, "408"},
      {413, Kind::kRefused, "413"},
      {422, Kind::kHalt, "does not take these parameters (422: too long)"},
      {429, Kind::kBusy, "429"},
      {500, Kind::kBroken, "500"},
      {502, Kind::kBroken, "502"},
      {503, Kind::kBusy, "503"},
      {529, Kind::kBusy, "529"},
  }));
  INFO(status);
  const ChatReply got = reply(status, R"({"error": {"message": "too long"}})", 3);
  CHECK(got.kind == kind);
  CHECK(got.retry_after == 3);
  CHECK_THAT(got.reason, Contains(words));
}

TEST_CASE("statuses with more to say", "[cpu][chat]") {
  CHECK(reply(429, R"({"error": {"code": "insufficient_quota", "message": "no more"}})").kind == Kind::kHalt);
  TeacherConfig keyless = keyed();
  keyless.key_env = "";
  CHECK_THAT(ChatApi(keyless).reply(kRequest, {.end = HttpResponse::End::kWhole, .status = 401, .body = ""}).reason, Contains("wants a key, and key_env names none (401: (no words))"));
  const auto words = [](const std::string& body) { return reply(500, body).reason; };
  CHECK(words(R"({"error": "in short"})") == "500: in short");
  CHECK(words(R"({"message": "vLLM's"})") == "500: vLLM's");
  CHECK(words(R"({"detail": "FastAPI's"})") == "500: FastAPI's");
  CHECK(words("line\nbreak \x01 caf\xe9") == "500: line break   caf\ufffd");
  CHECK(words(std::string(300, 'x')) == "500: " + std::string(200, 'x') + "...");
  // A refusal counts though its words were cut off; a whole answer does not count where its end is missing.
  const ChatApi api(keyed());
  CHECK(api.reply(kRequest, {.end = HttpResponse::End::kBroken, .error = "cut", .status = 401, .body = "{"}).kind == Kind::kHalt);
  CHECK(api.reply(kRequest, {.end = HttpResponse::End::kBroken, .error = "cut", .status = 200, .body = completion("x")}).kind == Kind::kBroken);
  CHECK(api.reply(kRequest, {.end = HttpResponse::End::kImpossible, .error = "certificate"}).kind == Kind::kHalt);
}

TEST_CASE("the key is in no word of the API's", "[cpu][chat]") {
  CHECK(reply(401, R"({"error": {"message": "Incorrect API key: )" + kKey + " and " + kKey + "\"}}").reason.find(kKey) == std::string::npos);
  CHECK_THAT(reply(401, "wrong: " + kKey).reason, Contains("wrong: [key]"));
  CHECK(reply(200, "not JSON " + kKey).reason == "an answer that is not JSON: not JSON [key]");
  CHECK(answer({{"content", "your key is " + kKey + "."}}).content == "your key is [key].");
  CHECK(ChatApi(keyed()).reply(kRequest, {.end = HttpResponse::End::kBroken, .error = "no " + kKey}).reason == "no [key]");
  const TeacherConfig config = keyed();
  ::setenv("SMOOTH_TEST_KEY", "key", 1);  // one that its replacement holds
  CHECK(ChatApi(config).reply(kRequest, {.end = HttpResponse::End::kWhole, .status = 500, .body = "keykey"}).reason == "500: [key][key]");
}

TEST_CASE("a key that is none, and further fields that are none, stop before anything is asked", "[cpu][chat]") {
  TeacherConfig config = keyed();
  const auto message = [&] { return message_of<ConfigError>([&] { ChatApi api(config); }); };
  ::unsetenv("SMOOTH_TEST_KEY");
  CHECK_THAT(message(), Contains("key_env: the environment variable SMOOTH_TEST_KEY is not set; `export SMOOTH_TEST_KEY=...`"));
  ::setenv("SMOOTH_TEST_KEY", "", 1);
  CHECK_THAT(message(), Contains("is not set"));
  for (const std::string key : {"sk-1\n", "sk 1", "sk-\xc3\xa9"}) {
    ::setenv("SMOOTH_TEST_KEY", key.c_str(), 1);
    CHECK_THAT(message(), Contains("key_env: what the environment variable SMOOTH_TEST_KEY holds is no key") && !Contains("sk"));
  }
  config = keyed();
  const auto with = [&](const std::string& extra) {
    config.extra_body = extra;
    return message();
  };
  CHECK_THAT(with("{top_p: 1}"), Contains("extra_body") && Contains("expected a JSON object in quotes"));
  CHECK_THAT(with("[1]"), Equals("extra_body: expected a JSON object in quotes, e.g. '{\"top_p\": 0.9}', got `[1]`"));
  for (const std::string own : {"model", "messages", "max_tokens", "temperature", "stream", "n"}) {
    CHECK_THAT(with("{\"" + own + "\": 1}"), Contains("extra_body: `" + own + "` is the teacher's own field"));
  }
}

TEST_CASE("what a request may cost at most", "[cpu][chat]") {
  const ChatApi api(keyed());
  CHECK(estimated_tokens(kRequest) == 6);
  CHECK(api.most_tokens_in(kRequest) == 6);
  CHECK(api.most_tokens_in({.messages = {{"user", std::string(3000, 'x')}}}) == 1000);
  CHECK(api.money(1000000, 0, 0) == 2);
  CHECK(api.money(1000000, 500000, 1000000) == Approx(1 + 0.25 + 10));
  TeacherConfig config = keyed();
  config.price_cached_in.reset();
  CHECK(ChatApi(config).money(1000000, 500000, 0) == 2);
}
