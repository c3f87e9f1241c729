// What a job of the chat teacher will take, before anything is asked: requests, tokens and money.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "configs/config.h"
#include "data/task.h"

namespace smooth {

// An estimate: tokens are the paper's Int(1.5 x words); a summary is taken to have 300, a reading that may stop early to read half of
// its text, and no reply to need a correction. All input is priced as not cached by the server.
struct ChatEstimate {
  int64_t readings = 0, requests = 0, tokens_in = 0, tokens_out = 0;
  int64_t answered = 0;  // requests that the cache answers already; not in `requests`
  double money = 0;

  std::string words() const;
};

// Needs no key and no server.
ChatEstimate estimate(const TeacherConfig& config, const std::function<std::optional<Task>()>& next);

}  // namespace smooth
