#include "data/teachers/chat_estimate.h"

#include <algorithm>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "configs/run.h"
#include "data/chunker.h"
#include "data/teachers/chat_api.h"
#include "data/teachers/chat_cache.h"
#include "data/teachers/chat_reading.h"

namespace smooth {
namespace {

constexpr int64_t kSummaryTokens = 300;

TeacherConfig without_key(TeacherConfig config) {
  config.key_env.clear();
  return config;
}

class Estimator {
 public:
  explicit Estimator(const TeacherConfig& config) : config_(without_key(config)), api_(config_) {
    if (std::filesystem::exists(std::filesystem::path(config.cache) / "answers.jsonl")) cache_ = std::make_unique<AnswerCache>(config.cache);
  }

  void add(Task task) {
    const std::vector<std::string_view> pieces = chunk(task.context, config_.chunk);
    ChatReading reading(result_.readings++, task, config_);
    std::optional<ChatRequest> request = reading.next();
    for (; request; request = reading.next()) {
      const std::optional<ChatAnswer> answer = cache_ ? cache_->find(AnswerCache::key(api_.body(*request))) : std::nullopt;
      if (!answer) break;
      ++result_.answered;
      reading.answered(*answer);
    }
    if (!request) return;
    // What is asked besides the piece and the summary before it is in every request.
    const auto first = static_cast<size_t>(reading.piece() - 1);
    const auto tokens = [&](size_t piece) { return piece < pieces.size() ? estimated_tokens(pieces[piece]) : 0; };
    const int64_t around = estimated_tokens(*request) - tokens(first);
    const size_t left = std::max<size_t>(pieces.size(), 1) - first, asked = task.early_stop ? (left + 1) / 2 : left;
    for (size_t piece = first; piece < first + asked; ++piece) {
      const bool unknown_summary = piece > first;
      ++result_.requests;
      result_.tokens_in += around + tokens(piece) + (unknown_summary && first == 0 ? kSummaryTokens : 0);
      result_.tokens_out += std::min(kSummaryTokens, config_.max_tokens);
    }
  }

  ChatEstimate finish() {
    result_.money = api_.money(result_.tokens_in, 0, result_.tokens_out);
    return result_;
  }

 private:
  ChatEstimate result_;
  TeacherConfig config_;
  ChatApi api_;
  std::unique_ptr<AnswerCache> cache_;
};

}  // namespace

std::string ChatEstimate::words() const {
  const auto count = [](int64_t value) { return format_count(static_cast<double>(value)); };
  return fmt::format("about {} requests for {} readings ({} more are answered in the cache), {} tokens in, {} tokens out, {:.2f} in money. "
                     "An estimate: tokens are Int(1.5 x words), a summary is taken to have {}, a reading that may stop early to read half of its text",
                     count(requests), count(readings), count(answered), count(tokens_in), count(tokens_out), money, kSummaryTokens);
}

ChatEstimate estimate(const TeacherConfig& config, const std::function<std::optional<Task>()>& next) {
  Estimator estimator(config);
  while (std::optional<Task> task = next()) estimator.add(std::move(*task));
  return estimator.finish();
}

}  // namespace smooth
