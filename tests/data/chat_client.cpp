// The client against a server that does what servers do: each fault has its outcome, nothing is asked twice, no budget is exceeded.
#include "data/teachers/chat_client.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <map>
#include <set>

#include "tests/data/chat_server.h"

using namespace smooth;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
using Cut = ServerReply::Cut;

namespace {

ChatRequest request_of(int number) { return {.messages = {{"user", "question " + std::to_string(number)}}, .max_tokens = 50, .about = "t-" + std::to_string(number)}; }

ServerReply echo(const ServerRequest& request) { return {.body = completion("re: " + asked_of(request))}; }

struct Client : ChatClient {
  using ChatClient::ChatClient;
  std::map<int, ChatOutcome> outcomes;
  int64_t asked = 0;

  void ask_numbered(int number) {
    ++asked;
    const auto take = [this, number](const ChatOutcome& outcome) { outcomes[number] = outcome; };
    if (const auto known = ask(request_of(number), take)) outcomes[number] = {.answer = known};
  }
  // Until all is answered or the client has stopped.
  void run() {
    while (static_cast<int64_t>(outcomes.size()) < asked && (stopped().empty() || in_flight() > 0)) step();
  }
};

// The first `times` of each question get `fault`, then it is answered.
ChatServer::Answer at_first(int times, const ServerReply& fault) {
  return [=, seen = std::map<std::string, int>()](const ServerRequest& request) mutable { return seen[asked_of(request)]++ < times ? fault : echo(request); };
}

}  // namespace

TEST_CASE("each answer goes to who asked, and is in the cache afterwards", "[cpu][chat]") {
  const TestFolder folder;
  const ChatServer server(echo);
  for (const bool first : {true, false}) {
    Client client(teacher_at(server, folder));
    for (int i = 0; i < 40; ++i) client.ask_numbered(i);
    CHECK(client.outcomes.size() == (first ? 0 : 40));
    client.run();
    for (int i = 0; i < 40; ++i) {
      REQUIRE(client.outcomes[i].answer);
      CHECK(client.outcomes[i].answer->content == "re: question " + std::to_string(i));
    }
    CHECK(client.spending().answers == 40);
    CHECK(client.spending().tokens() == 40 * 120);
    CHECK(server.received() == 40);  // the second time none
  }
  CHECK(server.most_at_once() <= 8);
  CHECK_THAT(read_file(folder.path / "cache" / "answers.jsonl"), Contains("\"about\":\"t-39\""));
}

TEST_CASE("who asks the same at the same time gets the same answer", "[cpu][chat]") {
  const TestFolder folder;
  const ChatServer server([](const ServerRequest& request) { return ServerReply{.body = completion("number " + std::to_string(request.number))}; });
  ChatClient client(teacher_at(server, folder));
  std::set<std::string> answers;
  int64_t answered = 0;
  for (int i = 0; i < 3; ++i) {
    client.ask(request_of(1), [&](const ChatOutcome& outcome) {
      answers.insert(outcome.answer->content);
      ++answered;
    });
  }
  while (answered < 3) client.step();
  CHECK(answers == std::set<std::string>{"number 0"});
  CHECK(server.received() == 1);
}

TEST_CASE("what may pass is tried again, and the answer is as if nothing had been", "[cpu][chat]") {
  const auto [name, fault] = GENERATE(table<std::string, ServerReply>({
      {"429", {.status = 429, .body = "{}"}},
      {"500", {.status = 500, .body = "{\"error\": {\"message\": \"oops\"}}"}},
      {"502 of a proxy", {.status = 502, .body = "<html>Bad gateway</html>"}},
      {"503", {.status = 503, .body = ""}},
      {"dropped", {.body = completion("lost"), .cut = Cut::silent}},
      {"half sent", {.body = completion("lost"), .cut = Cut::half}},
      {"half of an error", {.status = 500, .body = "{\"error\": 1}", .cut = Cut::half}},
      {"invalid JSON", {.body = "{\"choices\": [{\"mes"}},
      {"another shape", {.body = "{\"choices\": \"none\"}"}},
      {"an error in the body", {.body = "{\"error\": {\"message\": \"later\"}}"}},
  }));
  INFO(name);
  const TestFolder folder;
  const ChatServer server(at_first(2, fault));
  Client client(teacher_at(server, folder));
  for (int i = 0; i < 12; ++i) client.ask_numbered(i);
  client.run();
  INFO(client.stopped());
  REQUIRE(client.outcomes.size() == 12);
  for (const auto& [number, outcome] : client.outcomes) {
    REQUIRE(outcome.answer);
    CHECK(outcome.answer->content == "re: question " + std::to_string(number));
  }
  CHECK(server.received() == 36);
  CHECK(client.spending().answers == 12);  // what failed is not in the cache
  CHECK_THAT(client.note(), StartsWith("0 in flight, 1.44k tokens") && Contains("last trouble: "));
}

