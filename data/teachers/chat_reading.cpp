#include "data/teachers/chat_reading.h"

#include <utility>

#include "data/teachers/chat_form.h"
#include "data/teachers/chat_prompts.h"

namespace smooth {

ReadingOptions teacher_options(const TeacherConfig& config, const Task& task) {
  return {.mode = Mode::kUnsmooth, .chunk = config.chunk, .early_stop = task.early_stop, .max_summary_tokens = config.max_tokens, .max_answer_tokens = config.max_tokens};
}

ChatReading::ChatReading(int64_t number, Task task, const TeacherConfig& config)
    : taught_{.number = number, .task = std::move(task)}, corrections_allowed_(config.corrections), reading_(taught_.task, teacher_options(config, taught_.task)) {
  advance();
}

void ChatReading::advance() {
  turn_ = reading_.next();
  ++piece_;
  corrections_ = 0;
  problem_.clear();
  reply_.clear();
}

std::optional<ChatRequest> ChatReading::next() {
  if (!turn_) return {};
  ChatRequest request{.messages = {{"system", system_prompt(taught_.task.row)}, {"user", piece_prompt(taught_.task, *turn_, summary_, piece_)}},
                      .max_tokens = turn_->max_tokens,
                      .about = taught_.task.id + " piece " + std::to_string(piece_)};
  if (!problem_.empty()) {
    request.messages.push_back({"assistant", reply_.empty() ? "(nothing)" : reply_});
    request.messages.push_back({"user", correction_prompt(problem_, corrections_, corrections_allowed_)});
    request.about += " correction " + std::to_string(corrections_);
  }
  return request;
}

void ChatReading::answered(const ChatAnswer& answer) {
  if (answer.finish == "content_filter") return failed("content filter", "the server's filter cut the answer off");
  if (answer.finish == "length") {
    return correct("cut off", "it was cut off after " + std::to_string(answer.tokens_out) + " tokens; be much shorter", "");
  }
  if (answer.content.find_first_not_of(" \t\r\n") == std::string::npos) {
    return correct("empty", answer.reasoning ? "it holds nothing beside the reasoning; write the summary as the reply itself" : "it is empty", "");
  }
  if (const std::string problem = form_problem(answer.content, *turn_); !problem.empty()) return correct("form", problem, answer.content);
  // In the one form that all authors write: what stood before `Target:`, and blanks between the parts, are gone.
  const std::string written = format(parse_summary(answer.content));
  reading_.wrote(written);
  summary_ = without_marker(written);
  advance();
}

void ChatReading::correct(const std::string& kind, const std::string& problem, const std::string& reply) {
  if (corrections_ == corrections_allowed_) return failed(kind, problem);
  ++corrections_;
  problem_ = problem;
  reply_ = reply;
}

void ChatReading::failed(const std::string& failure, const std::string& detail) {
  taught_.dropped = failure;
  taught_.detail = taught_.task.id + " piece " + std::to_string(piece_) + ": " + detail;
  turn_.reset();
}

Taught ChatReading::take() {
  taught_.transcript = std::move(reading_).transcript();
  return std::move(taught_);
}

}  // namespace smooth
