// Drills for base models: things as the tasks tell them stand in a text and are asked for one after another, by what stands before their
// values. A quarter of them are not there, and still unknown.
#include <array>

#include "data/tiny/makers.h"

namespace smooth {
namespace {

Told any(Draws& draws) {
  constexpr auto kinds = std::to_array({told_fact, told_link, told_type, told_place, told_variable});
  return kinds[draws.random().below(kinds.size())](draws);
}

}  // namespace

void make_drill(int64_t count, Draws& draws, TinyRecord& made) {
  std::vector<Unit> told;
  std::string answer;
  for (int64_t i = 0; i < count; ++i) {
    const Told one = any(draws);
    const bool shown = draws.random().below(4) > 0;
    if (shown) told.push_back({one.statement, {}});
    const std::string between = i == 0 ? "" : "; ";
    made.record.input += between + one.clue;
    answer += between + one.clue + " " + (shown ? one.value : "unknown");
  }
  made.record.answers = {answer + "."};
  made.subject = "what is asked for";
  hide(told, {.filler = [&] { return draws.sentence(); }, .between = "\n"}, draws, made);
}

}  // namespace smooth