TEST_CASE("an answer after many blank lines is an answer; one that takes too long is asked for again", "[cpu][chat]") {
  const TestFolder folder;
  const ChatServer server([](const ServerRequest& request) {
    ServerReply reply = echo(request);
    reply.blank_lines = request.number == 0 ? 1000000 : 20;
    reply.blank_every = 0.01;
    return reply;
  });
  TeacherConfig config = teacher_at(server, folder);
  config.timeout = 1.5;
  Client client(config);
  client.ask_numbered(1);
  client.run();
  REQUIRE(client.outcomes[1].answer);
  CHECK(client.outcomes[1].answer->content == "re: question 1");
  CHECK(server.received() == 2);
  CHECK_THAT(client.note(), Contains("timed out"));
}

TEST_CASE("Retry-After holds everything back, in seconds and as a date", "[cpu][chat]") {
  const bool as_date = GENERATE(false, true);
  const TestFolder folder;
  const auto now = [] { return std::chrono::steady_clock::now(); };
  std::vector<std::chrono::steady_clock::time_point> times;
  const ChatServer server([&](const ServerRequest& request) {
    times.push_back(now());
    if (request.number > 0) return echo(request);
    const time_t later = std::time(nullptr) + 2;  // a date has whole seconds: more than one from now
    char date[64];
    tm parts{};
    ::gmtime_r(&later, &parts);
    std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return ServerReply{.status = 429, .body = "{}", .headers = {std::string("Retry-After: ") + (as_date ? date : "1")}};
  });
  Client client(teacher_at(server, folder));
  client.ask_numbered(0);
  while (server.received() == 0 || client.in_flight() > 0) client.step();
  client.ask_numbered(1);  // it knows nothing of the refusal, and yet waits
  client.run();
  REQUIRE(times.size() == 3);
  for (const size_t later : {1, 2}) CHECK(std::chrono::duration<double>(times[later] - times[0]).count() > 0.8);
  CHECK(client.outcomes.size() == 2);
}

TEST_CASE("a server that takes four at a time is given about four", "[cpu][chat]") {
  const TestFolder folder;
  std::atomic<int64_t> working = 0, refused = 0;
  // Who is above four is refused: the server counts by what it has received and not answered.
  ChatServer* self = nullptr;
  const ChatServer server([&](const ServerRequest& request) {
    ServerReply reply = echo(request);
    reply.delay = 0.01;
    if (self->at_once() <= 4) return reply;
    ++refused;
    return ServerReply{.status = 429, .body = "{}"};
  });
  self = const_cast<ChatServer*>(&server);
  TeacherConfig config = teacher_at(server, folder);
  config.in_flight = 64;
  config.retries = 100;
  Client client(config);
  for (int i = 0; i < 300; ++i) client.ask_numbered(i);
  client.run();
  INFO(client.stopped());
  CHECK(client.outcomes.size() == 300);
  CHECK(client.spending().answers == 300);
  CHECK(refused > 0);
  CHECK(refused < 300);  // 64 at once would be refused thousands of times
}

