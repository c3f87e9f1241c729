// Drills for base models: things as a task tells them stand in a text and are asked for one after another, by what stands before their
// values. A quarter of them are not there, and still unknown.
#include <functional>

#include "data/tiny/makers.h"

namespace smooth {
namespace {

// All of one kind, so that they differ in what they are called alone.
std::function<Told()> teller(Draws& draws) {
  switch (draws.random().below(5)) {
    case 0: return [&draws, &topic = any_topic(draws)] { return told_fact(topic, draws); };
    case 1: return [&draws, &topic = topic_of(draws.one_of({"hotpotqa", "2wikimqa", "musique"}), draws)] { return told_link(topic, draws); };
    case 2: return [&draws] { return told_type(draws); };
    case 3: return [&draws] { return told_place(draws); };
    default: return [&draws] { return told_variable(draws); };
  }
}

}  // namespace

void make_drill(int64_t count, Draws& draws, TinyRecord& made) {
  const std::function<Told()> next = teller(draws);
  std::vector<Unit> told;
  std::string answer;
  for (int64_t i = 0; i < count; ++i) {
    const Told one = next();
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
