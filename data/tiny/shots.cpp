// Few-shot tasks: examples, and a last one that is to be done as they are. What a thing's type is, one or two examples say; what triviaqa and
// samsum ask is in the last example itself.
#include "data/tiny/facts.h"
#include "data/tiny/makers.h"

namespace smooth {
namespace {

const Choices kAskings = {"What is", "Where is", "Who has", "Which is"};
const Choices kTypes = {"human", "animal", "plant", "place", "number", "object", "event", "idea"};
const Choices kDeeds = {"brings", "sends", "lends", "shows", "sells", "owes"};
const Choices kReplies = {"All right.", "Very well.", "I agree.", "So be it."};

std::string type(std::string_view name) { return "the " + std::string(name) + " kind"; }

// "Question: What is the red fox?\nType: the animal kind"
Told type_of(const std::string& thing, const std::string& its, Draws& draws) {
  return {"Question: " + draws.one_of(kAskings) + " " + thing + "?\nType: " + its, thing + "? / Type:", its};
}

}  // namespace

void make_types(Draws& draws, TinyRecord& made) {
  const std::string thing = "the " + draws.pair(), its = type(draws.one_of(kTypes));
  made.record.input = "Question: Name " + thing + "\nType:";
  made.record.answers = {its};
  for (const std::string_view name : kTypes) made.record.classes.push_back(type(name));
  made.subject = "the Type of " + thing;
  // The second says nothing new: its evidence only keeps it behind the first.
  const std::vector<Unit> shots = {evident(type_of(thing, its, draws)), evident(type_of(thing, its, draws).statement, "", "")};
  hide(shots, {.filler = [&] { return told_type(draws).statement; }, .between = "\n"}, draws, made);
  made.evidence.pop_back();
}

// "Passage:\nOne sentence. The trade of Mara Venn is still the red fox.\nQuestion:\nWhat is the trade of Mara Venn?\nAnswer:\nthe red fox.\n"
void make_trivia(Draws& draws, TinyRecord& made) {
  const Topic& topic = topic_of("triviaqa", draws);
  const auto fact = [&] { return fact_of(draws.one_of(topic.attributes), subject_of(topic, draws), draws); };
  const auto asked = [&](const Fact& of) { return "Passage:\n" + draws.sentence() + " " + of.statement() + "\nQuestion:\n" + of.question() + "\nAnswer:\n"; };
  const auto example = [&] {
    const Fact other = fact();
    return asked(other) + other.value + ".\n";
  };
  const Fact own = fact();
  made.record.input = asked(own);
  made.record.answers = {own.value + "."};
  made.subject = own.subject;
  made.evidence = {own.evidence(0, 0)};
  hide({}, {.filler = example, .between = ""}, draws, made);
}

// "Dialogue: Mara Venn: So Olin brings the red fox to Lena.\r\nLena: All right.\nSummary: So Olin brings the red fox to Lena.\n"
void make_dialogues(Draws& draws, TinyRecord& made) {
  struct Talk {
    std::string speaker, said, reply;
    std::string asked() const { return "Dialogue: " + speaker + ": " + said + "\r\n" + reply + "\nSummary: "; }
  };
  const auto talk = [&] {
    const std::string speaker = draws.person(), giver = draws.first_name(), taker = draws.first_name();
    return Talk{speaker, "So " + giver + " " + draws.one_of(kDeeds) + " the " + draws.pair() + " to " + taker + ".", taker + ": " + draws.one_of(kReplies)};
  };
  const auto example = [&] {
    const Talk other = talk();
    return other.asked() + other.said + "\n";
  };
  const Talk own = talk();
  made.record.input = own.asked();
  made.record.answers = {own.said};
  made.subject = "what " + own.speaker + " said";
  made.evidence = {{0, 0, own.speaker + ":", own.said.substr(0, own.said.size() - 1)}};
  hide({}, {.filler = example, .between = ""}, draws, made);
}

Told told_type(Draws& draws) { return type_of("the " + draws.pair(), type(draws.one_of(kTypes)), draws); }

}  // namespace smooth
