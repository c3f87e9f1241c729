// What RULER's needle tasks say (NVIDIA/RULER scripts/data/synthetic/constants.py): one wording where several values are asked for,
// another where it is one, by the rewriting in niah.py.
#pragma once

#include <string>

namespace smooth {

class NiahWording {
 public:
  // `type`: of the values, "numbers", "words" or "uuids". `single`: one value is asked for.
  NiahWording(std::string type, bool single) : type_(std::move(type)), single_(single) {}

  const std::string& type() const { return type_; }
  bool single() const { return single_; }
  std::string noun() const { return type_.substr(0, type_.size() - 1); }
  std::string asked() const { return single_ ? noun() : type_; }  // "number", of several values "numbers"

  std::string instruction() const {
    return (single_ ? "A special magic " + noun() + " is" : "Some special magic " + type_ + " are") +
           " hidden within the following text. Make sure to memorize it. I will quiz you about the " + asked() + " afterwards.";
  }
  // `query`: the keys, "a" or "a, b, and c".
  std::string subject(const std::string& query) const { return "the special magic " + asked() + " for " + query; }
  std::string question_head() const { return (single_ ? "What is " : "What are all ") + subject(""); }
  static std::string question_tail() { return " mentioned in the provided text?"; }
  std::string question(const std::string& query) const { return question_head() + query + question_tail(); }
  // What RULER puts behind the assistant's header, for models that only go on with a text.
  std::string answer_prefix(const std::string& query) const {
    return " The special magic " + asked() + " for " + query + " mentioned in the provided text " + (single_ ? "is" : "are");
  }
  // What an Evidence calls one of the needles.
  std::string needle_subject(const std::string& key) const { return "the special magic " + noun() + " for " + key; }

 private:
  std::string type_;
  bool single_;
};

}  // namespace smooth
