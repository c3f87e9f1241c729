#include "data/tiny/draws.h"

#include <stdexcept>

#include "data/haystack.h"
#include "data/words.h"

namespace smooth {
namespace {

// Few enough for small models, which learn a piece for each.
constexpr int64_t kAdjectives = 48, kNouns = 48;
constexpr int kMaxDraws = 100000;

const Choices kFirstNames = {"Mara", "Olin", "Lena",  "Tomas", "Ida",   "Jonas", "Nora",   "Felix", "Vera",  "Hugo", "Elsa", "Oskar", "Rita", "Paul",
                             "Anna", "Karl", "Clara", "Emil",  "Greta", "Ivan",  "Lotte",  "Max",   "Olga",  "Peter", "Rosa", "Simon", "Tilda", "Viktor",
                             "Wanda", "Anton", "Berta", "Conrad", "Dora", "Edgar", "Frida", "Georg", "Hanna", "Julius", "Kira", "Leo"};
const Choices kLastNames = {"Venn", "Marsh", "Holt", "Reed", "Lund",  "Berg",  "Kahn",  "Voss", "Dahl",  "Frost", "Grove", "Hale",  "Irwin", "Joyce",
                            "Kemp", "Lang",  "Nash", "Orr",  "Pratt", "Quinn", "Ross",  "Sands", "Thorn", "Usher", "Vance", "Webb",  "Yates", "Abel",
                            "Blum", "Croft", "Drake", "Eliot", "Gray", "Hobbs", "Kerr",  "Lowe", "Munro", "Noel", "Pike",  "Shaw"};

}  // namespace

// Draws until there is something new.
template <class Draw>
std::string Draws::fresh(Draw draw) {
  for (int i = 0; i < kMaxDraws; ++i) {
    const std::string text = draw();
    if (in_split(text, config_.split) && taken_.insert(text).second) return text;
  }
  throw std::runtime_error("the tiny " + dataset_ + " has no names or pairs of words left for a context of " + std::to_string(length_) + " tokens; make it shorter");
}

void Draws::need(int64_t tokens) const {
  if (tokens <= length_) return;
  throw std::runtime_error("the tiny " + dataset_ + ": " + std::to_string(length_) + " tokens are too few for what is told in them, " + std::to_string(tokens) +
                           " tokens; raise min_tokens");
}

std::string Draws::person() {
  return fresh([&] { return one_of(kFirstNames) + " " + one_of(kLastNames); });
}

std::string Draws::pair(const std::string& between) {
  std::string words = fresh([&] { return adjectives()[random_.below(kAdjectives)] + " " + nouns()[random_.below(kNouns)]; });
  return words.replace(words.find(' '), 1, between);
}

std::string Draws::thing(const Choices& kinds) {
  return fresh([&] { return "the " + one_of(kLastNames) + " " + one_of(kinds); });
}

std::string Draws::first_name() { return one_of(kFirstNames); }

std::string Draws::sentence() {
  std::string text;
  do text = smooth::sentence(random_);
  while (!in_split(text, config_.split));
  return text;
}

std::vector<std::string> Draws::some_of(const Choices& choices, int64_t count) {
  std::vector<std::string> some;
  for (const int64_t i : random_.sample(static_cast<int64_t>(choices.size()), count)) some.emplace_back(choices[i]);
  return some;
}

}  // namespace smooth
