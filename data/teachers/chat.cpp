#include "data/teachers/chat.h"

#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace smooth {
namespace {

// The readings that have begun and are not handed over yet.
class Begun {
 public:
  Begun(const TeacherConfig& config, ChatClient& client) : config_(config), client_(client) {}

  int64_t working() const { return working_; }
  int64_t size() const { return static_cast<int64_t>(readings_.size()); }

  void begin(Task task) {
    auto& reading = readings_[number_];
    reading = std::make_unique<ChatReading>(number_, std::move(task), config_);
    ++number_;
    ++working_;
    go_on(*reading);
  }

  // Those whose answer came.
  void go_on() {
    for (ChatReading* reading : std::exchange(answered_, {})) go_on(*reading);
  }

  // The oldest, if it has ended.
  std::optional<Taught> take() {
    if (readings_.empty() || !readings_.begin()->second->ended()) return {};
    Taught taught = readings_.begin()->second->take();
    readings_.erase(readings_.begin());
    return taught;
  }

 private:
  void go_on(ChatReading& reading) {
    while (const std::optional<ChatRequest> request = reading.next()) {
      const std::optional<ChatAnswer> known = client_.ask(*request, [this, &reading](const ChatOutcome& outcome) {
        outcome.answer ? reading.answered(*outcome.answer) : reading.failed(outcome.failure, outcome.detail);
        answered_.push_back(&reading);
      });
      if (!known) return;
      reading.answered(*known);
    }
    --working_;
  }

  const TeacherConfig& config_;
  ChatClient& client_;
  std::map<int64_t, std::unique_ptr<ChatReading>> readings_;  // by number
  std::vector<ChatReading*> answered_;
  int64_t number_ = 0, working_ = 0;
};

}  // namespace

void ChatTeacher::read(const Source& next, const Use& use) {
  Begun begun(config_, client_);
  bool more = true;
  for (;;) {
    while (std::optional<Taught> taught = begun.take()) {
      if (!taught->dropped.empty()) ++dropped_[taught->dropped];
      use(std::move(*taught));
    }
    // As many at work as may be in flight, and as many again that have ended and wait for an older one.
    const bool room = begun.working() < config_.in_flight && begun.size() < 2 * config_.in_flight;
    if (more && room && client_.stopped().empty()) {
      std::optional<Task> task = next();
      more = task.has_value();
      if (task) begun.begin(std::move(*task));
      continue;
    }
    if (begun.working() == 0) return;
    if (!client_.stopped().empty() && client_.in_flight() == 0) throw std::runtime_error(client_.stopped());
    client_.step();
    begun.go_on();
  }
}

}  // namespace smooth
