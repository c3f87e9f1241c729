#include "tests/data/chat_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "data/summary.h"

namespace smooth {
namespace {

using Json = nlohmann::ordered_json;

// The next bytes, or nothing when the other side (or the server) has ended.
std::string receive(int socket, const std::atomic<bool>& ending) {
  while (!ending) {
    pollfd waiting{socket, POLLIN, 0};
    if (::poll(&waiting, 1, 50) <= 0) continue;
    char block[1 << 16];
    const ssize_t count = ::recv(socket, block, sizeof block, 0);
    return count > 0 ? std::string(block, static_cast<size_t>(count)) : "";
  }
  return "";
}

size_t content_length(const std::string& head) {
  const std::string name = "Content-Length: ";
  const size_t at = head.find(name);
  return at == std::string::npos ? 0 : std::stoul(head.substr(at + name.size()));
}

std::string chunk_of(const std::string& text) {
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", text.size());
  return size + text + "\r\n";
}

}  // namespace

ChatServer::ChatServer(Answer answer) : answer_(std::move(answer)) {
  ::setenv("no_proxy", "127.0.0.1", 1);
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) || ::listen(listener_, 1024) || ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size)) {
    throw std::runtime_error("the test's server cannot listen");
  }
  port_ = ::ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

ChatServer::~ChatServer() {
  ending_ = true;
  acceptor_.join();  // after it no thread is added
  for (std::thread& thread : threads_) thread.join();
  ::close(listener_);
}

std::vector<ServerRequest> ChatServer::requests() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return requests_;
}

void ChatServer::accept_all() {
  while (!ending_) {
    pollfd waiting{listener_, POLLIN, 0};
    if (::poll(&waiting, 1, 50) <= 0) continue;
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket >= 0) threads_.emplace_back([this, socket, number = connections_++] { serve(socket, number); });
  }
}

void ChatServer::serve(int socket, int64_t connection) {
  for (std::string bytes; !ending_;) {
    const size_t end = bytes.find("\r\n\r\n");
    const size_t whole = end == std::string::npos ? std::string::npos : end + 4 + content_length(bytes.substr(0, end + 2));
    if (bytes.size() < whole) {
      const std::string more = receive(socket, ending_);
      if (more.empty()) break;
      bytes += more;
      continue;
    }
    const ServerRequest request{.number = received_++, .connection = connection, .head = bytes.substr(0, end + 2), .body = bytes.substr(end + 4, whole - end - 4)};
    bytes.erase(0, whole);
    const int64_t now = ++at_once_;
    for (int64_t most = most_at_once_; now > most && !most_at_once_.compare_exchange_weak(most, now);) {}
    if (!reply(socket, request)) break;
  }
  ::close(socket);
}

// False where the connection is to be closed.
bool ChatServer::reply(int socket, const ServerRequest& request) {
  ServerReply reply;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    requests_.push_back(request);
    reply = answer_(request);
  }
  rest(reply.delay);
  --at_once_;
  if (reply.cut == ServerReply::Cut::silent) return false;
  std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " X\r\nContent-Type: application/json\r\n";
  for (const std::string& line : reply.headers) head += line + "\r\n";
  if (reply.blank_lines == 0) {
    const std::string body = reply.cut == ServerReply::Cut::half ? reply.body.substr(0, reply.body.size() / 2) : reply.body;
    return send_text(socket, head + "Content-Length: " + std::to_string(reply.body.size()) + "\r\n\r\n" + body) && reply.cut == ServerReply::Cut::none;
  }
  if (!send_text(socket, head + "Transfer-Encoding: chunked\r\n\r\n")) return false;
  for (int i = 0; i < reply.blank_lines && !ending_; ++i) {
    rest(reply.blank_every);
    if (!send_text(socket, chunk_of("\n"))) return false;
  }
  return send_text(socket, chunk_of(reply.body) + "0\r\n\r\n");
}

bool ChatServer::send_text(int socket, const std::string& text) const {
  for (size_t sent = 0; sent < text.size();) {
    const ssize_t count = ::send(socket, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return false;
    sent += static_cast<size_t>(count);
  }
  return true;
}

void ChatServer::rest(double seconds) const {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (!ending_ && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::min<std::chrono::duration<double>>(end - std::chrono::steady_clock::now(), std::chrono::milliseconds(20)));
  }
}

std::string completion(const std::string& content, const std::string& finish, int64_t tokens_in, int64_t tokens_out) {
  const Json json = {{"id", "x"}, {"object", "chat.completion"}, {"choices", {{{"index", 0}, {"message", {{"role", "assistant"}, {"content", content}}}, {"finish_reason", finish}}}},
                     {"usage", {{"prompt_tokens", tokens_in}, {"completion_tokens", tokens_out}, {"total_tokens", tokens_in + tokens_out}}}};
  return json.dump();
}

std::string asked_of(const ServerRequest& request) { return Json::parse(request.body).at("messages").back().at("content"); }

ServerReply obedient(const ServerRequest& request) {
  const std::string asked = asked_of(request);
  const std::string before = "Clues: ", label = " of the text:\n";
  const size_t old = asked.find(before), text = asked.find(label, asked.find("\n\nPiece ")) + label.size();
  const std::string word = asked.substr(text, asked.find_first_of(" \n", text) - text);
  const std::string clues = (old == std::string::npos ? "" : asked.substr(old + before.size(), asked.find('\n', old) - old - before.size()) + "; ") + word;
  const bool last = asked.find("[This was the end") != std::string::npos;
  const bool early = asked.find("[More text may follow.") != std::string::npos && asked.find("STOPHERE") != std::string::npos;
  Summary summary{.target = "the first words", .clues = {clues}, .reason = "This piece adds " + word + ".", .stop = last || early, .answer = clues};
  return {.body = completion(format(summary))};
}

TeacherConfig teacher_at(const ChatServer& server, const TestFolder& folder) {
  TeacherConfig config;
  config.base_url = server.base_url();
  config.model = "teacher";
  config.cache = (folder.path / "cache").string();
  config.chunk = 6;
  config.in_flight = 8;
  config.retries = 4;
  config.timeout = 20;
  config.connect_timeout = 10;
  config.first_wait = 0.004;
  config.longest_wait = 0.02;
  return config;
}

}  // namespace smooth
