#include "data/tokenizers/json_members.h"

#include <fmt/format.h>

#include <stdexcept>

namespace smooth {
namespace {

constexpr size_t kDeepest = 64, kMostMembers = 1000;  // each key is compared with all before it

class Skimmer {
 public:
  Skimmer(std::string_view text, const std::string& what) : text_(text), what_(what) {}

  std::vector<JsonMember> members() {
    std::vector<JsonMember> found;
    take('{');
    for (bool first = true; peek() != '}'; first = false) {
      if (!first) take(',');
      peek();
      const size_t begin = at_;
      take('"');
      skip_string();
      std::string key = parse_json(text_.substr(begin, at_ - begin), what_).get<std::string>();
      take(':');
      peek();
      const size_t value = at_;
      skip_value();
      if (!find_member(found, key).empty()) fail("the key \"" + key + "\" is there twice");
      if (found.size() == kMostMembers) fail(fmt::format("more than {} keys", kMostMembers));
      found.push_back({std::move(key), text_.substr(value, at_ - value)});
    }
    take('}');
    end();
    return found;
  }

  void skip_value() {
    std::string open;  // the brackets that are open
    do {
      const char c = peek();
      ++at_;
      if (c == '"') skip_string();
      if (c == '{' || c == '[') open.push_back(c == '{' ? '}' : ']');
      if (open.size() > kDeepest) fail(fmt::format("nested deeper than {} levels", kDeepest));
      if (c == '}' || c == ']') {
        if (open.empty() || open.back() != c) fail(fmt::format("a '{}' that closes nothing", c));
        open.pop_back();
      } else if (open.empty() && c != '"') {  // a number or a word
        at_ = std::min(text_.find_first_of(",}] \t\r\n", at_), text_.size());
      }
    } while (!open.empty());
  }

  void end() {
    skip_blanks();
    if (at_ < text_.size()) fail("something after the end of the JSON value");
  }

 private:
  [[noreturn]] void fail(const std::string& reason) const {
    throw std::runtime_error(fmt::format("{}: byte {}: {}", what_, at_, reason));
  }
  char peek() {
    skip_blanks();
    if (at_ == text_.size()) fail("ends before its JSON value does; is the file truncated?");
    return text_[at_];
  }
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || (text_[at_] >= '\t' && text_[at_] <= '\r'))) ++at_;
  }
  void take(char expected) {
    if (peek() != expected) fail(fmt::format("expected '{}', found '{}'", expected, text_[at_]));
    ++at_;
  }
  void skip_string() {  // from after its opening quote to after its closing one
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) {
      at_ = text_.size();
      fail("ends within a string; is the file truncated?");
    }
    ++at_;
  }

  std::string_view text_;
  const std::string& what_;
  size_t at_ = 0;
};

}  // namespace

std::vector<JsonMember> json_members(std::string_view text, const std::string& what) { return Skimmer(text, what).members(); }

nlohmann::ordered_json parse_json(std::string_view text, const std::string& what) {
  Skimmer skimmer(text, what);
  skimmer.skip_value();
  skimmer.end();
  try {
    return nlohmann::ordered_json::parse(text);
  } catch (const nlohmann::json::exception& error) {
    throw std::runtime_error(what + ": not JSON: " + error.what());
  }
}

std::string_view find_member(const std::vector<JsonMember>& members, const std::string& key) {
  for (const JsonMember& member : members) {
    if (member.key == key) return member.value;
  }
  return {};
}

}  // namespace smooth
