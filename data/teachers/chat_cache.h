// The answers that were paid for, one a line in FOLDER/answers.jsonl, known by all that shapes them: model, messages, parameters.
// It only grows and survives kill -9. What is in it is never asked for again. In memory there are places, not answers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <unordered_map>

#include "configs/run.h"
#include "data/teachers/chat_api.h"

namespace smooth {

struct Spending {
  int64_t answers = 0, tokens_in = 0, tokens_cached = 0, tokens_out = 0;
  double money = 0;

  void add(const ChatAnswer& answer);
  int64_t tokens() const { return tokens_in + tokens_out; }
};

class AnswerCache {
 public:
  // Locks the folder and drops a half last line. Throws naming file and line of what is no answer.
  explicit AnswerCache(const std::filesystem::path& folder);

  static std::string key(const std::string& body);  // 32 hex digits of a request's body
  std::optional<ChatAnswer> find(const std::string& key);
  void add(const std::string& key, const std::string& about, const ChatAnswer& answer);
  const Spending& spending() const { return spending_; }  // of all answers in it, whenever they were given

 private:
  void note(const std::string& line, int64_t number);
  std::filesystem::path path_;
  FolderLock lock_;
  LineFile file_;
  std::ifstream stream_;
  std::unordered_map<uint64_t, int64_t> places_;  // half a key -> where its line begins
  int64_t end_ = 0;
  Spending spending_;
};

}  // namespace smooth
