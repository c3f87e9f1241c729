// The rule teacher on needles: it knows a value exactly from where its sentence ends, and its answers score 1.
#include "data/teachers/rules.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "data/niah.h"
#include "data/scores/metrics.h"
#include "tests/data/bytes.h"

using namespace smooth;
using Catch::Matchers::Contains;

namespace {

struct Needles {
  int64_t keys, values, queries;
  std::string key_type, value_type, haystack;
};

// k, v and q apart and together, each type, each kind of haystack that needs no file.
const std::vector<Needles> kNeedles = {
    {1, 1, 1, "words", "numbers", "sentences"}, {4, 1, 1, "words", "numbers", "sentences"}, {4, 4, 1, "words", "numbers", "sentences"},
    {4, 1, 4, "words", "numbers", "sentences"}, {5, 4, 4, "words", "numbers", "sentences"}, {3, 2, 2, "uuids", "uuids", "sentences"},
    {2, 2, 2, "numbers", "words", "noise"},     {3, 1, 2, "words", "numbers", "needle"},
};

Task task_of(const Needles& needles, int64_t index, bool early_stop) {
  static const auto tokenizer = std::make_shared<ByteTokenizer>(std::vector<std::string>());
  NiahConfig config;
  config.keys = needles.keys;
  config.values = needles.values;
  config.queries = needles.queries;
  config.key_type = needles.key_type;
  config.value_type = needles.value_type;
  config.haystack = needles.haystack;
  config.digits = 5;
  Task task = Niah(config, tokenizer).task(9, 2800, index);
  task.early_stop = early_stop;
  return task;
}

// Which evidence a summary knows: the values that stand in its subject's clue.
std::set<std::string> known_values(const Summary& summary) {
  std::set<std::string> values;
  for (const std::string& clue : summary.clues) {
    const std::string all = clue.substr(clue.find(" is: ") + 5);
    for (size_t begin = 0; begin < all.size();) {
      const size_t end = std::min(all.find(", ", begin), all.size());
      values.insert(all.substr(begin, end - begin));
      begin = end + 2;
    }
  }
  return values;
}

std::set<std::string> subjects_of(const Task& task) {
  std::set<std::string> subjects;
  for (const Evidence& item : task.evidence) subjects.insert(item.subject);
  return subjects;
}

void check_summary(const Task& task, const Exchange& exchange, bool written_at_all) {
  Summary summary = parse_summary(exchange.written);
  INFO("[" << exchange.written << "]");
  REQUIRE(summary.well_formed);
  REQUIRE(format(summary) == exchange.written);
  REQUIRE(summary.clues.back().ends_with('.'));
  summary.clues.back().pop_back();
  REQUIRE(summary.target == task.subject);

  std::set<std::string> expected;
  bool fresh = false;
  for (const std::string& subject : subjects_of(task)) {
    std::string values;
    for (const Evidence& item : task.evidence) {
      if (item.subject != subject || item.end > exchange.end) continue;
      values += (values.empty() ? "" : ", ") + item.value;
      expected.insert(item.value);
      fresh = fresh || item.end > exchange.begin;
    }
    if (values.empty()) expected.insert("unknown");
    REQUIRE(std::count(summary.clues.begin(), summary.clues.end(), subject + " is: " + (values.empty() ? "unknown" : values)) == 1);
  }
  REQUIRE(summary.clues.size() == subjects_of(task).size());
  REQUIRE(known_values(summary) == expected);
  const bool any = expected.size() > expected.count("unknown");
  REQUIRE(summary.reason == (fresh ? "found in this text" : any ? "found before" : "not in this text"));
  REQUIRE(summary.stop == written_at_all);
}

int64_t last_end(const Task& task) {
  int64_t end = 0;
  for (const Evidence& item : task.evidence) end = std::max(end, item.end);
  return end;
}

}  // namespace

