// Overlap with LongBench: against sets of 13 joined words, and what a set is without the tasks that overlap.
#include "data/overlap.h"

#include <catch2/catch.hpp>

#include <iostream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "configs/run.h"
#include "data/build.h"
#include "data/layout.h"
#include "data/random.h"
#include "data/reading.h"
#include "data/scores/python_text.h"
#include "data/stats.h"
#include "data/tokenizer.h"
#include "data/tokenizers/utf8.h"
#include "tests/configs/folder.h"

using namespace smooth;
using Catch::Matchers::Contains;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

// The twin: words and 13-grams as text.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words(1);
  for (const char32_t c : characters(text)) {
    if (is_word(c)) {
      append_character(words.back(), c);
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  for (std::string& word : words) word = lower(word);
  return words;
}
std::vector<std::string> ngrams_of(const std::string& text, bool short_too = false) {
  const std::vector<std::string> words = words_of(text);
  std::vector<std::string> ngrams;
  for (size_t i = 0; i + 13 <= words.size(); ++i) {
    ngrams.emplace_back();
    for (size_t j = 0; j < 13; ++j) ngrams.back() += " " + words[i + j];
  }
  if (short_too && words.size() < 13) {
    ngrams.emplace_back();
    for (const std::string& word : words) ngrams[0] += " " + word;
  }
  return ngrams;
}
std::vector<std::string> question_ngrams(const std::string& question, const std::string& answer) {
  return ngrams_of(question + "\n" + answer, !words_of(question).empty());
}
double share(const std::vector<std::string>& mine, const std::set<std::string>& theirs) {
  int64_t found = 0;
  for (const std::string& ngram : mine) found += theirs.contains(ngram);
  return mine.empty() ? 0.0 : static_cast<double>(found) / static_cast<double>(mine.size());
}

// Words that often come again, of several scripts, with all kinds of things between them.
std::string some_text(Random& random, int64_t words) {
  static const std::vector<std::string> all = {"the", "The", "mill", "of", "STRASSE", "straße", "ΟΔΟΣ", "été", "中文", "a_b", "42", "x"};
  static const std::vector<std::string> between = {" ", ", ", "\n", " - ", "... ", "\t", "“", "\xff "};
  std::string text;
  for (int64_t i = 0; i < words; ++i) text += all[random.below(i % 40 < 25 ? 2 : all.size())] + between[random.below(between.size())];
  return text;
}

std::string line(const std::string& input, const std::string& context, const std::string& answer) {
  return json{{"input", input}, {"context", context}, {"answers", {answer}}, {"length", 1}, {"dataset", "qmsum"}, {"language", "en"}, {"all_classes", nullptr}, {"_id", "0"}}.dump(
             -1, ' ', false, json::error_handler_t::replace) + "\n";
}

Task task_of(const std::string& question, const std::string& context, const std::string& answer) { return {.context = context, .question = question, .answers = {answer}}; }

const std::string kLong = "one two three four five six seven eight nine ten eleven twelve thirteen";

std::string meeting(int number) {
  std::string text;
  for (int word = 0; word < 30; ++word) text += "m" + std::to_string(number) + "w" + std::to_string(word) + " ";
  return text;
}

// Meetings 0 to 11, all different; a summary is a few of a meeting's words.
DataConfig set_of(const TestFolder& folder) {
  std::string passages;
  for (int p = 0; p < 200; ++p) passages += json{{"title", "T" + std::to_string(p)}, {"text", meeting(p)}}.dump() + "\n";
  write_file(folder.path / "wikisum/train.jsonl", passages);
  std::vector<std::string> lines;
  for (int i = 0; i < 400; ++i) lines.push_back("line " + std::to_string(i * 7919) + " of words " + std::to_string(i));
  train_sentencepiece(folder.path / "tokenizer", lines, "unigram", 320, special_texts());
  DataConfig config;
  config.out = (folder.path / "set").string();
  config.tokenizer.path = (folder.path / "tokenizer").string();
  config.rows.resize(1);
  config.rows[0].row = "passage-count";
  config.rows[0].samples = 12;
  config.rows[0].source = SourceConfig{.path = (folder.path / "wikisum").string(), .mean_tokens = 400};
  return config;
}

std::vector<Transcript> samples(const DataConfig& config) {
  std::vector<Transcript> all;
  std::istringstream lines(read_file(fs::path(config.out) / "passage-count.os.jsonl"));
  for (std::string text; std::getline(lines, text);) all.push_back(transcript_from_json(text));
  return all;
}
json manifest_of(const DataConfig& config) { return json::parse(read_file(fs::path(config.out) / "manifest.json")); }

}  // namespace