TEST_CASE("what only the user can mend stops everything; what is in flight is taken in and kept", "[cpu][chat]") {
  const auto [status, words] = GENERATE(table<int, std::string>({
      {401, "the server does not accept the key in the environment variable SMOOTH_TEST_KEY (401: words)"},
      {402, "the account has no money left (402: words)"},
      {404, "check base_url and model (404: words)"},
      {422, "does not take these parameters (422: words)"},
  }));
  ::setenv("SMOOTH_TEST_KEY", "sk-secret", 1);
  const TestFolder folder;
  // Four are answered; of the next eight the first is the refusal and the others come after it.
  const ChatServer server([status = status](const ServerRequest& request) {
    if (request.number == 4) return ServerReply{.status = status, .body = R"({"error": {"message": "words"}})", .delay = 0.1};
    ServerReply reply = echo(request);
    reply.delay = request.number < 4 ? 0 : 0.3;
    return reply;
  });
  TeacherConfig config = teacher_at(server, folder);
  config.key_env = "SMOOTH_TEST_KEY";
  config.in_flight = 4;
  Client client(config);
  for (int i = 0; i < 4; ++i) client.ask_numbered(i);
  client.run();
  REQUIRE(client.outcomes.size() == 4);
  for (int i = 4; i < 50; ++i) client.ask_numbered(i);
  client.run();
  CHECK_THAT(client.stopped(), StartsWith("the chat teacher stopped: ") && Contains(words) && Contains("All ") && EndsWith("run again, and none of them is asked for again") &&
                                   Contains(config.cache));
  CHECK(server.received() == 8);  // and not 50
  CHECK(client.outcomes.size() == 7);
  CHECK(client.spending().answers == 7);
  client.step();  // nothing more is sent
  CHECK(server.received() == 8);
}

TEST_CASE("a request that is refused fails alone; when all are refused it is not the requests", "[cpu][chat]") {
  const TestFolder folder;
  const bool all = GENERATE(false, true);
  const ChatServer server([=](const ServerRequest& request) {
    const bool refuse = all || asked_of(request) == "question 3";
    return refuse ? ServerReply{.status = 400, .body = R"({"error": {"message": "maximum context length is 8"}})"} : echo(request);
  });
  Client client(teacher_at(server, folder));
  for (int i = 0; i < 60; ++i) client.ask_numbered(i);
  client.run();
  if (all) {
    CHECK_THAT(client.stopped(), Contains("has refused 20 requests one after the other; check model, max_tokens and extra_body (400: maximum context length is 8)"));
    CHECK(server.received() <= 28);
    return;
  }
  CHECK(client.stopped().empty());
  CHECK(server.received() == 60);
  for (const auto& [number, outcome] : client.outcomes) CHECK(outcome.answer.has_value() == (number != 3));
  CHECK(client.outcomes[3].failure == "refused");
  CHECK(client.outcomes[3].detail == "400: maximum context length is 8");
}

TEST_CASE("retries are bounded: one question without an answer fails alone, a server without any stops", "[cpu][chat]") {
  const bool all = GENERATE(false, true);
  const TestFolder folder;
  const ChatServer server([=](const ServerRequest& request) {
    const bool fail = all || asked_of(request) == "question 3";
    ServerReply reply = fail ? ServerReply{.status = 500, .body = "out of order"} : echo(request);
    reply.delay = 0.002;
    return reply;
  });
  TeacherConfig config = teacher_at(server, folder);
  config.retries = 5;
  config.in_flight = 4;
  Client client(config);
  for (int i = 0; i < 300; ++i) client.ask_numbered(i);
  client.run();
  std::map<std::string, int> tries;
  for (const ServerRequest& request : server.requests()) ++tries[asked_of(request)];
  for (const auto& [question, count] : tries) CHECK(count <= 6);
  CHECK(tries["question 3"] == (all ? tries["question 3"] : 6));
  if (all) {
    CHECK_THAT(client.stopped(), Contains("the server answers nothing: a request was sent 6 times") && Contains(server.base_url() + "/chat/completions is up") &&
                                     Contains("(500: out of order)") && Contains("All 0 answers"));
    return;
  }
  CHECK(client.stopped().empty());
  CHECK(client.spending().answers == 299);
  CHECK(client.outcomes[3].failure == "no answer");
  CHECK(client.outcomes[3].detail == "sent 6 times; 500: out of order");
}