TEST_CASE("every summary is well formed and knows exactly what has been read to its end", "[cpu]") {
  int cut_by_a_border = 0, summaries = 0;
  for (const Needles& needles : kNeedles) {
    for (const bool early_stop : {false, true}) {
      for (int64_t index = 0; index < 2; ++index) {
        const Task task = task_of(needles, index, early_stop);
        for (const int64_t chunk : {6, 25, 90, 100000}) {
          REQUIRE(static_cast<int64_t>(task.evidence.size()) == needles.values * needles.queries);
          for (const Mode mode : {Mode::kSmooth, Mode::kUnsmooth}) {
            INFO("k " << needles.keys << " v " << needles.values << " q " << needles.queries << ", chunk " << chunk << ", " << mode_name(mode));
            RuleTeacher teacher(task);
            const Transcript transcript = read(task, {.mode = mode, .chunk = chunk, .early_stop = early_stop}, teacher);
            for (const Exchange& exchange : transcript.exchanges) {
              check_summary(task, exchange, &exchange == &transcript.exchanges.back());
              ++summaries;
              for (const Evidence& item : task.evidence) cut_by_a_border += item.begin < exchange.end && item.end > exchange.end;
            }
            // NIAH-A reads on to the end; NIAH-B stops where the evidence is complete, no chunk earlier or later.
            const Exchange& last = transcript.exchanges.back();
            if (!early_stop) REQUIRE(last.end == static_cast<int64_t>(task.context.size()));
            if (early_stop) REQUIRE((last.begin < last_end(task) && last_end(task) <= last.end));
            REQUIRE(string_match_all(transcript.answer, task.answers) == 1);
          }
        }
      }
    }
  }
  REQUIRE(cut_by_a_border > 50);
  REQUIRE(summaries > 2000);
}

TEST_CASE("early stopping needs the task, the turn and the evidence to allow it", "[cpu]") {
  const Task may = task_of(kNeedles[1], 0, true), must_not = task_of(kNeedles[1], 0, false);
  const auto stops = [](const Task& task, const Turn& turn) { return parse_summary(RuleTeacher(task).write(turn)).stop; };
  const int64_t end = last_end(may);
  REQUIRE(stops(may, {.may_stop = true, .begin = 0, .end = end}));
  REQUIRE_FALSE(stops(may, {.may_stop = true, .begin = 0, .end = end - 1}));
  REQUIRE_FALSE(stops(may, {.may_stop = false, .begin = 0, .end = end}));
  REQUIRE_FALSE(stops(must_not, {.may_stop = true, .begin = 0, .end = end}));
  REQUIRE(stops(must_not, {.may_stop = true, .last = true, .begin = 0, .end = end}));
}

TEST_CASE("one-step answers state every value and score 1, and values of others do not", "[cpu]") {
  for (const Needles& needles : kNeedles) {
    for (int64_t index = 0; index < 5; ++index) {
      const Task task = task_of(needles, index, false);
      RuleTeacher teacher(task);
      const Transcript transcript = read(task, {.mode = Mode::kOneStep}, teacher);
      INFO(transcript.answer);
      REQUIRE(string_match_all(transcript.answer, task.answers) == 1);
      REQUIRE(transcript.answer.starts_with("The special magic "));
      REQUIRE(transcript.answer.ends_with("."));
      REQUIRE(string_match_all(transcript.answer, task_of(needles, index + 5, false).answers) == 0);
      for (const std::string& subject : subjects_of(task)) REQUIRE_THAT(transcript.answer, Contains(subject.substr(1) + " is: "));
    }
  }
}

// One evidence, spelled out.
TEST_CASE("the teacher's words", "[cpu]") {
  Task task;
  task.subject = "the special magic numbers for red-cat, and tall-hat";
  task.evidence = {{10, 20, "the special magic number for tall-hat", "11"},
                   {40, 50, "the special magic number for tall-hat", "22"},
                   {25, 35, "the special magic number for red-cat", "33"}};
  RuleTeacher teacher(task);
  const std::string head = "Target: the special magic numbers for red-cat, and tall-hat\nClues: the special magic number for ";
  REQUIRE(teacher.write({.begin = 0, .end = 19}) ==
          head + "tall-hat is: unknown; the special magic number for red-cat is: unknown.\nReason: not in this text\n<CONTINUE>");
  REQUIRE(teacher.write({.begin = 19, .end = 20}) ==
          head + "tall-hat is: 11; the special magic number for red-cat is: unknown.\nReason: found in this text\n<CONTINUE>");
  REQUIRE(teacher.write({.begin = 20, .end = 24}) ==
          head + "tall-hat is: 11; the special magic number for red-cat is: unknown.\nReason: found before\n<CONTINUE>");
  const std::string answer = "The special magic number for tall-hat is: 11, 22; the special magic number for red-cat is: 33.";
  REQUIRE(teacher.write({.begin = 24, .end = 50}) ==
          head + "tall-hat is: 11, 22; the special magic number for red-cat is: 33.\nReason: found in this text\nAnswer: " + answer + "\n<STOP>");
  REQUIRE(teacher.write({.one_step = true}) == answer);
}
