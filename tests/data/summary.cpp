// Summaries as the teacher formats them, and whatever a model may make of them.
#include "data/summary.h"

#include <catch2/catch.hpp>

#include "data/random.h"
#include "data/words.h"

using namespace smooth;

namespace {

std::string joined(const std::vector<std::string>& clues) {
  std::string text;
  for (const std::string& clue : clues) text += "[" + clue + "]";
  return text;
}

Summary random_summary(Random& random) {
  Summary summary;
  summary.target = "the special magic number for " + random.choice(adjectives()) + "-" + random.choice(nouns());
  for (int64_t n = random.randint(0, 4); n > 0; --n) {
    summary.clues.push_back(random.choice(nouns()) + " is: " + std::to_string(random.below(10000)) + ", 7");
  }
  if (random.below(4)) summary.reason = sentence(random);
  if (random.below(4) == 0) summary.reason += "\nSo far: no Target: was met, no Answer: either.";  // labels inside lines
  summary.stop = random.below(2) == 1;
  if (summary.stop) summary.answer = random.below(5) ? sentence(random) : "";
  return summary;
}

// A label or a marker, a piece of one, or anything.
std::string random_bytes(Random& random) {
  static const std::vector<std::string> parts = {"Target:", "Clues:", "Reason:", "Answer:", "<STOP>", "<CONTINUE>", "<STO",
                                                 "\n",      "; ",     " ",       "Answer",  ":",      "\t",         "<"};
  std::string text;
  for (int64_t n = random.randint(0, 12); n > 0; --n) {
    if (random.below(2))
      text += random.choice(parts);
    else
      text += static_cast<char>(random.below(256));
  }
  return text;
}

}  // namespace

TEST_CASE("a summary is written in four labelled parts with its marker at the end", "[cpu]") {
  Summary summary{.target = "a city", .clues = {"it has a port", "it is old"}, .reason = "two clues fit"};
  REQUIRE(format(summary) == "Target: a city\nClues: it has a port; it is old\nReason: two clues fit\n<CONTINUE>");
  summary.stop = true;
  summary.answer = "Genoa";
  REQUIRE(format(summary) == "Target: a city\nClues: it has a port; it is old\nReason: two clues fit\nAnswer: Genoa\n<STOP>");
}

TEST_CASE("a summary that was formatted is parsed to the same", "[cpu]") {
  Random random(11);
  int stops = 0, without_clues = 0;
  for (int i = 0; i < 2000; ++i) {
    const Summary summary = random_summary(random);
    const std::string text = format(summary);
    INFO("[" << text << "]");
    const Summary parsed = parse_summary(text);
    REQUIRE(parsed.well_formed);
    REQUIRE(parsed.target == summary.target);
    REQUIRE(joined(parsed.clues) == joined(summary.clues));
    REQUIRE(parsed.reason == summary.reason.substr(std::min(summary.reason.size(), summary.reason.find_first_not_of('\n'))));
    REQUIRE(parsed.stop == summary.stop);
    REQUIRE(parsed.answer == summary.answer);
    stops += summary.stop;
    without_clues += summary.clues.empty();
  }
  REQUIRE(stops > 500);
  REQUIRE(without_clues > 200);
}

TEST_CASE("blanks around parts, labels and the marker do not count", "[cpu]") {
  const Summary parsed = parse_summary("\n  Target:  a city \r\n\tClues: old ;  ; large \nReason:\n so it is\n\nAnswer:Genoa \n<STOP> \n");
  REQUIRE(parsed.well_formed);
  REQUIRE(parsed.target == "a city");
  REQUIRE(joined(parsed.clues) == "[old][large]");
  REQUIRE(parsed.reason == "so it is");
  REQUIRE(parsed.answer == "Genoa");
  REQUIRE(parsed.stop);
}

