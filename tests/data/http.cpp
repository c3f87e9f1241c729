// HTTP against a server that does what servers do wrong.
#include "data/http.h"

#include <catch2/catch.hpp>

#include <chrono>
#include <ctime>

#include "tests/data/chat_server.h"

using namespace smooth;
using Catch::Matchers::Contains;
using End = HttpResponse::End;

namespace {

// `count` posts at once, and all their responses by number.
std::vector<HttpResponse> post_all(const ChatServer& server, Http& http, int count, const std::string& body = "{}") {
  std::vector<HttpResponse> responses(count);
  for (int i = 0; i < count; ++i) {
    http.post(server.base_url() + "/x", {"X-Number: " + std::to_string(i)}, body, [&responses, i](HttpResponse response) { responses[i] = std::move(response); });
  }
  while (http.in_flight() > 0) http.wait(1);
  return responses;
}

HttpResponse post(const ChatServer& server, const HttpOptions& options = {}, const std::string& body = "{}") {
  Http http(options);
  return post_all(server, http, 1, body)[0];
}

double seconds_of(const std::function<void()>& call) {
  const auto begin = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

TEST_CASE("a post arrives whole, and so does its answer", "[cpu][http]") {
  const ChatServer server([](const ServerRequest& request) { return ServerReply{.status = 201, .body = "got " + std::to_string(request.body.size())}; });
  const std::string large(3 << 20, 'x');  // so large that curl alone would ask first
  const HttpResponse response = post(server, {}, large);
  REQUIRE(response.end == End::kWhole);
  REQUIRE(response.error.empty());
  REQUIRE(response.status == 201);
  REQUIRE(response.body == "got 3145728");
  const ServerRequest request = server.requests().at(0);
  REQUIRE(request.body == large);
  REQUIRE_THAT(request.head, Contains("POST /v1/x HTTP/1.1") && Contains("X-Number: 0") && !Contains("Expect"));
}

TEST_CASE("connections are kept and used again", "[cpu][http]") {
  const ChatServer server([](const ServerRequest&) { return ServerReply{.body = "{}"}; });
  Http http({});
  for (int i = 0; i < 20; ++i) REQUIRE(post_all(server, http, 1)[0].end == End::kWhole);
  REQUIRE(server.received() == 20);
  REQUIRE(server.connections() == 1);
}

TEST_CASE("256 posts are in flight at once, on connections that serve the next 256", "[cpu][http]") {
  const ChatServer server([](const ServerRequest& request) { return ServerReply{.body = request.head, .delay = request.number < 256 ? 0.5 : 0}; });
  Http http({.connections = 256});
  for (int round = 0; round < 2; ++round) {
    const std::vector<HttpResponse> responses = post_all(server, http, 256);
    for (int i = 0; i < 256; ++i) {
      REQUIRE(responses[i].end == End::kWhole);
      REQUIRE_THAT(responses[i].body, Contains("X-Number: " + std::to_string(i) + "\r\n"));
    }
  }
  REQUIRE(server.most_at_once() == 256);
  REQUIRE(server.connections() == 256);
}

TEST_CASE("blank lines that keep a connection alive are not the body", "[cpu][http]") {
  const ChatServer server([](const ServerRequest&) { return ServerReply{.body = " {\"a\": 1}\n", .blank_lines = 40, .blank_every = 0.01}; });
  const HttpResponse response = post(server, {.timeout = 30});
  REQUIRE(response.end == End::kWhole);
  REQUIRE(response.body == "{\"a\": 1}\n");
}

TEST_CASE("blank lines without end, and silence, end at the time-out", "[cpu][http]") {
  const ServerReply blank{.body = "{}", .blank_lines = 1000000, .blank_every = 0.01}, silence{.body = "{}", .delay = 60};
  for (const ServerReply& reply : {blank, silence}) {
    const ChatServer server([&](const ServerRequest&) { return reply; });
    HttpResponse response;
    REQUIRE(seconds_of([&] { response = post(server, {.timeout = 0.3}); }) < 20);
    REQUIRE(response.end == End::kBroken);
    REQUIRE_THAT(response.error, Contains("timed out"));
  }
}

TEST_CASE("a connection that is dropped, a body that is cut, and no server are broken", "[cpu][http]") {
  for (const auto cut : {ServerReply::Cut::silent, ServerReply::Cut::half}) {
    const ChatServer server([&](const ServerRequest&) { return ServerReply{.body = "{\"half\": 1}", .cut = cut}; });
    const HttpResponse response = post(server);
    REQUIRE(response.end == End::kBroken);
    REQUIRE_FALSE(response.error.empty());
    REQUIRE(response.status == (cut == ServerReply::Cut::half ? 200 : 0));
  }
  std::string url;
  { url = ChatServer([](const ServerRequest&) { return ServerReply{}; }).base_url(); }
  HttpResponse response;
  Http http({.connect_timeout = 5});
  http.post(url, {}, "{}", [&](HttpResponse got) { response = std::move(got); });
  while (http.in_flight() > 0) http.wait(1);
  REQUIRE(response.end == End::kBroken);
  REQUIRE_THAT(response.error, Contains("127.0.0.1"));
}

TEST_CASE("what can be no answer for its size is not taken in", "[cpu][http]") {
  const ChatServer server([](const ServerRequest&) { return ServerReply{.body = std::string(17 << 20, 'x')}; });
  const HttpResponse response = post(server);
  REQUIRE(response.end == End::kBroken);
  REQUIRE_THAT(response.error, Contains("larger than 16 MiB"));
}

TEST_CASE("Retry-After is read in seconds and as a date", "[cpu][http]") {
  const auto asked = [](const std::string& value) {
    const ChatServer server([&](const ServerRequest&) { return ServerReply{.status = 429, .body = "{}", .headers = {"Retry-After: " + value}}; });
    return post(server).retry_after;
  };
  const auto date = [](time_t when) {
    char text[64];
    tm parts{};
    ::gmtime_r(&when, &parts);
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return std::string(text);
  };
  CHECK(asked("7") == 7);
  CHECK(asked("120") == 120);
  CHECK(asked("0") == 0);
  CHECK(asked("soon") == 0);
  const double in_a_minute = asked(date(std::time(nullptr) + 60));
  CHECK(in_a_minute > 30);
  CHECK(in_a_minute <= 60);
  CHECK(asked(date(std::time(nullptr) - 60)) == 0);
  const ChatServer server([](const ServerRequest&) { return ServerReply{.status = 429, .body = "{}"}; });
  CHECK(post(server).retry_after == 0);
}

TEST_CASE("a redirect is not followed, an address that is none is impossible", "[cpu][http]") {
  const ChatServer other([](const ServerRequest&) { return ServerReply{.body = "{}"}; });
  const ChatServer server([&](const ServerRequest&) { return ServerReply{.status = 307, .body = "{}", .headers = {"Location: " + other.base_url()}}; });
  REQUIRE(post(server).status == 307);
  REQUIRE(other.received() == 0);
  for (const std::string url : {"http://", "ftp://127.0.0.1/x", "http://127.0.0.1:99999999/"}) {
    INFO(url);
    HttpResponse response;
    Http http({});
    http.post(url, {}, "{}", [&](HttpResponse got) { response = std::move(got); });
    while (http.in_flight() > 0) http.wait(1);
    CHECK(response.end == End::kImpossible);
  }
}

TEST_CASE("what an answer's taker throws comes out of wait, and the rest is given up in peace", "[cpu][http]") {
  const ChatServer server([](const ServerRequest& request) { return ServerReply{.body = "{}", .delay = request.body == "late" ? 30.0 : 0.0}; });
  {
    Http http({});
    bool others = false;
    http.post(server.base_url(), {}, "{}", [](const HttpResponse&) { throw std::runtime_error("the disk is full"); });
    http.post(server.base_url(), {}, "late", [&](const HttpResponse&) { others = true; });
    REQUIRE_THROWS_WITH([&] { while (http.in_flight() > 0) http.wait(1); }(), Contains("the disk is full"));
    REQUIRE_FALSE(others);
    REQUIRE(http.in_flight() == 1);
  }
}