TEST_CASE("shares of 13-grams are those of sets of joined words", "[cpu][overlap]") {
  Random random(3, "overlap");
  const TestFolder folder;
  std::string text;
  std::set<std::string> questions, contexts;
  const auto add = [](std::set<std::string>& set, const std::vector<std::string>& more) { set.insert(more.begin(), more.end()); };
  for (int i = 0; i < 40; ++i) {
    const auto as_written = [](const std::string& of) { return json::parse(json(of).dump(-1, ' ', false, json::error_handler_t::replace)).get<std::string>(); };
    const std::string question = as_written(some_text(random, i % 4 == 0 ? 0 : random.randint(1, 20))), context = as_written(some_text(random, random.randint(0, 200))),
                      answer = as_written(some_text(random, random.randint(1, 4)));
    text += line(question, context, answer);
    add(questions, question_ngrams(question, answer));
    add(contexts, ngrams_of(context));
  }
  add(contexts, {questions.begin(), questions.end()});
  folder.file("data/qmsum.jsonl", text);
  const Benchmark benchmark(folder.path);
  CHECK(benchmark.samples() == 40);
  CHECK(benchmark.incomplete().size() == 29);  // all of 16 tasks and 13 of E
  CHECK(std::count(benchmark.incomplete().begin(), benchmark.incomplete().end(), "qmsum: 40 of 200") == 1);
  int partly = 0;
  for (int i = 0; i < 400; ++i) {
    const Task task = task_of(some_text(random, random.randint(0, 30)), some_text(random, random.randint(0, 300)), some_text(random, 1));
    const Overlap overlap = benchmark.of(task);
    REQUIRE(overlap.question == share(question_ngrams(task.question, task.answers[0]), questions));
    REQUIRE(overlap.context == share(ngrams_of(task.context), contexts));
    partly += overlap.context > 0 && overlap.context < 1;
  }
  CHECK(partly > 50);
}

TEST_CASE("a question is the same only with its answer, a long one by any 13 words", "[cpu][overlap]") {
  const TestFolder folder;
  folder.file("qmsum_e.jsonl", line("Summarize the whole meeting.", "x", "They spoke of mills.") + line(kLong + " fourteen", kLong + " " + meeting(1), "y") + line("", "x", "return 0;"));
  const Benchmark benchmark(folder.path);
  CHECK(benchmark.of(task_of("summarize the WHOLE meeting", "", "They spoke of mills")).question == 1);
  CHECK(benchmark.of(task_of("Summarize the whole meeting.", "", "They spoke of boats.")).question == 0);
  CHECK(benchmark.of(task_of("", "", "return 0;")).question == 0);
  CHECK(benchmark.of(task_of(kLong, "", "other")).question == 0.5);  // two 13-grams, one with "other"
  CHECK(benchmark.of(task_of("", kLong, "")).context == 1);
  CHECK(benchmark.of(task_of("", kLong + " one", "")).context == 0.5);
  CHECK(benchmark.of(task_of("", "one two three", "")).context == 0);  // too short to tell
}

TEST_CASE("what is no LongBench is refused, with its place", "[cpu][overlap]") {
  const TestFolder folder;
  folder.file("other.jsonl", line("a", "b", "c"));
  const auto message = [&] { return folder.short_form(message_of<std::runtime_error>([&] { Benchmark benchmark(folder.path); })); };
  CHECK_THAT(message(), Contains("expected a folder with LongBench's files, e.g. hotpotqa.jsonl; found none. Unpack its data.zip there"));
  folder.file("hotpotqa.jsonl", line("a", "b", "c") + "{\"input\": \"a\", \"answers\": []}\n");
  CHECK_THAT(message(), Contains("hotpotqa.jsonl: row 2: ") && Contains("context"));
}

