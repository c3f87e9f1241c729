// What a record of the tiny LongBench is made with: words that it has not yet, and sentences, all of one split.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "configs/config.h"
#include "data/random.h"
#include "data/tokenizer.h"

namespace smooth {

using Choices = std::vector<std::string_view>;

class Draws {
 public:
  Draws(const std::string& dataset, const TinyConfig& config, const Tokenizer& tokenizer, int64_t length, Random& random)
      : dataset_(dataset), config_(config), tokenizer_(tokenizer), length_(length), random_(random) {}

  // None comes twice in a record. Names, pairs and things of train and test differ; first names are few and may be in both.
  std::string person();                                                      // "Mara Venn"
  std::string pair(const std::string& between = " ");                        // "red fox"
  std::string thing(const Choices& kinds);                                   // "the Venn bank"
  std::string first_name();                                                  // "Mara", again and again
  std::string sentence();
  std::string one_of(const Choices& choices) { return std::string(choices[random_.below(choices.size())]); }
  std::vector<std::string> some_of(const Choices& choices, int64_t count);   // different ones

  int64_t tokens(const std::string& text) const { return static_cast<int64_t>(tokenizer_.encode(text).size()); }
  int64_t length() const { return length_; }  // wished for the context, in tokens
  void need(int64_t tokens) const;            // throws where the context may not have so many
  bool kin() const { return config_.kin; }
  Random& random() { return random_; }

 private:
  template <class Draw>
  std::string fresh(Draw draw);

  const std::string& dataset_;
  const TinyConfig& config_;
  const Tokenizer& tokenizer_;
  int64_t length_;
  Random& random_;
  std::set<std::string> taken_;
};

}  // namespace smooth
