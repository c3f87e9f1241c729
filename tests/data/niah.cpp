// Needles: RULER's draws from Python (tests/golden/ruler_niah.py), and what each task promises.
#include "data/niah.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>
#include <set>

#include "data/haystack.h"
#include "data/words.h"
#include "tests/configs/folder.h"

using namespace smooth;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

// One token a word, by blanks and newlines.
class Words : public Tokenizer {
 public:
  std::vector<int64_t> encode(const std::string& text) const override {
    int64_t words = 0;
    bool in_word = false;
    for (const char c : text) {
      const bool blank = c == ' ' || c == '\n';
      words += !blank && !in_word;
      in_word = !blank;
    }
    return std::vector<int64_t>(words);
  }
  std::string decode(const std::vector<int64_t>&) const override { return ""; }
  std::string piece(int64_t) const override { return ""; }
  int64_t vocab_size() const override { return 1; }
  int64_t special_id(const std::string&) const override { return -1; }
  void save(const std::string&) const override {}
};

// A token every seven bytes, wherever words end: what is counted word by word is then far from the truth.
class Bytes : public Words {
 public:
  std::vector<int64_t> encode(const std::string& text) const override {
    return std::vector<int64_t>((text.size() + 6) / 7);
  }
};

std::shared_ptr<const Tokenizer> pieces() { return load_tokenizer("tests/golden/sentencepiece/unigram"); }

std::string prompt(const Task& task) { return task.instruction + "\n" + task.context + "\n" + task.question; }

int64_t count(const std::string& text, const std::string& part) {
  int64_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

std::string from(const std::string& text, const std::string& before, const std::string& after) {
  const size_t begin = text.find(before) + before.size();
  return text.substr(begin, text.find(after, begin) - begin);
}

// Key and value of every needle of a context, queried or not.
std::vector<std::pair<std::string, std::string>> needles_of(const std::string& context, const std::string& type) {
  const std::string head = "One of the special magic " + type + " for ";
  std::vector<std::pair<std::string, std::string>> found;
  for (size_t at = context.find(head); at != std::string::npos; at = context.find(head, at + 1)) {
    const std::string needle = context.substr(at);
    found.emplace_back(from(needle, head, " is: "), from(needle, " is: ", "."));
  }
  return found;
}

// What every task of any configuration has to hold.
void check_task(const Task& task, const NiahConfig& config, const Tokenizer& tokenizer, int64_t length,
                int64_t overhead = 0) {
  INFO(task.id << "\n" << task.question);
  REQUIRE(task.length == static_cast<int64_t>(tokenizer.encode(prompt(task)).size()));
  REQUIRE(task.length + overhead <= length);
  REQUIRE(static_cast<int64_t>(task.answers.size()) == config.queries * config.values);
  REQUIRE(task.evidence.size() == task.answers.size());
  REQUIRE(std::set<std::string>(task.answers.begin(), task.answers.end()).size() == task.answers.size());
  REQUIRE(task.metric == "string-match");
  REQUIRE(count(task.question, task.subject) == 1);
  const auto needles = needles_of(task.context, config.value_type);
  const int64_t others =
      config.haystack == "needle" ? static_cast<int64_t>(needles.size()) - config.keys * config.values : 0;
  REQUIRE(static_cast<int64_t>(needles.size()) == config.keys * config.values + others);
  for (const std::string& answer : task.answers) {
    REQUIRE(count(task.context, answer) == 1);
    REQUIRE(count(task.instruction + task.question, answer) == 0);
  }
  std::multiset<std::string> values;
  std::pair<size_t, int64_t> last = {0, 0};  // in the order of the query, then of the text
  for (const Evidence& evidence : task.evidence) {
    const std::string key = evidence.subject.substr(evidence.subject.rfind(" for ") + 5);
    REQUIRE(count(task.question, key) == 1);
    REQUIRE(std::pair(task.question.find(key), evidence.begin) >= last);
    last = {task.question.find(key), evidence.end};
    REQUIRE(evidence.end <= static_cast<int64_t>(task.context.size()));
    REQUIRE(evidence.subject ==
            "the special magic " + config.value_type.substr(0, config.value_type.size() - 1) + " for " + key);
    REQUIRE(task.context.substr(evidence.begin, evidence.end - evidence.begin) ==
            needle_sentence(config.value_type, key, evidence.value));
    values.insert(evidence.value);
  }
  REQUIRE(values == std::multiset<std::string>(task.answers.begin(), task.answers.end()));
}

}  // namespace

