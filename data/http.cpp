#include "data/http.h"

#include <curl/curl.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <unordered_map>

#include <fmt/format.h>

namespace smooth {
namespace {

constexpr size_t kLargestBody = 16u << 20;

void start_curl() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) throw std::runtime_error(fmt::format("cannot start curl: {}", curl_easy_strerror(started)));
}

void check(CURLcode code, const char* what) {
  if (code != CURLE_OK) throw std::runtime_error(fmt::format("curl cannot {}: {}", what, curl_easy_strerror(code)));
}

void check(CURLMcode code, const char* what) {
  if (code != CURLM_OK) throw std::runtime_error(fmt::format("curl cannot {}: {}", what, curl_multi_strerror(code)));
}

long milliseconds(double seconds) { return static_cast<long>(std::clamp(std::ceil(seconds * 1000), 1.0, 2e9)); }

bool is_impossible(CURLcode code) {
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return true;
    default:
      return false;
  }
}

}  // namespace

// One request and what has come of its answer.
struct Http::Transfer {
  Transfer() : easy(curl_easy_init()) {
    if (!easy) throw std::runtime_error("curl has no memory for another request");
  }
  ~Transfer() {
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  template <class Value>
  void set(CURLoption option, Value value) {
    check(curl_easy_setopt(easy, option, value), "be told what to send");
  }
  void header(const std::string& line) {
    curl_slist* longer = curl_slist_append(headers, line.c_str());
    if (!longer) throw std::runtime_error("curl has no memory for another header");
    headers = longer;
  }

  // curl's callback. Blank lines that keep a connection alive are dropped as they come, however many.
  static size_t receive(char* bytes, size_t, size_t count, void* self) {
    std::string& body = static_cast<Transfer*>(self)->response.body;
    size_t begin = 0;
    while (body.empty() && begin < count && (bytes[begin] == '\n' || bytes[begin] == '\r' || bytes[begin] == ' ' || bytes[begin] == '\t')) ++begin;
    if (body.size() + count - begin > kLargestBody) return CURL_WRITEFUNC_ERROR;
    body.append(bytes + begin, count - begin);
    return count;
  }

  CURL* easy;
  curl_slist* headers = nullptr;
  std::string sent;
  HttpResponse response;
  char error[CURL_ERROR_SIZE] = {};
  Done done;
};

class Http::Multi {
 public:
  explicit Multi(const HttpOptions& options) : options_(options), multi_((start_curl(), curl_multi_init())) {
    if (!multi_) throw std::runtime_error("curl has no memory to begin with");
    check(curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options.connections)), "keep connections");
  }
  ~Multi() {
    for (const auto& [easy, transfer] : transfers_) curl_multi_remove_handle(multi_, easy);
    transfers_.clear();
    curl_multi_cleanup(multi_);
  }
  Multi(const Multi&) = delete;
  Multi& operator=(const Multi&) = delete;

  void post(const std::string& url, const std::vector<std::string>& headers, std::string body, Done done) {
    auto transfer = std::make_unique<Transfer>();
    prepare(*transfer, url, headers);
    transfer->sent = std::move(body);
    transfer->done = std::move(done);
    transfer->set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(transfer->sent.size()));
    transfer->set(CURLOPT_POSTFIELDS, transfer->sent.c_str());  // curl keeps the pointer
    CURL* easy = transfer->easy;
    transfers_.emplace(easy, std::move(transfer));
    check(curl_multi_add_handle(multi_, easy), "send");
  }

  void wait(double seconds) {
    perform();
    if (!finish()) {
      check(curl_multi_poll(multi_, nullptr, 0, static_cast<int>(milliseconds(seconds)), nullptr), "wait");
      perform();
      finish();
    }
  }

  size_t in_flight() const { return transfers_.size(); }

 private:
  void prepare(Transfer& transfer, const std::string& url, const std::vector<std::string>& headers) {
    transfer.header("Expect:");  // curl would ask before it sends a large body, and wait for a server that does not answer that
    for (const std::string& line : headers) transfer.header(line);
    transfer.set(CURLOPT_HTTPHEADER, transfer.headers);
    transfer.set(CURLOPT_URL, url.c_str());
    transfer.set(CURLOPT_PROTOCOLS_STR, "http,https");
    transfer.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    transfer.set(CURLOPT_POST, 1L);
    // CURLOPT_NOSIGNAL stays off: curl then keeps the SIGPIPE of a TLS connection that the other side has closed from ending the process.
    transfer.set(CURLOPT_TCP_KEEPALIVE, 1L);  // or a peer that is gone would be waited for until the time-out
    transfer.set(CURLOPT_FOLLOWLOCATION, 0L);
    transfer.set(CURLOPT_SSL_VERIFYPEER, 1L);
    transfer.set(CURLOPT_SSL_VERIFYHOST, 2L);
    if (!options_.certificates.empty()) {
      transfer.set(CURLOPT_CAINFO, options_.certificates.c_str());
      transfer.set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
    transfer.set(CURLOPT_TIMEOUT_MS, milliseconds(options_.timeout));
    transfer.set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(options_.connect_timeout));
    transfer.set(CURLOPT_ERRORBUFFER, transfer.error);
    transfer.set(CURLOPT_WRITEFUNCTION, &Transfer::receive);
    transfer.set(CURLOPT_WRITEDATA, &transfer);
  }

  void perform() {
    int running = 0;
    check(curl_multi_perform(multi_, &running), "go on");
  }

  // Hands over what has ended; true if anything has.
  bool finish() {
    std::vector<std::pair<CURL*, CURLcode>> ended;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg == CURLMSG_DONE) ended.emplace_back(message->easy_handle, message->data.result);
    }
    for (const auto& [easy, code] : ended) {
      const auto place = transfers_.find(easy);
      const std::unique_ptr<Transfer> transfer = std::move(place->second);
      transfers_.erase(place);
      curl_multi_remove_handle(multi_, easy);
      transfer->done(response(*transfer, code));
    }
    return !ended.empty();
  }

  static HttpResponse response(Transfer& transfer, CURLcode code) {
    HttpResponse& response = transfer.response;
    long status = 0;
    curl_off_t seconds = 0;
    curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer.easy, CURLINFO_RETRY_AFTER, &seconds);
    response.status = static_cast<int>(status);
    response.retry_after = static_cast<double>(std::max<curl_off_t>(seconds, 0));
    response.end = code == CURLE_OK ? HttpResponse::End::kWhole : is_impossible(code) ? HttpResponse::End::kImpossible : HttpResponse::End::kBroken;
    if (code == CURLE_WRITE_ERROR) {
      response.error = fmt::format("the answer is larger than {} MiB", kLargestBody >> 20);
    } else if (code != CURLE_OK) {
      response.error = transfer.error[0] ? transfer.error : curl_easy_strerror(code);
    }
    return std::move(response);
  }

  HttpOptions options_;
  CURLM* multi_;
  std::unordered_map<CURL*, std::unique_ptr<Transfer>> transfers_;
};

Http::Http(const HttpOptions& options) : multi_(std::make_unique<Multi>(options)) {}
Http::~Http() = default;

void Http::post(const std::string& url, const std::vector<std::string>& headers, std::string body, Done done) {
  multi_->post(url, headers, std::move(body), std::move(done));
}

void Http::wait(double seconds) { multi_->wait(seconds); }

int64_t Http::in_flight() const { return static_cast<int64_t>(multi_->in_flight()); }

}  // namespace smooth
