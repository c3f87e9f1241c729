#include "data/tiny/context.h"

#include <algorithm>
#include <numeric>

#include "data/tasks/tasks.h"

namespace smooth {
namespace {

// Shuffled, but for those with evidence, which keep their order among themselves.
std::vector<size_t> order_of(const std::vector<Unit>& told, Random& random) {
  std::vector<size_t> order(told.size()), evident;
  std::iota(order.begin(), order.end(), 0);
  for (const size_t i : order) {
    if (!told[i].evidence.empty()) evident.push_back(i);
  }
  random.shuffle(order);
  auto next = evident.begin();
  for (size_t& i : order) {
    if (!told[i].evidence.empty()) i = *next++;
  }
  return order;
}

}  // namespace

Unit evident(const std::string& text, const std::string& subject, const std::string& value) {
  return {text, {{0, static_cast<int64_t>(text.size()), subject, value}}};
}

Unit evident(const Told& told) { return evident(told.statement, told.clue, told.value); }

void append(const Unit& unit, TinyRecord& made) {
  const auto at = static_cast<int64_t>(made.record.context.size());
  made.record.context += unit.text;
  for (Evidence item : unit.evidence) {
    item.begin += at;
    item.end += at;
    made.evidence.push_back(item);
  }
}

void hide(const std::vector<Unit>& told, const Manner& manner, Draws& draws, TinyRecord& made) {
  const auto cost = [&](const Unit& unit) { return draws.tokens(manner.between + manner.head(10) + unit.text); };
  int64_t tokens = draws.tokens(made.record.context);
  for (const Unit& unit : told) tokens += cost(unit);
  draws.need(tokens);
  std::vector<Unit> others;
  while (true) {
    const Unit other{manner.filler(), {}};
    const int64_t next = cost(other);
    if (!has_room(tokens, next, draws.length())) break;
    tokens += next;
    others.push_back(other);
  }
  const auto all = static_cast<int64_t>(told.size() + others.size());
  std::vector<int64_t> places = draws.random().sample(all, static_cast<int64_t>(told.size()));
  std::sort(places.begin(), places.end());
  const std::vector<size_t> order = order_of(told, draws.random());
  for (int64_t i = 0, shown = 0; i < all; ++i) {
    const bool is_told = shown < std::ssize(places) && places[shown] == i;
    if (i > 0) made.record.context += manner.between;
    made.record.context += manner.head(static_cast<size_t>(i) + 1);
    append(is_told ? told[order[shown]] : others[i - shown], made);
    shown += is_told;
  }
}

}  // namespace smooth
