// HTTP POSTs, hundreds at a time from one thread: curl's multi interface, HTTP/1.1 with connections that are kept and used again.
// Certificates are checked, redirects are not followed (what is sent may hold a key), and an answer may be minutes away, with
// blank lines before it meanwhile.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace smooth {

struct HttpOptions {
  int64_t connections = 64;    // that are kept open
  double timeout = 600;        // seconds of one request from its sending to the last byte of its answer
  double connect_timeout = 30;
  std::string certificates;    // a file to trust instead of the system's
};

struct HttpResponse {
  // How far it came. kBroken: no connection, none that held, no end in time, more than can be an answer; it may be tried again.
  // kImpossible: another try will fare no better (a wrong certificate, an address that is none).
  enum class End { kWhole, kBroken, kImpossible };
  End end = End::kBroken;
  std::string error;      // why it is not whole
  int status = 0;
  std::string body;       // without whitespace at its beginning
  double retry_after = 0; // seconds, from either form of Retry-After; 0 where there is none or its date has passed
};

class Http {
 public:
  explicit Http(const HttpOptions& options);
  ~Http();  // what is in flight is given up
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;

  using Done = std::function<void(HttpResponse)>;
  void post(const std::string& url, const std::vector<std::string>& headers, std::string body, Done done);
  // Waits until something has happened, `seconds` at most, and hands what has ended to its `done`, which may post more.
  void wait(double seconds);
  int64_t in_flight() const;

 private:
  struct Transfer;
  class Multi;
  std::unique_ptr<Multi> multi_;
};

}  // namespace smooth
