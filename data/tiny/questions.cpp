// Question answering: one fact in a story, two in passages of which the first names whom the second is about, one in a meeting. Beside what is
// asked stand facts of the same kind of others, and others of the same.
#include "data/tiny/facts.h"
#include "data/tiny/makers.h"

namespace smooth {
namespace {

const Choices kMatters = {"plan", "budget", "motion", "order"};
const Choices kDeeds = {"sell", "hide", "weigh", "paint", "praise", "trade", "lend", "store"};

void ask(const Fact& fact, TinyRecord& made) {
  made.record.input = fact.question();
  made.record.answers = {fact.value + "."};
  made.subject = fact.subject;
}

Unit told(const Fact& fact) { return {fact.statement(), {}}; }

Unit sought(const Fact& fact) { return evident(fact.statement(), fact.clue(), fact.value); }

// "The mentor of Mara Venn is called Olin Holt."
Told link_of(const std::string& bridge, const std::string& person) { return {"The" + bridge.substr(3) + " is called " + person + ".", bridge + " is called", person}; }

// "TITLE\nThe fact." as one unit, with the fact's evidence where it stands.
Unit passage(const std::string& title, const Unit& fact) {
  Unit unit{title + "\n", {}};
  for (Evidence item : fact.evidence) {
    item.begin += std::ssize(unit.text);
    item.end += std::ssize(unit.text);
    unit.evidence.push_back(item);
  }
  unit.text += fact.text;
  return unit;
}

Manner in_passages(Draws& draws) {
  return {.filler = [&] { return draws.person() + "\n" + draws.sentence() + " " + draws.sentence(); },
          .between = "\n",
          .head = [](size_t n) { return "Passage " + std::to_string(n) + ":\n"; }};
}

}  // namespace

void make_question(const std::string& dataset, Draws& draws, TinyRecord& made) {
  const Topic& topic = topic_of(dataset, draws);
  const std::vector<std::string> attributes = draws.some_of(topic.attributes, 2);
  const std::string subject = subject_of(topic, draws), other = subject_of(topic, draws);
  const Fact asked = fact_of(attributes[0], subject, draws);
  ask(asked, made);
  const std::vector<Unit> facts = {sought(asked), told(fact_of(attributes[1], subject, draws)), told(fact_of(attributes[0], other, draws)),
                                   told(fact_of(attributes[1], other, draws))};
  hide(facts, {.filler = [&] { return draws.sentence(); }, .between = " "}, draws, made);
}

// "What is the home of the mentor of Mara Venn?" The mentor's name is the bridge.
void make_two_hops(const std::string& dataset, Draws& draws, TinyRecord& made) {
  const Topic& topic = topic_of(dataset, draws);
  const std::string relation = draws.one_of(topic.relations), attribute = draws.one_of(topic.attributes);
  const auto hops = [&](bool asked) {
    const std::string subject = subject_of(topic, draws), person = draws.person();
    const std::string bridge = "the " + relation + " of " + subject;
    const Fact fact = fact_of(attribute, person, draws);
    if (asked) ask({"the " + attribute + " of " + bridge, fact.value}, made);
    const Told link = link_of(bridge, person);
    return std::vector<Unit>{passage(subject, asked ? evident(link) : Unit{link.statement, {}}),
                             passage(person, asked ? sought(fact) : told(fact))};
  };
  std::vector<Unit> passages = hops(true);
  for (const Unit& other : hops(false)) passages.push_back(other);
  hide(passages, in_passages(draws), draws, made);
}

// "Mara: The plan for the red fox is still to sell the blue bear."
void make_meeting(Draws& draws, TinyRecord& made) {
  const auto line = [&](Unit said) {
    const std::string speaker = draws.first_name() + ": ";
    said.text = speaker + said.text;
    for (Evidence& item : said.evidence) item.end += std::ssize(speaker);
    return said;
  };
  const auto decision = [&](const std::string& matter, const std::string& of) { return Fact{"the " + matter + " for " + of, "to " + draws.one_of(kDeeds) + " the " + draws.pair()}; };
  const std::vector<std::string> matters = draws.some_of(kMatters, 2);
  const std::string of = "the " + draws.pair(), other = "the " + draws.pair();
  const Fact asked = decision(matters[0], of);
  ask(asked, made);
  const std::vector<Unit> said = {line(sought(asked)), line(told(decision(matters[1], of))), line(told(decision(matters[0], other)))};
  hide(said, {.filler = [&] { return line({draws.sentence(), {}}).text; }, .between = "\n"}, draws, made);
}

Told told_fact(const Topic& topic, Draws& draws) {
  const Fact fact = fact_of(draws.one_of(topic.attributes), subject_of(topic, draws), draws);
  return {fact.statement(), fact.clue(), fact.value};
}

Told told_link(const Topic& topic, Draws& draws) {
  return link_of("the " + draws.one_of(topic.relations) + " of " + subject_of(topic, draws), draws.person());
}

}  // namespace smooth