TEST_CASE("draws and layout equal RULER's", "[cpu]") {
  const json golden = json::parse(std::ifstream("tests/golden/ruler_niah.json"));
  TestFolder folder;
  const std::string essays = folder.file("essays.txt", golden["essays"]);
  REQUIRE(golden["cases"].size() == 39);
  std::multiset<std::string> variants;
  for (const json& row : golden["cases"]) {
    NiahConfig config;
    config.essays = essays;
    if (row["variant"].is_null()) {
      config.haystack = row["haystack"];
      config.keys = row["keys"], config.values = row["values"], config.queries = row["queries"];
      config.key_type = row["key_type"], config.value_type = row["value_type"];
      config.split = "all";
    } else {
      variants.insert(row["variant"]);
      config.set_variant(row["variant"]);
    }
    const Task task = Niah(config, std::make_shared<Words>()).task(row["seed"], row["length"], row["index"]);
    INFO(row.dump());
    REQUIRE(task.instruction == row["instruction"].get<std::string>());
    REQUIRE(task.context == row["context"].get<std::string>());
    REQUIRE(task.question == row["question"].get<std::string>());
    REQUIRE(task.answers == row["answers"].get<std::vector<std::string>>());
    REQUIRE(task.length == row["length"].get<int64_t>());
  }
  for (const NiahVariant& variant : kNiahVariants) REQUIRE(variants.count(variant.name) == 3);
}

TEST_CASE("every setting gives whole tasks", "[cpu]") {
  struct Shape {
    int64_t keys, values, queries;
  };
  const auto tokenizer = pieces();
  int64_t tasks = 0;
  for (const std::string haystack : {"sentences", "noise", "needle"}) {
    for (const Shape shape : {Shape{1, 1, 1}, {4, 1, 1}, {1, 4, 1}, {4, 1, 4}, {4, 3, 2}}) {
      for (const auto& [key_type, value_type] :
           std::vector<std::pair<std::string, std::string>>{{"words", "numbers"},
                                                            {"words", "uuids"},
                                                            {"uuids", "uuids"},
                                                            {"numbers", "words"},
                                                            {"numbers", "numbers"}}) {
        NiahConfig config;
        config.haystack = haystack;
        config.keys = shape.keys, config.values = shape.values, config.queries = shape.queries;
        config.key_type = key_type, config.value_type = value_type;
        for (const std::string split : {"train", "test", "all"}) {
          config.split = split;
          const Niah niah(config, tokenizer, 40);
          for (int64_t index = 0; index < 1; ++index, ++tasks)
            check_task(niah.task(7, 3000, index), config, *tokenizer, 3000, 40);
        }
      }
    }
  }
  REQUIRE(tasks == 3 * 5 * 5 * 3);
}

TEST_CASE("short values stand in no key and in no other value", "[cpu]") {
  const auto tokenizer = std::make_shared<Words>();
  for (const std::string key_type : {"numbers", "uuids"}) {
    NiahConfig config;
    config.key_type = key_type;
    config.digits = 2;
    config.keys = 4, config.values = 3, config.queries = 2;
    config.split = "all";
    const Niah niah(config, tokenizer);
    for (int64_t index = 0; index < 50; ++index) check_task(niah.task(1, 400, index), config, *tokenizer, 400);
  }
}

TEST_CASE("wording: one value or several", "[cpu]") {
  NiahConfig config;
  config.keys = config.values = config.queries = 1;
  config.value_type = "uuids";
  Task task = Niah(config, std::make_shared<Words>()).task(1, 200, 0);
  const std::string key = from(task.context, "magic uuids for ", " is: ");
  REQUIRE(task.instruction ==
          "A special magic uuid is hidden within the following text. Make sure to memorize it. I will quiz you about "
          "the uuid afterwards.");
  REQUIRE(task.question == "What is the special magic uuid for " + key + " mentioned in the provided text?");
  REQUIRE(task.subject == "the special magic uuid for " + key);

  config.keys = config.queries = 4;
  config.value_type = "numbers";
  task = Niah(config, std::make_shared<Words>()).task(1, 200, 0);
  REQUIRE(task.instruction ==
          "Some special magic numbers are hidden within the following text. Make sure to memorize it. I will quiz you "
          "about the numbers afterwards.");
  std::vector<std::string> keys;
  for (const std::string& answer : task.answers) {
    for (const auto& [name, value] : needles_of(task.context, "numbers")) {
      if (value == answer) keys.push_back(name);
    }
  }
  REQUIRE(keys.size() == 4);
  const std::string all = keys[0] + ", " + keys[1] + ", " + keys[2] + ", and " + keys[3];
  REQUIRE(task.question == "What are all the special magic numbers for " + all + " mentioned in the provided text?");
  REQUIRE(task.subject == "the special magic numbers for " + all);
}

