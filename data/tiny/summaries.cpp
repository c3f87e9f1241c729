// Summaries: three sentences of a long text say what it comes to, "First, ...", "Second, ..." and "Third, ..."; they are the summary.
#include "data/tiny/context.h"
#include "data/tiny/makers.h"

namespace smooth {
namespace {

const Choices kOrdinals = {"First,", "Second,", "Third,"};
const Choices kDuties = {"repair", "survey", "insure", "audit", "license", "fund"};  // of an agency
const Choices kEvents = {"thieves took", "crowds saw", "voters chose", "storms hit", "firemen saved", "prices sank"};

std::vector<Unit> findings(const Choices& verbs, Draws& draws, TinyRecord& made) {
  std::vector<Unit> units;
  std::string summary;
  for (const std::string_view ordinal : kOrdinals) {
    const std::string finding = draws.one_of(verbs) + " the " + draws.pair();
    const std::string text = std::string(ordinal) + " " + finding + ".";
    units.push_back(evident(text, std::string(ordinal), finding));
    summary += (summary.empty() ? "" : " ") + text;
  }
  made.record.answers = {summary};
  made.subject = "the summary";
  return units;
}

const Choices& kinds(const Choices& own, const Choices& kin, Draws& draws) { return draws.kin() && draws.random().below(2) == 0 ? kin : own; }

}  // namespace

void make_report(Draws& draws, TinyRecord& made) {
  const std::vector<Unit> units = findings(kinds(kDuties, kEvents, draws), draws, made);
  hide(units, {.filler = [&] { return draws.sentence(); }, .between = " "}, draws, made);
}

void make_news(Draws& draws, TinyRecord& made) {
  std::vector<Unit> articles;
  for (const Unit& finding : findings(kinds(kEvents, kDuties, draws), draws, made)) {
    const std::string before = draws.sentence() + " ";
    Evidence item = finding.evidence[0];
    item.begin += std::ssize(before);
    item.end += std::ssize(before);
    articles.push_back({before + finding.text, {item}});
  }
  hide(articles, {.filler = [&] { return draws.sentence() + " " + draws.sentence(); }, .between = "\n", .head = [](size_t n) { return "Passage " + std::to_string(n) + ":\n"; }},
       draws, made);
}

}  // namespace smooth
