// Numbered paragraphs, each of which its first words tell from all others: how many different ones there are, and which one it is.
#include <algorithm>

#include "data/chunker.h"
#include "data/tasks/tasks.h"
#include "data/tiny/context.h"
#include "data/tiny/makers.h"

namespace smooth {
namespace {

constexpr int64_t kFewest = 2, kMost = 6;              // different ones to count
constexpr int64_t kRoom = 80;                          // tokens of the context for each of them, at least
constexpr int64_t kCountTokens = 36;                   // a paragraph to be counted, estimated: one to a chunk of 64
constexpr int64_t kRetrieved = 30, kLeastTokens = 20;  // paragraphs to choose from, fewer where they would be shorter than this

// "the red fox is here in Paragraph 3"
Told place_of(const std::string& words, const std::string& which) { return {words + " is here in " + which, words + " is here in", which}; }

std::string head(size_t n) { return "Paragraph " + std::to_string(n) + ": "; }

}  // namespace

void make_count(Draws& draws, TinyRecord& made) {
  struct Paragraph {
    std::string first_words, text;
  };
  const auto paragraph = [&] {
    const std::string words = draws.pair();
    std::string text = "the " + words + ".";
    while (estimated_tokens(text) < kCountTokens) text += " " + draws.sentence();
    return Paragraph{words, text};
  };
  std::vector<Paragraph> different;
  const int64_t most = std::clamp(draws.length() / kRoom, kFewest, kMost);
  for (int64_t left = draws.random().randint(kFewest, most); left > 0; --left) different.push_back(paragraph());
  std::vector<size_t> order;
  int64_t tokens = 0;
  const auto cost = [&](size_t which) { return draws.tokens("\n\n" + head(10) + different[which].text); };
  while (order.size() < different.size()) {
    tokens += cost(order.size());
    order.push_back(order.size());
  }
  draws.need(tokens);
  while (true) {
    const size_t again = draws.random().below(different.size());
    if (!has_room(tokens, cost(again), draws.length())) break;
    tokens += cost(again);
    order.push_back(again);
  }
  draws.random().shuffle(order);
  for (size_t i = 0; i < order.size(); ++i) {
    const Paragraph& which = different[order[i]];
    const std::string number = std::to_string(i + 1), begins = head(i + 1);
    const auto end = static_cast<int64_t>(begins.size() + std::string("the ").size() + which.first_words.size());
    if (i > 0) made.record.context += "\n\n";
    append({begins + which.text, {{0, end, which.first_words, number}}}, made);
  }
  made.record.answers = {std::to_string(different.size())};
  made.subject = "the number of different paragraphs";
}

void make_retrieval(Draws& draws, TinyRecord& made) {
  const int64_t count = std::clamp(draws.length() / kLeastTokens, int64_t{2}, kRetrieved);
  const auto sought = static_cast<int64_t>(draws.random().below(count));
  int64_t tokens = 0;
  for (int64_t i = 0; i < count; ++i) {
    const std::string words = "the " + draws.pair(), which = "Paragraph " + std::to_string(i + 1);
    const Told place = place_of(words, which);
    const std::string fact = head(i + 1) + place.statement;
    std::string text = fact + ".";
    // Each as long as brings all together to the length.
    while (tokens + draws.tokens(text) < draws.length() * (i + 1) / count) text += " " + draws.sentence();
    tokens += draws.tokens("\n\n" + text);
    if (i > 0) made.record.context += "\n\n";
    if (i != sought) {
      append({text, {}}, made);
      continue;
    }
    made.record.input = words;
    made.record.answers = {which};
    made.subject = "the paragraph of " + words;
    append({text, {{0, std::ssize(fact), place.clue, place.value}}}, made);
  }
}

Told told_place(Draws& draws) {
  Told place = place_of("the " + draws.pair(), "Paragraph " + std::to_string(draws.random().randint(1, kRetrieved)));
  place.statement = place.value + ": " + place.statement + ".";
  return place;
}

}  // namespace smooth