TEST_CASE("lengths come within a unit of the wish", "[cpu]") {
  std::vector<std::pair<std::shared_ptr<const Tokenizer>, int64_t>> tokenizers = {
      {pieces(), 110}, {std::make_shared<Words>(), 16}, {std::make_shared<Bytes>(), 25}};
  for (const auto& [tokenizer, sentence_tokens] : tokenizers) {
    NiahConfig config;
    const Niah niah(config, tokenizer, 20);
    for (const int64_t length : {512, 513, 1024, 2048, 4096, 8192, 16384, 32768}) {
      for (int64_t index = 0; index < 5; ++index) {
        const Task task = niah.task(3, length, index);
        check_task(task, config, *tokenizer, length, 20);
        REQUIRE(length - 20 - task.length <= sentence_tokens);
      }
    }
  }
}

TEST_CASE("the same seed, length and index give the same bytes; others give others", "[cpu]") {
  const NiahConfig config;
  const Niah niah(config, pieces()), again(config, pieces());
  const Task task = niah.task(1, 1024, 5);
  REQUIRE(prompt(task) == prompt(again.task(1, 1024, 5)));
  REQUIRE(task.id == again.task(1, 1024, 5).id);
  std::set<std::string> contexts, ids, beginnings;
  for (const auto& [seed, length, index] :
       std::vector<std::array<int64_t, 3>>{{1, 1024, 5}, {2, 1024, 5}, {1, 1025, 5}, {1, 1024, 6}}) {
    const Task other = niah.task(seed, length, index);
    contexts.insert(other.context);
    ids.insert(other.id);
    beginnings.insert(other.context.substr(0, 200));
  }
  REQUIRE(contexts.size() == 4);
  REQUIRE(ids.size() == 4);
  REQUIRE(beginnings.size() == 4);  // haystacks share no prefix
}

TEST_CASE("the queried needle stands at each of 40 depths alike", "[cpu]") {
  NiahConfig config;
  const Niah niah(config, std::make_shared<Words>());
  std::vector<int> histogram(40, 0);
  const int tasks = 4000;
  for (int index = 0; index < tasks; ++index) {
    const Task task = niah.task(1, 1800, index);
    const std::string before = task.context.substr(0, task.evidence[0].begin);
    const int64_t units = count(task.context, ".") - 4;
    const int64_t position = count(before, ".") - count(before, "One of the special magic");
    // Depth d stands before unit int(units x d / 100): steps are at least 2 % apart, units closer.
    REQUIRE(units > 120);
    const auto unit_at = [&](int step) {
      return static_cast<int64_t>(static_cast<double>(units) * (std::round(step * 100 / 39.0) / 100));
    };
    int step = 0;
    while (step < 39 && unit_at(step + 1) <= position) ++step;
    REQUIRE(unit_at(step) == position);
    ++histogram[step];
  }
  double chi = 0;
  for (const int n : histogram) chi += (n - 100.0) * (n - 100.0) / 100.0;
  CAPTURE(chi);
  REQUIRE(chi < 73);  // 99.9 % of a chi-squared of 39 degrees of freedom
  REQUIRE(chi > 14);  // and not more even than chance
}

TEST_CASE("a fixed depth places the queried needle", "[cpu]") {
  const auto tokenizer = pieces();
  for (const std::string haystack : {"sentences", "noise"}) {
    for (const double depth : {0.0, 25.0, 100.0}) {
      NiahConfig config;
      config.haystack = haystack;
      config.depth_percent = depth;
      const Niah niah(config, tokenizer);
      for (int index = 0; index < 5; ++index) {
        const Task task = niah.task(1, 4096, index);
        check_task(task, config, *tokenizer, 4096);
        const double at =
            100.0 * static_cast<double>(task.evidence[0].begin) / static_cast<double>(task.context.size());
        REQUIRE(std::abs(at - depth) < 6);
        const std::string before = task.context.substr(0, task.evidence[0].begin);
        if (depth == 0) REQUIRE(count(before, ".") == count(before, "One of the special magic"));
      }
    }
  }
}

TEST_CASE("train and test share no key, no value and no sentence", "[cpu]") {
  for (const std::string value_type : {"numbers", "words"}) {
    std::set<std::string> keys[2], values[2], sentences[2];
    NiahConfig config;
    config.value_type = value_type;
    config.digits = 4;
    config.adjectives = 40, config.nouns = 40;
    for (const int test : {0, 1}) {
      config.split = test ? "test" : "train";
      const Niah niah(config, std::make_shared<Words>());
      for (int index = 0; index < 400; ++index) {
        const Task task = niah.task(1, 300, index);
        for (const auto& [key, value] : needles_of(task.context, value_type)) {
          keys[test].insert(key);
          values[test].insert(value);
        }
        for (const std::string& text : split_sentences(task.context)) {
          if (text.find("special magic") == std::string::npos) sentences[test].insert(text);
        }
      }
      REQUIRE(keys[test].size() > 200);
      REQUIRE(sentences[test].size() > 4000);
    }
    for (const auto* sets : {&keys, &values, &sentences}) {
      for (const std::string& text : (*sets)[1]) {
        INFO(text);
        REQUIRE((*sets)[0].count(text) == 0);
      }
    }
    // Four fifths of the 1600 pairs are train's, one fifth is test's; 1600 draws see most of the first, nearly all of
    // the second.
    REQUIRE(keys[0].size() > 800);
    REQUIRE(keys[1].size() < 400);
  }
}

