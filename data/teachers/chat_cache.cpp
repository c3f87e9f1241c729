#include "data/teachers/chat_cache.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include <fmt/format.h>

#include "data/tokenizers/json_members.h"

namespace smooth {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kKeyDigits = 32;

std::string line_of(const std::string& key, const std::string& about, const ChatAnswer& answer) {
  const Json json = {{"key", key}, {"about", about}, {"finish", answer.finish}, {"reasoning", answer.reasoning}, {"tokens_in", answer.tokens_in},
                     {"tokens_cached", answer.tokens_cached}, {"tokens_out", answer.tokens_out}, {"money", answer.money}, {"content", answer.content}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

struct Line {
  std::string key;
  ChatAnswer answer;
};

Line parse_line(const std::string& text) {
  const Json json = parse_json(text, "not an answer");
  Line line{.key = json.at("key").get<std::string>(),
            .answer = {.content = json.at("content").get<std::string>(),
                       .finish = json.at("finish").get<std::string>(),
                       .reasoning = json.at("reasoning").get<bool>(),
                       .tokens_in = json.at("tokens_in").get<int64_t>(),
                       .tokens_cached = json.at("tokens_cached").get<int64_t>(),
                       .tokens_out = json.at("tokens_out").get<int64_t>(),
                       .money = json.at("money").get<double>()}};
  if (line.key.size() != kKeyDigits || line.key.find_first_not_of("0123456789abcdef") != std::string::npos) {
    throw std::runtime_error(fmt::format("expected a key of {} hex digits, got `{:.80}`", kKeyDigits, line.key));
  }
  return line;
}

uint64_t half(const std::string& key) { return std::stoull(key.substr(0, kKeyDigits / 2), nullptr, 16); }

}  // namespace

void Spending::add(const ChatAnswer& answer) {
  ++answers;
  tokens_in += answer.tokens_in;
  tokens_cached += answer.tokens_cached;
  tokens_out += answer.tokens_out;
  money += answer.money;
}

AnswerCache::AnswerCache(const std::filesystem::path& folder) : path_(folder / "answers.jsonl"), lock_(folder), file_(path_), stream_(path_, std::ios::binary) {
  int64_t number = 0;
  for (std::string line; std::getline(stream_, line);) note(line, ++number);
  stream_.clear();
}

void AnswerCache::note(const std::string& text, int64_t number) {
  try {
    const Line line = parse_line(text);
    places_[half(line.key)] = end_;
    spending_.add(line.answer);
  } catch (const std::exception& error) {
    throw std::runtime_error(fmt::format("{}:{}: {}; delete this line, and its question will be asked again", path_.string(), number, error.what()));
  }
  end_ += static_cast<int64_t>(text.size()) + 1;
}

// Two of the project's checksums, the second begun elsewhere.
std::string AnswerCache::key(const std::string& body) { return checksum(body) + checksum("again " + body); }

std::optional<ChatAnswer> AnswerCache::find(const std::string& key) {
  const auto place = places_.find(half(key));
  if (place == places_.end()) return {};
  std::string text;
  stream_.clear();
  stream_.seekg(place->second);
  if (!std::getline(stream_, text)) throw std::runtime_error(fmt::format("{}: an answer that was there is gone; was the file changed meanwhile? Run again", path_.string()));
  Line line = parse_line(text);
  if (line.key != key) return {};  // another request with the same half of a key
  return std::move(line.answer);
}

void AnswerCache::add(const std::string& key, const std::string& about, const ChatAnswer& answer) {
  const std::string line = line_of(key, about, answer);
  file_.append(line);
  places_[half(key)] = end_;
  end_ += static_cast<int64_t>(line.size()) + 1;
  spending_.add(answer);
}

}  // namespace smooth
