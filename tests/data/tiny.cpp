// The tiny LongBench: records that LongBench's own reader takes, answers that its metrics give full marks, a teacher that is right in every
// reading, and two splits that do not meet.
#include "data/tiny/tiny.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "configs/run.h"
#include "data/chunker.h"
#include "data/reading.h"
#include "data/scores/longbench.h"
#include "data/tasks/longbench.h"
#include "data/teachers/rules.h"
#include "data/tiny/benchmark.h"
#include "data/words.h"
#include "tests/configs/folder.h"
#include "tests/data/bytes.h"

using namespace smooth;
using Catch::Matchers::Contains;

namespace {

const ByteTokenizer kBytes({});

TinyRecord record_of(const std::string& dataset, int64_t index, const TinyConfig& config = {}, int64_t length = 2500) {
  Random random(7, dataset + std::to_string(index));
  return tiny_record(dataset, config, kBytes, length, random);
}

double score_of(const std::string& dataset, const std::string& answer, const LongBenchRecord& record) {
  return longbench_score(*find_longbench_task(dataset), answer, record.answers, record.classes, "difflib");
}

constexpr double kFull = 0.99999;  // ROUGE-L of a text with itself is 2 / (2 + 1e-8)

std::vector<std::string> split(const std::string& text, const std::string& marks) {
  std::vector<std::string> words = {""};
  for (const char c : text) {
    if (marks.find(c) == std::string::npos) {
      words.back() += c;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  return words;
}

// Pairs of an adjective and a noun, however they are joined, persons and things: what subjects and values are made of. And sentences.
std::set<std::string> told_in(const LongBenchRecord& record) {
  const std::set<std::string> first(adjectives().begin(), adjectives().end()), second(nouns().begin(), nouns().end());
  const std::vector<std::string> words = split(record.context + "\n" + record.input, " \n_+.,?;:()/\r");
  std::set<std::string> told;
  const auto capital = [](const std::string& word) { return !word.empty() && word[0] >= 'A' && word[0] <= 'Z'; };
  for (size_t i = 0; i + 2 < words.size(); ++i) {
    if (first.contains(words[i]) && second.contains(words[i + 1])) told.insert(words[i] + " " + words[i + 1]);
    if (words[i] == "of" && capital(words[i + 1])) told.insert(words[i + 1] + " " + words[i + 2]);
    if (words[i] == "the" && capital(words[i + 1])) told.insert("the " + words[i + 1] + " " + words[i + 2]);
  }
  for (const std::string& sentence : split(record.context, ".\n")) {
    if (std::count(sentence.begin(), sentence.end(), ' ') > 5) told.insert(sentence);
  }
  return told;
}

}  // namespace

TEST_CASE("a tiny record is one of LongBench's, told and laid out as its task is", "[cpu][tiny]") {
  const TestFolder folder;
  for (const LongBenchTask& known : longbench_tasks()) {
    INFO(known.name);
    std::string lines;
    std::vector<LongBenchRecord> made;
    for (int64_t i = 0; i < 20; ++i) {
      made.push_back(record_of(known.name, i).record);
      lines += to_json(known.name, made.back()) + "\n";
    }
    folder.file(std::string(known.name) + ".jsonl", lines);
    const std::vector<LongBenchRecord> read = read_longbench(folder.path, known.name, false);
    REQUIRE(read.size() == made.size());
    for (size_t i = 0; i < made.size(); ++i) {
      CHECK((read[i].id == made[i].id && read[i].input == made[i].input && read[i].context == made[i].context && read[i].language == made[i].language));
      CHECK((read[i].answers == made[i].answers && read[i].classes == made[i].classes && read[i].length == made[i].length));
      CHECK(read[i].id.size() == 48);
      CHECK(read[i].length > 150);
      CHECK(score_of(known.name, read[i].answers.at(0), read[i]) > kFull);
      CHECK(score_of(known.name, made[(i + 1) % made.size()].answers[0], read[i]) <= 1);
      CHECK(read[i].context.size() <= 2700);
      CHECK(read[i].context.size() >= 2300);
    }
    const auto borders = longbench_task(known.name, read[0]).borders;
    const std::string name = known.name;
    const bool in_units = name != "narrativeqa" && name != "qasper" && name != "multifieldqa_en" && name != "gov_report" && name != "qmsum" && name != "lcc";
    CHECK((borders.size() > 3) == in_units);
    CHECK((read[0].input.empty()) == (name == "gov_report" || name == "multi_news" || name == "passage_count" || name == "lcc"));
  }
}

TEST_CASE("layouts of context and input are LongBench's", "[cpu][tiny]") {
  const auto of = [](const std::string& dataset) { return record_of(dataset, 1).record; };
  CHECK(of("hotpotqa").context.starts_with("Passage 1:\n"));
  CHECK_THAT(of("musique").context, Contains("\nPassage 2:\nthe ") || Contains("\nPassage 2:\n"));
  const LongBenchRecord trec = of("trec"), trivia = of("triviaqa"), samsum = of("samsum"), count = of("passage_count"), file = of("lcc"), repository = of("repobench-p");
  CHECK((trec.context.starts_with("Question: ") && trec.context.ends_with(" kind") && trec.input.ends_with("\nType:")));
  CHECK(std::count(trec.classes.begin(), trec.classes.end(), trec.answers[0]) == 1);
  CHECK((trivia.context.starts_with("Passage:\n") && trivia.context.ends_with(".\n") && trivia.input.ends_with("?\nAnswer:\n")));
  CHECK((samsum.context.starts_with("Dialogue: ") && samsum.context.ends_with(".\n") && samsum.input.ends_with("\nSummary: ")));
  CHECK((count.context.starts_with("Paragraph 1: the ") && count.context.find("\n\nParagraph 2: the ") != std::string::npos));
  CHECK((file.context.ends_with(" );\n") && file.language == "java"));
  CHECK((repository.context.starts_with("lib/") && repository.context.ends_with("\n") && repository.input.ends_with(" );")));
  CHECK(of("passage_retrieval_en").answers[0].starts_with("Paragraph "));
}

TEST_CASE("evidence stands where it is said to, in the order in which it can be known", "[cpu][tiny]") {
  for (const LongBenchTask& known : longbench_tasks()) {
    for (int64_t i = 0; i < 30; ++i) {
      const TinyRecord made = record_of(known.name, i);
      const Task task = tiny_task(known.name, made);
      INFO(known.name << " " << i);
      REQUIRE_FALSE(task.evidence.empty());
      int64_t before = 0;
      for (const Evidence& item : task.evidence) {
        const bool in_input = item.end == 0;
        REQUIRE((item.begin >= before && item.end <= std::ssize(task.context)));
        const std::string span = in_input ? task.question : task.context.substr(item.begin, item.end - item.begin);
        CHECK_THAT(span, Contains(item.value));
        before = item.end;
      }
      CHECK(task.subject.size() > 5);
      CHECK(task.words == made.record.length);
    }
  }
}

TEST_CASE("the clue teacher is right in every mode and chunk size, and knows what has been read", "[cpu][tiny]") {
  Random random(3);
  int64_t unknown = 0, stopped_early = 0, summaries = 0;
  for (const LongBenchTask& known : longbench_tasks()) {
    for (int64_t i = 0; i < 12; ++i) {
      const TinyRecord made = record_of(known.name, i, {.kin = i % 2 == 0});
      const Task task = tiny_task(known.name, made);
      for (const Mode mode : {Mode::kOneStep, Mode::kSmooth, Mode::kUnsmooth}) {
        const int64_t chunk = random.randint(12, 300);
        INFO(known.name << " " << i << " " << mode_name(mode) << " chunk " << chunk);
        const Transcript transcript = read(task, {.mode = mode, .chunk = chunk, .early_stop = task.early_stop}, *rule_teacher(task));
        CHECK(score_of(known.name, transcript.answer, made.record) > kFull);
        if (mode == Mode::kOneStep) continue;
        stopped_early += transcript.exchanges.back().end < std::ssize(task.context);
        CHECK((task.early_stop || transcript.exchanges.back().end == std::ssize(task.context)));
        if (task.metric == "count") continue;
        for (const Exchange& exchange : transcript.exchanges) {
          const Summary summary = parse_summary(exchange.written);
          INFO(exchange.written);
          REQUIRE(summary.well_formed);
          REQUIRE(format(summary) == exchange.written);
          CHECK(summary.target == task.subject);
          // Values that are told: the first ones, of all that has been read to its end; then one that is unknown, if there are more.
          const auto read = std::count_if(task.evidence.begin(), task.evidence.end(), [&](const Evidence& item) { return item.end <= exchange.end; });
          const auto told = std::min<int64_t>(read + 1, std::ssize(task.evidence));
          REQUIRE(std::ssize(summary.clues) == told);
          for (int64_t k = 0; k < told; ++k) {
            const Evidence& item = task.evidence[k];
            CHECK(summary.clues[k] == item.subject + " " + (k < read ? item.value : "unknown") + (k + 1 == told ? "." : ""));
          }
          unknown += told > read;
          ++summaries;
        }
      }
    }
  }
  CHECK(summaries > 2000);
  CHECK(unknown > 500);
  CHECK(stopped_early > 60);
}

TEST_CASE("the words of the clue teacher", "[cpu][tiny]") {
  Task task;
  task.metric = "qa_f1";
  task.subject = "the home of the mentor of Mara Venn";
  task.context = "The mentor of Mara Venn is called Olin Marsh. The home of Olin Marsh is still the red fox. So.";
  task.answers = {"the red fox."};
  task.evidence = {{0, 45, "the mentor of Mara Venn is called", "Olin Marsh"}, {46, 90, "the home of Olin Marsh is still", "the red fox"}};
  const std::string target = "Target: the home of the mentor of Mara Venn\nClues: the mentor of Mara Venn is called ";
  ClueTeacher teacher(task);
  CHECK(teacher.write({.begin = 0, .end = 44}) == target + "unknown.\nReason: not in this text\n<CONTINUE>");
  CHECK(teacher.write({.begin = 0, .end = 45}) == target + "Olin Marsh; the home of Olin Marsh is still unknown.\nReason: found in this text\n<CONTINUE>");
  CHECK(teacher.write({.begin = 45, .end = 60}) == target + "Olin Marsh; the home of Olin Marsh is still unknown.\nReason: found before\n<CONTINUE>");
  const std::string known = target + "Olin Marsh; the home of Olin Marsh is still the red fox.\nReason: ";
  CHECK(teacher.write({.begin = 60, .end = 90}) == known + "found in this text\nAnswer: the red fox.\n<STOP>");
  CHECK(teacher.write({.may_stop = false, .begin = 60, .end = 90}) == known + "found in this text\n<CONTINUE>");
  CHECK(teacher.write({.last = true, .begin = 90, .end = 94}) == known + "found before\nAnswer: the red fox.\n<STOP>");
  CHECK(teacher.write({.one_step = true}) == "the red fox.");
}

TEST_CASE("a drill asks for things that are told, by what stands before them, and for some that are not", "[cpu][tiny]") {
  TinyConfig drill;
  drill.drill = 6;
  int64_t asked = 0, unknown = 0;
  for (int64_t i = 0; i < 200; ++i) {
    const LongBenchRecord record = record_of("narrativeqa", i, drill, 900).record;
    INFO(record.context << "\n" << record.input << "\n" << record.answers[0]);
    const auto parts = [](const std::string& text) {
      std::vector<std::string> found;
      for (size_t begin = 0, end; begin < text.size(); begin = end + 2) {
        end = std::min(text.find("; ", begin), text.size());
        found.push_back(text.substr(begin, end - begin));
      }
      return found;
    };
    const std::vector<std::string> clues = parts(record.input), answers = parts(record.answers.at(0).substr(0, record.answers[0].size() - 1));
    REQUIRE((clues.size() == 6 && answers.size() == 6));
    for (size_t j = 0; j < clues.size(); ++j) {
      REQUIRE(answers[j].starts_with(clues[j] + " "));
      const std::string value = answers[j].substr(clues[j].size() + 1);
      ++asked;
      unknown += value == "unknown";
      CHECK((value == "unknown" || record.context.find(value) != std::string::npos));
    }
  }
  CHECK((unknown > asked / 5 && unknown < asked / 3));
}

TEST_CASE("train and test share no subject, no value and no sentence", "[cpu][tiny]") {
  TinyConfig train{.kin = true}, test;
  test.split = "test";
  std::set<std::string> trained, tested;
  for (const LongBenchTask& known : longbench_tasks()) {
    for (int64_t i = 0; i < 40; ++i) {
      trained.merge(told_in(record_of(known.name, i, train).record));
      tested.merge(told_in(record_of(known.name, i, test).record));
    }
  }
  CHECK(trained.size() > 5000);
  CHECK(tested.size() > 2000);
  for (const std::string& subject : tested) {
    INFO(subject);
    CHECK_FALSE(trained.contains(subject));
  }
}

TEST_CASE("the tiny LongBench on disk: the same seed gives the same bytes, what is there stays", "[cpu][tiny]") {
  const TestFolder folder;
  const TinyBenchmarkConfig config{.samples = 3, .min_tokens = 2000, .max_tokens = 3000};
  const auto entries = build_tiny_longbench(config, 5, kBytes, folder.path / "a");
  REQUIRE(entries.size() == 16);
  std::set<std::string> ids;
  for (const auto& entry : entries) {
    const std::string file = entry.at("file"), text = read_file(folder.path / "a" / file);
    CHECK((entry.at("bytes") == text.size() && entry.at("checksum") == checksum(text) && entry.at("samples") == 3));
    for (const LongBenchRecord& record : read_longbench(folder.path / "a/longbench", entry.at("dataset"), false)) ids.insert(record.id);
  }
  CHECK(ids.size() == 48);
  std::filesystem::remove(folder.path / "a/longbench/trec.jsonl");
  CHECK(build_tiny_longbench(config, 5, kBytes, folder.path / "a") == entries);
  CHECK(build_tiny_longbench(config, 5, kBytes, folder.path / "b") == entries);
  CHECK(build_tiny_longbench(config, 6, kBytes, folder.path / "c") != entries);
}

TEST_CASE("what does not fit, or is no miniature, is said", "[cpu][tiny]") {
  CHECK_THROWS_WITH(record_of("hotpotqa", 0, {}, 200), Contains("the tiny hotpotqa: 200 tokens are too few") && Contains("min_tokens"));
  CHECK_THROWS_WITH(record_of("passage_count", 0, {}, 100), Contains("100 tokens are too few"));
  CHECK_THROWS_WITH(record_of("trec", 0, {}, 1000000), Contains("make it shorter"));
  CHECK_THROWS(record_of("lsht", 0));
  CHECK(tiny_dataset("govreport") == "gov_report");
  CHECK_THROWS_WITH(tiny_dataset("niah-a"), Contains("niah-a") && Contains("passage-count"));
}
