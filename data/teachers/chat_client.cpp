#include "data/teachers/chat_client.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace smooth {
namespace {

constexpr int64_t kRefusalsInARow = 20;        // then it is not the requests but what they have in common
constexpr double kLongestRetryAfter = 3600;    // seconds
constexpr double kStep = 1;                    // seconds

}  // namespace

ChatClient::ChatClient(const TeacherConfig& config)
    : config_(config), api_(config), cache_(config.cache), pace_(config.in_flight, config.first_wait, config.longest_wait),
      http_({.connections = config.in_flight, .timeout = config.timeout, .connect_timeout = config.connect_timeout, .certificates = config.certificates}) {}

std::optional<ChatAnswer> ChatClient::ask(const ChatRequest& request, Done done) {
  std::string body = api_.body(request), key = AnswerCache::key(body);
  if (std::optional<ChatAnswer> answer = cache_.find(key)) return answer;
  std::unique_ptr<Asked>& asked = asked_[key];
  if (!asked) {
    const int64_t tokens_in = api_.most_tokens_in(request);
    asked = std::make_unique<Asked>(Asked{.request = request, .key = std::move(key), .body = std::move(body), .tokens = tokens_in + request.max_tokens,
                                          .money = api_.money(tokens_in, 0, request.max_tokens)});
    ready_.push_back(asked.get());
  }
  asked->askers.push_back(std::move(done));
  return {};
}

void ChatClient::step() {
  const Clock::time_point now = Clock::now();
  wake(now);
  send(now);
  if (stopped_.empty() || in_flight() > 0) http_.wait(pause(now));
}

void ChatClient::wake(Clock::time_point now) {
  while (!later_.empty() && later_.begin()->first <= now) {
    ready_.push_front(later_.begin()->second);
    later_.erase(later_.begin());
  }
}

void ChatClient::send(Clock::time_point now) {
  while (stopped_.empty() && !ready_.empty() && now >= paused_until_ && in_flight() < pace_.limit()) {
    Asked& next = *ready_.front();
    if (!affordable(next)) {
      // What is in flight may cost less than was set aside for it.
      if (in_flight() == 0) {
        stop(fmt::format("the budget is used up: {} tokens and {:.2f} in money are spent, and the next request may take {} and {:.4f}; raise budget_tokens or budget_money",
                         spending().tokens(), spending().money, next.tokens, next.money));
      }
      return;
    }
    ready_.pop_front();
    post(next, now);
  }
}

bool ChatClient::affordable(const Asked& asked) const {
  const bool tokens = !config_.budget_tokens || spending().tokens() + tokens_aside_ + asked.tokens <= *config_.budget_tokens;
  const bool money = !config_.budget_money || spending().money + money_aside_ + asked.money <= *config_.budget_money;
  return tokens && money;
}

void ChatClient::post(Asked& asked, Clock::time_point now) {
  if (asked.tries++ == 0) asked.answers_before = answers_;
  asked.sent = now;
  tokens_aside_ += asked.tokens;
  money_aside_ += asked.money;
  http_.post(api_.url(), api_.headers(), asked.body, [this, &asked](const HttpResponse& response) { receive(asked, response); });
}

// Seconds until something is due.
double ChatClient::pause(Clock::time_point now) const {
  Clock::time_point due = now + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(kStep));
  if (!later_.empty()) due = std::min(due, later_.begin()->first);
  if (!ready_.empty() && paused_until_ > now) due = std::min(due, paused_until_);
  return std::max(0.0, std::chrono::duration<double>(due - now).count());
}

void ChatClient::receive(Asked& asked, const HttpResponse& response) {
  tokens_aside_ -= asked.tokens;
  money_aside_ = in_flight() == 0 ? 0 : money_aside_ - asked.money;  // no rounding is left over
  const ChatReply reply = api_.reply(asked.request, response);
  if (reply.kind != ChatReply::Kind::kAnswer) trouble_ = reply.reason;
  switch (reply.kind) {
    case ChatReply::Kind::kAnswer: return answered(asked, reply.answer);
    case ChatReply::Kind::kHalt: return stop(reply.reason);
    case ChatReply::Kind::kRefused: return refused(asked, reply.reason);
    case ChatReply::Kind::kBusy:
    case ChatReply::Kind::kBroken: return again(asked, reply);
  }
}

void ChatClient::answered(Asked& asked, const ChatAnswer& answer) {
  cache_.add(asked.key, asked.request.about, answer);
  pace_.answered();
  ++answers_;
  refusals_ = 0;
  end(asked, {.answer = answer});
}

void ChatClient::refused(Asked& asked, const std::string& reason) {
  if (++refusals_ >= kRefusalsInARow) {
    return stop(fmt::format("the server has refused {} requests one after the other; check model, max_tokens and extra_body ({})", refusals_, reason));
  }
  end(asked, {.answer = {}, .failure = "refused", .detail = reason});
}

void ChatClient::again(Asked& asked, const ChatReply& reply) {
  const Clock::time_point now = Clock::now();
  const auto after = [&](double seconds) { return now + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds)); };
  const double asked_for = std::min(reply.retry_after, kLongestRetryAfter);
  if (reply.kind == ChatReply::Kind::kBusy) {
    pace_.busy(asked.sent, now);
    if (asked_for > 0) paused_until_ = std::max(paused_until_, after(asked_for));
  }
  if (asked.tries <= config_.retries) {
    later_.emplace(after(asked_for + pace_.wait(asked.tries)), &asked);
  } else if (answers_ == asked.answers_before) {
    stop(fmt::format("the server answers nothing: a request was sent {} times, and no other was answered meanwhile; see that {} is up, or raise retries ({})", asked.tries,
                     api_.url(), reply.reason));
  } else {
    end(asked, {.answer = {}, .failure = "no answer", .detail = fmt::format("sent {} times; {}", asked.tries, reply.reason)});
  }
}

void ChatClient::end(Asked& asked, const ChatOutcome& outcome) {
  const auto node = asked_.extract(asked.key);  // before its askers ask again
  for (const Done& done : node.mapped()->askers) done(outcome);
}

void ChatClient::stop(const std::string& reason) {
  if (stopped_.empty()) stopped_ = reason;  // the first reason is the one to mend
}

std::string ChatClient::stopped() const {
  if (stopped_.empty()) return "";
  return fmt::format("the chat teacher stopped: {}. All {} answers are kept in {}: run again, and none of them is asked for again", stopped_, spending().answers, config_.cache);
}

std::string ChatClient::note() const {
  std::string text = fmt::format("{} in flight, {} tokens", in_flight(), format_count(static_cast<double>(spending().tokens())));
  if (spending().money > 0) text += fmt::format(", {:.2f} spent", spending().money);
  if (!trouble_.empty()) text += ", last trouble: " + trouble_;
  return text;
}

}  // namespace smooth
