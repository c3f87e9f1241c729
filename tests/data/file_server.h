// Serves one text over HTTP on this machine, with ranges, and breaks off or refuses as it is told.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace smooth {

// How one request is answered: with a status other than 200 and 206, or with so many bytes of what was asked for.
struct Reply {
  int status = 200;
  size_t bytes = std::string::npos;
  bool ranges = true;  // does it know of them?
};

class FileServer {
 public:
  // `reply` says how the number-th request (0, 1, ...) is answered.
  FileServer(std::string text, std::function<Reply(int)> reply) : text_(std::move(text)), reply_(std::move(reply)), socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) || ::listen(socket_, 8) || ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size)) {
      throw std::runtime_error("no socket for a test");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~FileServer() {
    ::shutdown(socket_, SHUT_RDWR);
    ::close(socket_);
    thread_.join();
  }
  FileServer(const FileServer&) = delete;
  FileServer& operator=(const FileServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/file"; }
  int requests() const { return requests_; }
  size_t sent() const { return sent_; }

 private:
  void serve() {
    for (int client; (client = ::accept(socket_, nullptr, nullptr)) >= 0; ::close(client)) answer(client);
  }
  void answer(int client) {
    std::string request;
    char block[4096];
    while (request.find("\r\n\r\n") == std::string::npos) {
      const ssize_t count = ::recv(client, block, sizeof block, 0);
      if (count <= 0) return;
      request.append(block, static_cast<size_t>(count));
    }
    const Reply reply = reply_(requests_++);
    const size_t range = request.find("Range: bytes=");
    const size_t begin = reply.ranges && range != std::string::npos ? std::stoull(request.substr(range + 13)) : 0;
    std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " X\r\nConnection: close\r\n", body = "an error's page";
    if (reply.status == 200 && begin >= text_.size()) {
      head = "HTTP/1.1 416 X\r\nConnection: close\r\n";
    } else if (reply.status == 200) {
      body = text_.substr(begin);
      if (begin > 0) {
        head = "HTTP/1.1 206 X\r\nConnection: close\r\nContent-Range: bytes " + std::to_string(begin) + "-" + std::to_string(text_.size() - 1) + "/" + std::to_string(text_.size()) + "\r\n";
      }
    }
    head += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    body.resize(std::min(body.size(), reply.bytes));
    sent_ += body.size();
    const std::string all = head + body;
    for (size_t done = 0; done < all.size();) {
      const ssize_t count = ::send(client, all.data() + done, all.size() - done, MSG_NOSIGNAL);
      if (count <= 0) return;
      done += static_cast<size_t>(count);
    }
  }

  std::string text_;
  std::function<Reply(int)> reply_;
  int socket_;
  uint16_t port_ = 0;
  std::atomic<int> requests_ = 0;
  std::atomic<size_t> sent_ = 0;
  std::thread thread_;
};

}  // namespace smooth
