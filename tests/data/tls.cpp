// Certificates are checked: a key is sent to nobody who cannot say who they are.
#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <thread>

#include "data/teachers/chat_client.h"
#include "tests/data/chat_server.h"

using namespace smooth;
using Catch::Matchers::Contains;

namespace {

template <auto free>
struct Free {
  template <class T>
  void operator()(T* thing) const { free(thing); }
};

using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Context = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;
using Connection = std::unique_ptr<SSL, Free<SSL_free>>;

// A certificate that `key` signs for itself: for `name` ("IP:127.0.0.1", "DNS:elsewhere.example").
Certificate self_signed(EVP_PKEY* key, const std::string& name, long ends_in_seconds) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -7200);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), ends_in_seconds);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), subject);
  for (const auto& [kind, value] : {std::pair<int, std::string>{NID_subject_alt_name, name}, {NID_basic_constraints, "critical,CA:TRUE"}}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
    X509_add_ext(certificate.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
  if (!X509_sign(certificate.get(), key, EVP_sha256())) throw std::runtime_error("the test cannot sign");
  return certificate;
}

// Answers every request over TLS with the same completion, one connection after the other.
class TlsServer {
 public:
  TlsServer(const TestFolder& folder, const std::string& name, long ends_in_seconds = 7200)
      : key_(EVP_EC_gen("P-256")), certificate_(self_signed(key_.get(), name, ends_in_seconds)), context_(SSL_CTX_new(TLS_server_method())) {
    ::setenv("no_proxy", "127.0.0.1", 1);
    SSL_CTX_use_certificate(context_.get(), certificate_.get());
    SSL_CTX_use_PrivateKey(context_.get(), key_.get());
    file = (folder.path / "certificate.pem").string();
    const std::unique_ptr<FILE, Free<fclose>> opened(std::fopen(file.c_str(), "w"));
    PEM_write_X509(opened.get(), certificate_.get());
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) || ::listen(listener_, 8) || ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size)) {
      throw std::runtime_error("the test's server cannot listen");
    }
    url = "https://127.0.0.1:" + std::to_string(::ntohs(address.sin_port)) + "/v1";
    thread_ = std::thread([this] { serve(); });
  }
  ~TlsServer() {
    ending_ = true;
    thread_.join();
    ::close(listener_);
  }

  std::string url, file;
  std::atomic<int64_t> connections = 0, requests = 0;

 private:
  void serve() {
    sigset_t pipe;  // whom a client has left; of this thread only, since the client must do without
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    while (!ending_) {
      pollfd waiting{listener_, POLLIN, 0};
      if (::poll(&waiting, 1, 50) <= 0) continue;
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) continue;
      ++connections;
      const timeval patience{.tv_sec = 5, .tv_usec = 0};
      ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
      const Connection connection(SSL_new(context_.get()));
      SSL_set_fd(connection.get(), socket);
      if (SSL_accept(connection.get()) == 1) answer(connection.get());
      ::close(socket);
    }
  }
  void answer(SSL* connection) {
    char block[1 << 16];
    if (SSL_read(connection, block, sizeof block) <= 0) return;
    ++requests;
    const std::string body = completion("hello"),
                      reply = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    SSL_write(connection, reply.data(), static_cast<int>(reply.size()));
    SSL_shutdown(connection);
  }

  Key key_;
  Certificate certificate_;
  Context context_;
  int listener_ = -1;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

// What a client makes of the server: the content of its answer, or why it stopped.
std::string outcome(const TlsServer& server, const TestFolder& folder, const std::string& certificates) {
  TeacherConfig config;
  config.base_url = server.url;
  config.model = "m";
  config.cache = (folder.path / "cache").string();
  config.certificates = certificates;
  config.timeout = config.connect_timeout = 20;
  config.first_wait = 0.01;
  ChatClient client(config);
  std::string content;
  client.ask({.messages = {{"user", "hello"}}, .max_tokens = 16}, [&](const ChatOutcome& got) { content = got.answer ? got.answer->content : got.detail; });
  while (content.empty() && client.stopped().empty()) client.step();
  return content.empty() ? client.stopped() : content;
}

}  // namespace

TEST_CASE("a certificate that nobody vouches for stops the teacher at once, one that is trusted does not", "[cpu][chat]") {
  const TestFolder folder;
  const TlsServer server(folder, "IP:127.0.0.1");
  CHECK_THAT(outcome(server, folder, ""), Contains("the chat teacher stopped: ") && Contains("certificate"));
  CHECK(server.connections == 1);  // another try would fare no better
  CHECK(server.requests == 0);     // nothing was told to it, no key above all
  CHECK(outcome(server, folder, server.file) == "hello");
  CHECK(server.requests == 1);
}

TEST_CASE("a certificate of another name, and one that has run out, stop the teacher", "[cpu][chat]") {
  const TestFolder folder;
  const TlsServer other(folder, "DNS:elsewhere.example");
  CHECK_THAT(outcome(other, folder, other.file), Contains("the chat teacher stopped: ") && Contains("127.0.0.1"));
  CHECK(other.requests == 0);
  const TlsServer old(folder, "IP:127.0.0.1", -3600);
  CHECK_THAT(outcome(old, folder, old.file), Contains("the chat teacher stopped: ") && Contains("certificate has expired"));
  CHECK(old.requests == 0);
}
