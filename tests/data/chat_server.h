// A chat API for tests: a server on this machine that answers as a function tells it to, faults included, a thread a connection.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "configs/config.h"
#include "tests/configs/folder.h"

namespace smooth {

struct ServerRequest {
  int64_t number = 0;      // of all, from 0
  int64_t connection = 0;  // likewise
  std::string head, body;  // head: request line and headers
};

struct ServerReply {
  int status = 200;
  std::string body;
  std::vector<std::string> headers = {};
  double delay = 0;                       // seconds before the first byte
  int blank_lines = 0;                    // between the headers and the body, in chunked encoding
  double blank_every = 0;                 // seconds between them
  enum class Cut { none, silent, half } cut = Cut::none;  // the connection is closed before the first byte, or in the midst of the body
};

class ChatServer {
 public:
  using Answer = std::function<ServerReply(const ServerRequest&)>;  // called by one thread at a time
  explicit ChatServer(Answer answer);
  ~ChatServer();

  std::string base_url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/v1"; }
  int64_t received() const { return received_; }
  int64_t connections() const { return connections_; }
  int64_t at_once() const { return at_once_; }             // requests that were received and not yet answered
  int64_t most_at_once() const { return most_at_once_; }
  std::vector<ServerRequest> requests() const;

 private:
  void accept_all();
  void serve(int socket, int64_t connection);
  bool reply(int socket, const ServerRequest& request);
  bool send_text(int socket, const std::string& text) const;
  void rest(double seconds) const;  // or until the server ends

  Answer answer_;
  int listener_ = -1, port_ = 0;
  std::atomic<bool> ending_ = false;
  std::atomic<int64_t> received_ = 0, connections_ = 0, at_once_ = 0, most_at_once_ = 0;
  mutable std::mutex mutex_;
  std::vector<ServerRequest> requests_;
  std::thread acceptor_;
  std::vector<std::thread> threads_;
};

// A completion as servers send it.
std::string completion(const std::string& content, const std::string& finish = "stop", int64_t tokens_in = 100, int64_t tokens_out = 20);

// What the last message of a request says.
std::string asked_of(const ServerRequest& request);

// A teacher that does what each piece asks of it: its clues are the first word of every piece, and it answers early on "STOPHERE".
ServerReply obedient(const ServerRequest& request);

// Of a teacher at this server that is quick to wait.
TeacherConfig teacher_at(const ChatServer& server, const TestFolder& folder);

}  // namespace smooth
