// What is said to an OpenAI-compatible API, `POST {base_url}/chat/completions`, and what its answers mean. DeepSeek, vLLM, SGLang,
// LMDeploy and llama.cpp's server speak it, with two names for reasoning (`reasoning_content`, `reasoning`) and two for the
// input tokens that they had cached.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "configs/config.h"
#include "data/http.h"

namespace smooth {

struct ChatMessage {
  std::string role, content;  // "system" | "user" | "assistant"
};

struct ChatRequest {
  std::vector<ChatMessage> messages;
  int64_t max_tokens = 512;
  std::string about;  // whose it is, for people: "hotpotqa-17 part 3"
};

// An answer that came whole and is paid for, whatever it is worth.
struct ChatAnswer {
  std::string content;
  std::string finish;      // finish_reason: "stop", "length", "content_filter", ...; empty where the server gives none
  bool reasoning = false;  // there was reasoning beside the content
  int64_t tokens_in = 0, tokens_cached = 0, tokens_out = 0;  // tokens_cached: of tokens_in, those that the server had cached
  double money = 0;
};

// What came of a request.
struct ChatReply {
  enum class Kind {
    kAnswer,   // `answer`
    kBusy,     // again, after a wait, and fewer at a time: 429, 503, 529
    kBroken,   // again, after a wait: other 5xx, a connection that broke, what is no answer
    kRefused,  // this request will never be answered: 400, 413
    kHalt,     // no request will be, before the user has done something: key, money, address, model
  };
  Kind kind = Kind::kBroken;
  ChatAnswer answer;
  std::string reason;      // "503: the server's words"
  double retry_after = 0;  // seconds that the server asks for; 0 where it does not
};

class ChatApi {
 public:
  // Takes the key from the environment. Throws ConfigError where it is not there or `extra_body` is not what it should be.
  explicit ChatApi(const TeacherConfig& config);

  std::string url() const;
  std::vector<std::string> headers() const;  // with the key: for curl, and for nothing else
  // The body: all that shapes the answer, and nothing else, so that an answer can be known by it.
  std::string body(const ChatRequest& request) const;
  ChatReply reply(const ChatRequest& request, const HttpResponse& response) const;

  // The most that an answer should cost. Tokens of the input are a generous guess.
  int64_t most_tokens_in(const ChatRequest& request) const;
  double money(int64_t tokens_in, int64_t tokens_cached, int64_t tokens_out) const;

 private:
  ChatReply from_status(const HttpResponse& response) const;
  ChatReply from_body(const ChatRequest& request, const std::string& body) const;
  std::string words(const std::string& body) const;
  std::string without_key(std::string text) const;

  TeacherConfig config_;
  std::string key_;
};

// Int(1.5 x words) of all messages, as the paper counts.
int64_t estimated_tokens(const ChatRequest& request);

}  // namespace smooth