TEST_CASE("tasks that overlap are told, and left out on demand", "[cpu][overlap][build]") {
  const TestFolder folder;
  DataConfig config = set_of(folder);
  const std::string longbench = (folder.path / "longbench").string();
  config.decontamination = DecontaminationConfig{.benchmark = longbench, .share = 0.05};

  std::ostringstream said;
  std::streambuf* const before = std::cerr.rdbuf(said.rdbuf());
  build_set(config, false);
  std::cerr.rdbuf(before);
  CHECK_THAT(said.str(), Contains("overlap with LongBench is not told: " + longbench + " is not there"));
  CHECK_FALSE(manifest_of(config).contains("overlap"));
  const std::string whole = read_file(fs::path(config.out) / "passage-count.sr.jsonl");

  // Once the benchmark is there, the same set is built and the overlap told.
  std::string read;
  for (int p = 0; p < 200; p += 4) read += meeting(p);
  folder.file("longbench/passage_retrieval_en.jsonl", line("", read, "Paragraph 1"));
  build_set(config, false);
  CHECK(read_file(fs::path(config.out) / "passage-count.sr.jsonl") == whole);
  const Benchmark benchmark(longbench);
  int64_t any = 0, removed = 0;
  for (const Transcript& sample : samples(config)) {
    const Overlap overlap = benchmark.of(task_of("", sample.exchanges[0].given, ""));
    any += overlap.context > 0;
    removed += overlap.context >= 0.05;
  }
  REQUIRE(removed > 0);
  REQUIRE(any < 12);
  json told = manifest_of(config).at("overlap");
  CHECK(told.at("benchmark_samples") == 1);
  CHECK(told.at("rows").at("passage-count").at("tasks") == 12);
  CHECK(told.at("rows").at("passage-count").at("contexts").at("any") == any);
  CHECK(told.at("rows").at("passage-count").at("removed") == 0);
  const std::string lines = read_file(fs::path(config.out) / "overlap.jsonl");
  CHECK(std::count(lines.begin(), lines.end(), '\n') == any);
  CHECK_THAT(set_stats(config.out, "chatml"), Contains("13-grams in LongBench"));

  // No question overlaps, so nothing is left out; then contexts are.
  config.decontamination->remove = "questions";
  CHECK_THROWS_WITH(build_set(config, false), Contains("another config"));
  build_set(config, true);
  CHECK(read_file(fs::path(config.out) / "passage-count.sr.jsonl") == whole);
  config.decontamination->remove = "all";
  build_set(config, true);
  told = manifest_of(config).at("overlap").at("rows").at("passage-count");
  CHECK(told.at("removed") >= removed);
  CHECK(told.at("tasks") == told.at("removed").get<int64_t>() + 12);
  const std::vector<Transcript> clean = samples(config);
  CHECK(clean.size() == 12);
  for (const Transcript& sample : clean) CHECK(benchmark.of(task_of("", sample.exchanges[0].given, "")).context < 0.05);

  // A build that goes on ends in the same bytes.
  const std::string bytes = read_file(fs::path(config.out) / "passage-count.sr.jsonl"), manifest = read_file(fs::path(config.out) / "manifest.json");
  fs::remove(fs::path(config.out) / "manifest.json");
  fs::resize_file(fs::path(config.out) / "passage-count.sr.jsonl", bytes.size() / 2);
  build_set(config, false);
  CHECK(read_file(fs::path(config.out) / "passage-count.sr.jsonl") == bytes);
  CHECK(read_file(fs::path(config.out) / "manifest.json") == manifest);

  config.decontamination->benchmark = (folder.path / "nowhere").string();
  CHECK_THROWS_WITH(build_set(config, true), Contains("decontamination.remove: all, but") && Contains("nowhere is not there"));
  CHECK(read_file(fs::path(config.out) / "passage-count.sr.jsonl") == bytes);  // nothing was lost
}
