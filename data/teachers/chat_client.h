// Requests to a chat API until each has its answer: from the cache where it is there, else from the server, tried again where that
// helps, no more in flight than the server takes, no more spent than the budget allows.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "configs/config.h"
#include "data/http.h"
#include "data/teachers/chat_api.h"
#include "data/teachers/chat_cache.h"
#include "data/teachers/pace.h"

namespace smooth {

// The answer, or why this request got none: "refused" (the server will not answer this one) or "no answer" (it could not, though it
// answered others meanwhile).
struct ChatOutcome {
  std::optional<ChatAnswer> answer;
  std::string failure, detail;
};

class ChatClient {
 public:
  explicit ChatClient(const TeacherConfig& config);

  using Done = std::function<void(const ChatOutcome&)>;
  // From the cache at once; or nothing, and `done` is called from within a later step(). Who asks the same at the same time gets the
  // same answer.
  std::optional<ChatAnswer> ask(const ChatRequest& request, Done done);
  // Sends what may be sent and waits until something has happened, a second at most.
  void step();

  // Why nothing is sent any more, with what to do; empty while all goes well. What is in flight then is still taken in by step().
  std::string stopped() const;
  int64_t in_flight() const { return http_.in_flight(); }
  const Spending& spending() const { return cache_.spending(); }
  std::string note() const;  // for a progress bar: "12 in flight, 1.2M tokens, 3.41 spent, last trouble: 429: slow down"

 private:
  using Clock = Pace::Clock;
  struct Asked {
    ChatRequest request;
    std::string key, body;
    std::vector<Done> askers;
    int64_t tries = 0;
    int64_t answers_before = 0;  // that the server had given when this was first sent
    Clock::time_point sent;
    int64_t tokens = 0;          // the most that it should cost, set aside while it is in flight
    double money = 0;
  };
  void wake(Clock::time_point now);
  void send(Clock::time_point now);
  void post(Asked& asked, Clock::time_point now);
  bool affordable(const Asked& asked) const;
  double pause(Clock::time_point now) const;
  void receive(Asked& asked, const HttpResponse& response);
  void answered(Asked& asked, const ChatAnswer& answer);
  void refused(Asked& asked, const std::string& reason);
  void again(Asked& asked, const ChatReply& reply);
  void end(Asked& asked, const ChatOutcome& outcome);
  void stop(const std::string& reason);

  TeacherConfig config_;
  ChatApi api_;
  AnswerCache cache_;
  Pace pace_;
  std::unordered_map<std::string, std::unique_ptr<Asked>> asked_;  // by key
  std::deque<Asked*> ready_;                                       // to be sent, oldest first
  std::multimap<Clock::time_point, Asked*> later_;                 // to be sent again, by when
  Clock::time_point paused_until_{};
  int64_t answers_ = 0, refusals_ = 0;                             // of the server; refusals since its last answer
  int64_t tokens_aside_ = 0;
  double money_aside_ = 0;
  std::string stopped_, trouble_;
  Http http_;  // last: its transfers end before what they point to
};

}  // namespace smooth
