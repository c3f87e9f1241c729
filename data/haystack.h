// The text that hides needles, as units that are taken one after another until a length is reached: sentences of essays
// or of the grammar, paragraphs of HotpotQA, lines of noise, lines of other needles.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "configs/config.h"
#include "data/random.h"
#include "data/tasks/shelf.h"

namespace smooth {

// Does this key, value or sentence belong to the split? One in five strings, by their checksum, is of the test split,
// the rest of the train split; `all` has every one.
bool in_split(const std::string& text, const std::string& split);

// "One of the special magic numbers for brave-otter is: 4821." (RULER's `needle`)
std::string needle_sentence(const std::string& value_type, const std::string& key, const std::string& value);

// Draws keys and values.
class Needles {
 public:
  explicit Needles(const NiahConfig& config);
  // Neither contains another of `taken` nor is contained in one, so that "contains the value" can only mean this one.
  std::string key(Random& random, const std::vector<std::string>& taken) const;
  std::string value(Random& random, const std::vector<std::string>& taken) const;

 private:
  std::string draw(Random& random, const std::string& type, const std::vector<std::string>& taken) const;
  std::string any(Random& random, const std::string& type) const;
  std::string key_type_, value_type_, split_;
  int64_t digits_;
  std::vector<std::string> words_;  // adjective-noun, sorted, as RULER's
};

class Haystack {
 public:
  explicit Haystack(const NiahConfig& config);  // reads the essays
  // Where a task begins to take units: essays at their beginning, as RULER's do, paragraphs anywhere.
  int64_t first_unit(Random& random) const;
  // The index-th unit of a task whose units are drawn from `random`; `taken` are its keys and values.
  std::string unit(int64_t index, Random& random, const std::vector<std::string>& taken) const;
  // Noise and needles stand on lines, sentences in running text.
  bool lines() const { return kind_ == "noise" || kind_ == "needle"; }
  const std::vector<std::string>& essays() const { return essays_; }  // the units of every task, over and over; empty for other haystacks
  const Needles& needles() const { return needles_; }

 private:
  std::string kind_, split_, value_type_;
  Needles needles_;
  std::vector<std::string> essays_;       // sentences
  std::unique_ptr<const Shelf> passages_;
};

// Sentences of running text, whitespace collapsed to single blanks; joined by blanks they are the text. A sentence ends
// at . ! ? (closing quotes and brackets included) before a blank and something that can begin a sentence: an upper-case
// letter, a digit, an opening quote or bracket. Not after an initial ("J. Smith") or one of a few abbreviations. RULER
// has NLTK's Punkt here, which needs its trained parameters.
std::vector<std::string> split_sentences(const std::string& text);

}  // namespace smooth