TEST_CASE("a server that is not there stops the client", "[cpu][chat]") {
  const TestFolder folder;
  TeacherConfig config;
  { config = teacher_at(ChatServer(echo), folder); }
  Client client(config);
  client.ask_numbered(0);
  client.run();
  CHECK(client.outcomes.empty());
  CHECK_THAT(client.stopped(), Contains("the server answers nothing: a request was sent 5 times") && Contains("127.0.0.1"));
}

TEST_CASE("a budget in tokens or in money is never exceeded, and counts over restarts", "[cpu][chat]") {
  const bool in_money = GENERATE(false, true);
  const TestFolder folder;
  // An answer costs 3 + 20 tokens, or 0.03 + 1 in money; 3 + 50, or 0.03 + 2.5, are set aside for it.
  const ChatServer server([](const ServerRequest& request) { return ServerReply{.body = completion("re: " + asked_of(request), "stop", 3, 20), .delay = 0.005}; });
  TeacherConfig config = teacher_at(server, folder);
  config.price_in = 1e4;
  config.price_out = 5e4;
  if (in_money) config.budget_money = 20.5;
  else config.budget_tokens = 500;
  int64_t answers = 0;
  for (int round = 0; round < 3; ++round) {
    Client client(config);
    for (int i = 0; i < 100; ++i) client.ask_numbered(i);
    client.run();
    CHECK_THAT(client.stopped(), Contains("the budget is used up") && Contains("raise budget_tokens or budget_money"));
    const Spending& spending = client.spending();
    CHECK(static_cast<int64_t>(client.outcomes.size()) == spending.answers);
    // All of it, but for less than one request may take.
    if (in_money) CHECK((spending.money <= 20.5 && spending.money + 2.53 > 20.5));
    else CHECK((spending.tokens() <= 500 && spending.tokens() + 53 > 500));
    if (round == 0) answers = spending.answers;
    CHECK(spending.answers == answers);
    CHECK(server.received() == answers);
  }
  config.budget_tokens = config.budget_tokens ? std::optional<int64_t>(100000) : std::nullopt;
  config.budget_money = config.budget_money ? std::optional<double>(1000) : std::nullopt;
  Client client(config);
  for (int i = 0; i < 100; ++i) client.ask_numbered(i);
  client.run();
  CHECK(client.stopped().empty());
  CHECK(server.received() == 100);
}

TEST_CASE("the key is sent, and is in no message and no file", "[cpu][chat]") {
  const std::string key = "sk-live-0a1b2c3d";
  ::setenv("SMOOTH_TEST_KEY", key.c_str(), 1);
  const TestFolder folder;
  // The server tells the key in all that it says.
  const ChatServer server([&](const ServerRequest& request) {
    if (request.number == 0) return ServerReply{.status = 500, .body = "no " + key};
    if (request.number == 1) return ServerReply{.body = "not JSON " + key};
    if (asked_of(request) == "question 0") return ServerReply{.body = completion("your key is " + key, "stop")};
    return ServerReply{.status = 401, .body = R"({"error": {"message": "Incorrect API key provided: )" + key + "\"}}"};
  });
  TeacherConfig config = teacher_at(server, folder);
  config.key_env = "SMOOTH_TEST_KEY";
  Client client(config);
  client.ask_numbered(0);
  while (client.outcomes.empty()) {
    client.step();
    CHECK_THAT(client.note(), !Contains(key));
  }
  client.ask_numbered(1);
  client.run();
  CHECK_THAT(server.requests().at(0).head, Contains("Authorization: Bearer " + key + "\r\n"));
  CHECK_THAT(client.stopped(), Contains("provided: [key]") && !Contains(key));
  CHECK_THAT(client.note(), !Contains(key));
  CHECK(client.outcomes.at(0).answer->content == "your key is [key]");
  int64_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path)) {
    if (!entry.is_regular_file()) continue;
    ++files;
    CHECK_THAT(read_file(entry.path()), !Contains(key));
  }
  CHECK(files >= 2);
}
