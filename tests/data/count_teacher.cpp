// The rule teacher of passage count: it counts what has begun, and knows a paragraph from where its words tell it from others.
#include <catch2/catch.hpp>

#include <set>

#include "data/tasks/tasks.h"
#include "data/teachers/rules.h"
#include "tests/configs/folder.h"

using namespace smooth;

namespace {

Task small() {
  Task task;
  task.metric = "count";
  task.subject = "the number of different paragraphs";
  task.context = "Paragraph 1: aa bb cc\n\nParagraph 2: dd ee ff\n\nParagraph 3: aa bb cc";
  task.evidence = {{0, 18, "aa bb", "1"}, {23, 41, "dd ee", "2"}, {46, 64, "aa bb", "3"}};
  task.early_stop = false;
  return task;
}

}  // namespace

TEST_CASE("the count teacher's words", "[cpu][sources]") {
  const Task task = small();
  CountTeacher teacher(task);
  const std::string head = "Target: the number of different paragraphs\nClues: ";
  REQUIRE(teacher.write({.begin = 0, .end = 17}) == head + "0 different paragraphs so far.\nReason: no paragraph begins in this text\n<CONTINUE>");
  REQUIRE(teacher.write({.begin = 17, .end = 45}) ==
          head + "2 different paragraphs so far; 1. aa bb; 2. dd ee.\nReason: Paragraph 1 is new, Paragraph 2 is new\n<CONTINUE>");
  REQUIRE(teacher.write({.last = true, .begin = 45, .end = 68}) ==
          head + "2 different paragraphs so far; 1. aa bb; 2. dd ee.\nReason: Paragraph 3 is the same as 1\nAnswer: 2\n<STOP>");
  REQUIRE(teacher.write({.one_step = true}) == "2");
  Task may_stop = task;
  may_stop.early_stop = true;
  REQUIRE(parse_summary(CountTeacher(may_stop).write({.begin = 45, .end = 64})).stop);
  REQUIRE_FALSE(parse_summary(CountTeacher(may_stop).write({.begin = 45, .end = 63})).stop);
  REQUIRE_FALSE(parse_summary(CountTeacher(may_stop).write({.may_stop = false, .begin = 45, .end = 64})).stop);
}

TEST_CASE("the count teacher is right in every mode and chunk size", "[cpu][sources]") {
  const TestFolder folder;
  std::string passages;
  for (int i = 0; i < 80; ++i) {
    passages += R"({"text": "A common beginning: all; but number )" + std::to_string(i) + R"( goes on. It is told here, <STOP> or not. And so on, word by word, until it ends (at last)."})" "\n";
  }
  SourceConfig config;
  config.path = folder.file("a.jsonl", passages);
  config.mean_tokens = 9000;
  const auto tasks = load_tasks("passage-count", config);
  int64_t summaries = 0, cut = 0;
  for (int64_t i = 0; i < 6; ++i) {
    const Task task = tasks->task(3, i);
    const auto teacher = rule_teacher(task);
    for (const Mode mode : {Mode::kSmooth, Mode::kUnsmooth, Mode::kOneStep}) {
      for (const int64_t chunk : {10, 40, 300}) {
        const Transcript transcript = read(task, {.mode = mode, .chunk = chunk, .early_stop = false}, *teacher);
        REQUIRE(transcript.answer == task.answers[0]);
        if (mode == Mode::kOneStep) continue;
        for (const Exchange& exchange : transcript.exchanges) {
          const Summary summary = parse_summary(exchange.written);
          INFO(exchange.written);
          REQUIRE(summary.well_formed);
          REQUIRE(format(summary) == exchange.written);
          std::set<std::string> begun;
          for (const Evidence& item : task.evidence) {
            if (item.end <= exchange.end) begun.insert(item.subject);
            cut += item.begin < exchange.end && item.end > exchange.end;
          }
          REQUIRE(summary.clues.size() == begun.size() + 1);
          REQUIRE(summary.clues[0].starts_with(std::to_string(begun.size()) + " different"));
          ++summaries;
        }
      }
    }
  }
  REQUIRE(summaries > 500);
  REQUIRE(cut > 50);
}

TEST_CASE("each task has its teacher", "[cpu][sources]") {
  const Task count = small();
  REQUIRE(rule_teacher(count)->write({.one_step = true}) == "2");
  Task needle;
  needle.metric = "string-match";
  needle.evidence = {{0, 5, "the number", "7"}};
  REQUIRE(rule_teacher(needle)->write({.one_step = true}) == "The number is: 7.");
}