TEST_CASE("malformed summaries: what is there is found, what is not is empty", "[cpu]") {
  struct Case {
    std::string what, text, target, clues, reason, answer;
    bool stop;
  };
  const std::vector<Case> cases = {
      {"empty", "", "", "", "", "", false},
      {"blanks", " \n\t\n", "", "", "", "", false},
      {"a marker alone", "<CONTINUE>", "", "", "", "", false},
      {"<STOP> alone", "<STOP>", "", "", "", "", true},
      {"no label", "I do not know.\n<CONTINUE>", "", "", "", "", false},
      {"no target", "Clues: b\nReason: c\n<CONTINUE>", "", "[b]", "c", "", false},
      {"no clues", "Target: a\nReason: c\n<CONTINUE>", "a", "", "c", "", false},
      {"no reason", "Target: a\nClues: b\n<CONTINUE>", "a", "[b]", "", "", false},
      {"no reason, but an answer", "Target: a\nClues: b\nAnswer: d\n<STOP>", "a", "[b]", "", "d", true},
      {"no marker", "Target: a\nClues: b\nReason: c\n", "a", "[b]", "c", "", false},
      {"an answer without a marker", "Target: a\nClues: b\nReason: c\nAnswer: d", "a", "[b]", "c", "d", false},
      {"an answer that goes on", "Target: a\nClues: b\nReason: c\nAnswer: d\n<CONTINUE>", "a", "[b]", "c", "d", false},
      {"<STOP> without an answer", "Target: a\nClues: b\nReason: c\n<STOP>", "a", "[b]", "c", "", true},
      {"text behind the marker", "Target: a\nClues: b\nReason: c\nAnswer: d\n<STOP> e", "a", "[b]", "c", "d\n<STOP> e", false},
      {"cut off in the reason", "Target: a\nClues: b; b2\nReason: c and", "a", "[b][b2]", "c and", "", false},
      {"cut off in a label", "Target: a\nClues: b\nReas", "a", "[b\nReas]", "", "", false},
      {"cut off in the marker", "Target: a\nClues: b\nReason: c\n<CONTIN", "a", "[b]", "c\n<CONTIN", "", false},
      {"out of order", "Clues: b\nTarget: a\nReason: c\n<CONTINUE>", "a", "[b]", "c", "", false},
      {"reason before clues", "Target: a\nReason: c\nClues: b\n<CONTINUE>", "a", "[b]", "c", "", false},
      {"answer first", "Answer: d\nTarget: a\nClues: b\nReason: c\n<STOP>", "a", "[b]", "c", "d", true},
      {"labels in one line", "Target: a Clues: b Reason: c\n<CONTINUE>", "a Clues: b Reason: c", "", "", "", false},
      {"labels in another case", "target: a\nclues: b\nreason: c\n<CONTINUE>", "", "", "", "", false},
  };
  for (const Case& one : cases) {
    INFO(one.what);
    const Summary parsed = parse_summary(one.text);
    CHECK_FALSE(parsed.well_formed);
    CHECK(parsed.target == one.target);
    CHECK(joined(parsed.clues) == one.clues);
    CHECK(parsed.reason == one.reason);
    CHECK(parsed.answer == one.answer);
    CHECK(parsed.stop == one.stop);
  }
}

TEST_CASE("a doubled part or marker is not well formed, and one of the two is taken", "[cpu]") {
  const std::vector<std::string> lines = {"Target: a", "Clues: a", "Reason: a", "Answer: a", "<STOP>"};
  REQUIRE(parse_summary("Target: a\nClues: a\nReason: a\nAnswer: a\n<STOP>").well_formed);
  for (size_t doubled = 0; doubled < lines.size(); ++doubled) {
    for (const bool apart : {false, true}) {
      std::string text;
      for (size_t i = 0; i < lines.size(); ++i) {
        text += lines[i] + "\n";
        if (i == doubled && !apart) text += (i < 4 ? lines[i] + "2" : lines[i]) + "\n";
      }
      if (apart) text = (doubled < 4 ? lines[doubled] + "2" : lines[doubled]) + "\n" + text;
      INFO("[" << text << "]");
      const Summary parsed = parse_summary(text);
      CHECK_FALSE(parsed.well_formed);
      CHECK(parsed.stop);
      if (doubled == 4) continue;
      const std::string part = doubled == 0 ? parsed.target : doubled == 1 ? parsed.clues.at(0) : doubled == 2 ? parsed.reason : parsed.answer;
      CHECK((part == "a" || part == "a2"));
    }
  }
  const std::string head = "Target: a\nClues: b\nReason: c\nAnswer: d\n";
  CHECK_FALSE(parse_summary(head + "<CONTINUE>\n<STOP>").well_formed);
  CHECK_FALSE(parse_summary(head + "<STOP>\n<CONTINUE>").well_formed);
  CHECK_FALSE(parse_summary(head + "<STOP>\n<CONTINUE>").stop);
}

TEST_CASE("any bytes are parsed, and nothing is final without <STOP> at the end", "[cpu]") {
  Random random(12);
  int stops = 0, answers = 0, well_formed = 0;
  for (int i = 0; i < 100000; ++i) {
    const std::string text = random_bytes(random);
    const Summary parsed = parse_summary(text);
    const size_t last = text.find_last_not_of(" \t\r\n");
    const bool ends_in_stop = last != std::string::npos && text.substr(0, last + 1).ends_with("<STOP>");
    if (parsed.stop != ends_in_stop) FAIL("[" << text << "] stops: " << parsed.stop);
    if (!parsed.answer.empty() && text.find("Answer:") == std::string::npos) FAIL("[" << text << "] has an answer");
    stops += parsed.stop;
    answers += !parsed.answer.empty();
    well_formed += parsed.well_formed;
  }
  REQUIRE(stops > 1000);
  REQUIRE(answers > 1000);
  REQUIRE(well_formed < 100);
}
