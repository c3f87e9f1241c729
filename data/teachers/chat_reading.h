// One reading by the chat teacher, as requests and what their answers mean to it. It runs the one reading loop (data/reading.h) in
// unsmooth mode: a language model with self-attention is quadratic, and its API keeps no memory.
#pragma once

#include <optional>
#include <string>

#include "configs/config.h"
#include "data/reading.h"
#include "data/teachers/chat_api.h"

namespace smooth {

// Unsmooth, in the teacher's chunks; the task says whether it may stop early.
ReadingOptions teacher_options(const TeacherConfig& config, const Task& task);

// A reading that has ended.
struct Taught {
  int64_t number = 0;
  Task task;
  Transcript transcript;  // as far as it came
  // Why it is of no use, empty if it is: "cut off" (longer than max_tokens), "empty", "form", "content filter", or a failure of the
  // client's, "refused" or "no answer". `detail` says more.
  std::string dropped, detail;
};

class ChatReading {
 public:
  ChatReading(int64_t number, Task task, const TeacherConfig& config);
  ChatReading(const ChatReading&) = delete;  // the loop refers to the task in here
  ChatReading& operator=(const ChatReading&) = delete;

  std::optional<ChatRequest> next();          // nothing when the reading has ended; the same until it is answered
  void answered(const ChatAnswer& answer);    // a summary moves it on; what is none is asked for again, `corrections` times
  void failed(const std::string& failure, const std::string& detail);
  bool ended() const { return !turn_; }
  int64_t piece() const { return piece_; }    // of the text, from 1
  Taught take();                              // once it has ended

 private:
  void correct(const std::string& kind, const std::string& problem, const std::string& reply);
  void advance();

  Taught taught_;
  int64_t corrections_allowed_;
  Reading reading_;
  std::optional<Turn> turn_;
  std::string summary_;  // the one before
  int64_t piece_ = 0, corrections_ = 0;
  std::string problem_, reply_;  // what was wrong with the newest reply to this turn, and the reply
};

}  // namespace smooth
