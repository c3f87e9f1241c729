// The chat teacher: hundreds of readings at once, each one turn after the other, by a language model behind an OpenAI-compatible API.
// It builds nine of Table 5's rows. What it hands over depends on the tasks, the config and the answers in the cache, not on time.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "configs/config.h"
#include "data/teachers/chat_client.h"
#include "data/teachers/chat_reading.h"

namespace smooth {

class ChatTeacher {
 public:
  // Throws ConfigError where the key or extra_body is not what it should be, before anything is asked or written.
  explicit ChatTeacher(const TeacherConfig& config) : config_(config), client_(config) {}

  using Source = std::function<std::optional<Task>()>;  // the next task, or nothing more
  using Use = std::function<void(Taught)>;
  // Reads them all and hands them to `use` in the order of the source, the dropped ones too. Takes tasks as it needs them. Throws when
  // it has to stop (key, money, budget, a server that is down), after it has taken in what was in flight and handed over what had ended
  // in order; what is in the cache is not asked for again by the next run.
  void read(const Source& next, const Use& use);

  const std::map<std::string, int64_t>& dropped() const { return dropped_; }  // reason -> readings, of all that were handed over
  const Spending& spending() const { return client_.spending(); }
  std::string note() const { return client_.note(); }

 private:
  TeacherConfig config_;
  ChatClient client_;
  std::map<std::string, int64_t> dropped_;
};

}  // namespace smooth