TEST_CASE("needles that cannot be had stop with the reason", "[cpu]") {
  const auto words = std::make_shared<Words>();
  NiahConfig config;
  REQUIRE_THROWS_WITH(Niah(config, words).task(1, 60, 0), Contains("60") && Contains("too short"));
  REQUIRE_THROWS_WITH(Niah(config, words, 100).task(1, 160, 0), Contains("100 are kept free"));
  config.haystack = "noise";
  REQUIRE_THROWS_WITH(Niah(config, words).task(1, 100, 0), Contains("too short"));
  config.haystack = "sentences";
  config.keys = 41;
  REQUIRE_THROWS_WITH(Niah(config, words), Contains("41 needles") && Contains("40 depths"));
  config.keys = 4;
  config.adjectives = 1, config.nouns = 2;
  REQUIRE_THROWS_WITH(Niah(config, words).task(1, 300, 0), Contains("no words are left"));
  config.adjectives = 100000;
  REQUIRE_THROWS_WITH(Niah(config, words), Contains("100000 adjectives"));
  config.adjectives = 0;
  config.queries = 5;
  REQUIRE_THROWS_WITH(Niah(config, words), Contains("queries"));
  config.queries = 1;
  config.haystack = "hay";
  REQUIRE_THROWS_WITH(Niah(config, words), Contains("hay") && Contains("sentences, noise, needle, essays"));
  config.haystack = "sentences";
  config.key_type = "emoji";
  REQUIRE_THROWS_WITH(Niah(config, words).task(1, 300, 0), Contains("emoji") && Contains("words, numbers, uuids"));
}

TEST_CASE("essays: a folder of .txt, RULER's JSON, a jsonl", "[cpu]") {
  TestFolder folder;
  folder.file("texts/b.txt", "Second  essay,\n\tnot the first. ");
  folder.file("texts/a.txt", "First essay! It is short.\n");
  folder.file("texts/notes.md", "Not an essay.");
  const std::string json_file =
      folder.file("e.json", R"({"text": "First essay! It is short.\nSecond essay, not the first."})");
  const std::string lines = folder.file(
      "e.jsonl", "{\"text\": \"First essay! It is short.\"}\n\n{\"text\": \"Second essay, not the first.\"}\n");
  NiahConfig config;
  config.haystack = "essays";
  config.keys = 1;
  config.depth_percent = 100;
  for (const std::string& essays : {(folder.path / "texts").string(), json_file, lines}) {
    config.essays = essays;
    const Task task =
        Niah(config, std::make_shared<Words>()).task(1, 70, 0);  // one round and a sentence: essays begin again
    INFO(task.context);
    const std::string text = "First essay! It is short. Second essay, not the first. First essay! It is short.";
    REQUIRE(task.context.substr(0, text.size()) == text);
  }
  config.essays = folder.file("broken.jsonl", "{\"text\": \"a\"}\n{\"no\": 1}\n");
  REQUIRE_THROWS_WITH(Niah(config, std::make_shared<Words>()), Contains("broken.jsonl:2"));
  config.essays = folder.file("empty.txt", " \n");
  REQUIRE_THROWS_WITH(Niah(config, std::make_shared<Words>()), Contains("no essays"));
  config.essays = folder.file("essays.pdf", "x");
  REQUIRE_THROWS_WITH(Niah(config, std::make_shared<Words>()), Contains("essays.pdf"));
}

TEST_CASE("sentences of running text", "[cpu]") {
  using Sentences = std::vector<std::string>;
  REQUIRE(split_sentences(" \n ").empty());
  REQUIRE(split_sentences("One. Two! Three? four. Five") == Sentences{"One.", "Two!", "Three? four.", "Five"});
  REQUIRE(split_sentences("Mr. Smith met J. Doe, e.g. Here. \"Why?\" (He left.) 3 stayed.") ==
          Sentences{"Mr. Smith met J. Doe, e.g. Here.", "\"Why?\"", "(He left.)", "3 stayed."});
  REQUIRE(split_sentences("It was I. “So,” he said. ‘No.’ End") ==
          Sentences{"It was I.", "“So,” he said.", "‘No.’", "End"});
}
