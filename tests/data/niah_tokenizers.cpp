// What a needle task owes to a tokenizer: its length, its distance from the end, and nothing else that could be the same.
#include "data/niah.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <set>

#include "data/haystack.h"
#include "data/in_order.h"
#include "data/words.h"
#include "tests/configs/folder.h"
#include "tests/data/tokenizer_folders.h"

using namespace smooth;
using Catch::Contains;

namespace {

struct Named {
  std::string name;
  std::shared_ptr<const Tokenizer> tokenizer;
};

// The small tokenizers of tests/golden, and the published ones where they are at hand.
std::vector<Named> tokenizers() {
  std::vector<Named> all;
  for (const char* name : {"unigram", "bpe"}) all.push_back({name, load_tokenizer(std::string("tests/golden/sentencepiece/") + name)});
  for (const char* name : {"qwen2", "rwkv_world", "llama_spm"}) {
    if (const std::string folder = fixture_tokenizer(name); !folder.empty()) all.push_back({name, load_tokenizer(folder)});
  }
  return all;
}

int64_t count(const Tokenizer& tokenizer, const std::string& text) { return std::ssize(tokenizer.encode(text)); }

// Of the last asked needle's last token from the context's end, the last token being the first: by the whole context and what precedes.
int64_t distance_of(const Task& task, const Tokenizer& tokenizer) {
  int64_t end = 0;
  for (const Evidence& evidence : task.evidence) end = std::max(end, evidence.end);
  return count(tokenizer, task.context) - count(tokenizer, task.context.substr(0, end)) + 1;
}

// An essay of sentences of many lengths, none like another.
std::string essay() {
  std::string text;
  for (int i = 0; i < 3000; ++i) {
    text += "Sentence number " + std::to_string(7919 * i);
    for (int word = 0; word < i * 31 % 40; ++word) text += (word % 9 == 4 ? ", and the " : " ") + std::string(1 + (i + word * word) % 11, static_cast<char>('a' + (i + word) % 26));
    text += " ends.\n";
  }
  return text;
}

struct Haystacks {
  TestFolder folder;
  std::string essays = folder.file("essay.txt", essay());
  std::vector<std::string> sentences = split_sentences(essay());

  // Tokens of the longest unit, by which a context may miss its length.
  int64_t longest_unit(const std::string& haystack, const Tokenizer& tokenizer) const {
    if (haystack != "essays") return 150;  // a needle with two uuids, in the smallest vocabulary
    int64_t longest = 0;
    for (const std::string& sentence : sentences) longest = std::max(longest, count(tokenizer, " " + sentence));
    return longest;
  }
  NiahConfig config(const std::string& haystack) const {
    NiahConfig made;
    made.haystack = haystack;
    if (haystack == "essays") made.essays = essays;
    return made;
  }
};

}  // namespace

TEST_CASE("niah: a needle's last token is the D-th from the context's end, and with one word more it would be further", "[cpu]") {
  const Haystacks haystacks;
  int64_t tasks = 0;
  for (const auto& [name, tokenizer] : tokenizers()) {
    for (const std::string haystack : {"essays", "sentences", "noise", "needle"}) {
      NiahConfig config = haystacks.config(haystack);
      config.value_type = "uuids";
      config.distance = {100, 2048, 5120};
      const Niah niah(config, tokenizer);
      const int64_t unit = haystacks.longest_unit(haystack, *tokenizer);
      for (const int64_t length : {6000, 8192, 16384}) {
        for (const int64_t distance : config.distance) {
          for (int64_t index = 0; index < 2; ++index, ++tasks) {
            const Task task = niah.task(7, length, index, distance);
            INFO(name << ", " << task.id);
            const int64_t found = distance_of(task, *tokenizer);
            REQUIRE(found <= distance);
            // A word is at most as long as a whole needle's value: 36 characters with their hyphens.
            REQUIRE(found > distance - 40);
            REQUIRE(task.length <= length);
            REQUIRE(length - task.length <= unit);
            REQUIRE(count(*tokenizer, task.instruction + "\n" + task.context + "\n" + task.question) == task.length);
            REQUIRE(task.context.substr(task.evidence[0].begin, task.evidence[0].end - task.evidence[0].begin) ==
                    needle_sentence("uuids", task.evidence[0].subject.substr(task.evidence[0].subject.rfind(' ') + 1), task.answers[0]));
          }
        }
      }
    }
  }
  CHECK(tasks % 72 == 0);
}

TEST_CASE("niah: one word more behind a needle would put it further than its distance", "[cpu]") {
  const Haystacks haystacks;
  // What haystacks say, from their beginning on: what comes next is known from it.
  std::string essays, noise;
  for (const std::string& sentence : haystacks.sentences) essays += " " + sentence;
  for (int i = 0; i < 2000; ++i) noise += "\n" + noise_sentence();
  int64_t exact = 0;
  for (const auto& [name, tokenizer] : tokenizers()) {
    for (const std::string haystack : {"essays", "noise"}) {
      NiahConfig config = haystacks.config(haystack);
      config.keys = 1;
      config.distance = {700, 2048};
      const Niah niah(config, tokenizer);
      for (const int64_t distance : config.distance) {
        for (int64_t index = 0; index < 10; ++index) {
          const Task task = niah.task(3, 4096, index, distance);
          INFO(name << ", " << haystack << ", " << task.id);
          const std::string& text = haystack == "noise" ? noise : essays;
          const std::string tail = task.context.substr(task.evidence[0].end);
          const size_t at = text.find(tail);
          REQUIRE(at != std::string::npos);
          const size_t next = at + tail.size();
          const std::string more = text.substr(next, text.find_first_of(" \n", next + 1) - next);
          REQUIRE(more.size() > 1);
          Task longer = task;
          longer.context += more;
          CHECK(distance_of(longer, *tokenizer) > distance);
          CHECK(distance_of(task, *tokenizer) <= distance);
          exact += distance_of(task, *tokenizer) == distance;
        }
      }
    }
  }
  CHECK(exact > 0);
}

TEST_CASE("niah: several asked needles stand in a row, the last of them at the distance, the others at depths where there is room", "[cpu]") {
  const Haystacks haystacks;
  for (const auto& [name, tokenizer] : tokenizers()) {
    for (const std::string haystack : {"essays", "noise"}) {
      NiahConfig config = haystacks.config(haystack);
      config.keys = 5, config.values = 2, config.queries = 2;
      int64_t behind = 0;
      for (const int64_t distance : {1, 60, 2000}) {
        config.distance = {distance};
        const Niah niah(config, tokenizer);
        for (int64_t index = 0; index < 4; ++index) {
          const Task task = niah.task(2, 4096, index);
          INFO(name << ", " << task.id);
          REQUIRE(task.evidence.size() == 4);
          std::vector<std::pair<int64_t, int64_t>> places;
          for (const Evidence& evidence : task.evidence) places.emplace_back(evidence.begin, evidence.end);
          std::sort(places.begin(), places.end());
          for (size_t i = 1; i < places.size(); ++i) CHECK(places[i].first == places[i - 1].second + 1);
          CHECK(distance_of(task, *tokenizer) <= distance);
          int64_t needles = 0;
          for (size_t at = task.context.find("One of the special"); at != std::string::npos; at = task.context.find("One of the special", at + 1), ++needles) {
            behind += static_cast<int64_t>(at) > places.back().first;
          }
          CHECK(needles == 10);
          if (distance == 1) CHECK(places.back().second == std::ssize(task.context));
        }
      }
      CHECK(behind > 0);
    }
  }
}

TEST_CASE("niah: a distance beyond the context, and several without a choice, are errors", "[cpu]") {
  NiahConfig config;
  config.distance = {4000};
  const auto tokenizer = tokenizers()[0].tokenizer;
  CHECK_THROWS_WITH(Niah(config, tokenizer).task(1, 4000, 0), Contains("a length of 4000 tokens is too short: the needles, the last of them 4000 tokens from the end,"));
  config.distance = {40, 50};
  CHECK_THROWS_WITH(Niah(config, tokenizer).task(1, 4000, 0), Contains("a task has one distance, the config several"));
  CHECK(Niah(config, tokenizer).task(1, 4000, 0, 50).id == "niah-1/train/4000/0/50-from-end");
  // The same needles at every distance.
  CHECK(Niah(config, tokenizer).task(1, 4000, 0, 50).answers == Niah(config, tokenizer).task(1, 4000, 0, 40).answers);
}

TEST_CASE("niah: tokenizers get the same keys, values, questions, depths and haystack, and lengths by their own count", "[cpu]") {
  const Haystacks haystacks;
  const auto all = tokenizers();
  std::set<size_t> sizes;
  int64_t compared = 0;
  for (const std::string haystack : {"essays", "sentences", "noise", "needle"}) {
    for (const auto& [keys, values, queries] : {std::tuple(1, 1, 1), {4, 1, 1}, {4, 2, 3}}) {
      NiahConfig config = haystacks.config(haystack);
      config.keys = keys, config.values = values, config.queries = queries;
      // Units, the needles among them, of a text.
      const auto units = [&](const std::string& text) {
        return static_cast<double>(haystack == "noise" || haystack == "needle" ? std::count(text.begin(), text.end(), '\n') : std::ssize(split_sentences(text)));
      };
      std::vector<Task> first;
      for (const auto& [name, tokenizer] : all) {
        const Niah niah(config, tokenizer);
        const int64_t unit = haystacks.longest_unit(haystack, *tokenizer);
        for (int64_t index = 0; index < 8; ++index) {
          const Task task = niah.task(5, 6000, index);
          INFO(name << ", " << haystack << ", " << task.id);
          REQUIRE(count(*tokenizer, task.instruction + "\n" + task.context + "\n" + task.question) == task.length);
          CHECK((task.length <= 6000 && 6000 - task.length <= unit));
          sizes.insert(task.context.size());
          if (first.size() < 8) first.push_back(task);
          const Task& other = first[index];
          CHECK(task.question == other.question);
          CHECK(task.answers == other.answers);
          REQUIRE(task.evidence.size() == other.evidence.size());
          for (size_t i = 0; i < task.evidence.size(); ++i, ++compared) {
            CHECK(task.evidence[i].subject == other.evidence[i].subject);
            CHECK(task.evidence[i].value == other.evidence[i].value);
            // Unit int(d x n) of n, besides as many needles at most as there are.
            const auto depth = [&](const Task& of) { return units(of.context.substr(0, of.evidence[i].begin)) / units(of.context); };
            const auto off = [&](const Task& of) { return static_cast<double>(1 + keys * values) / units(of.context); };
            CHECK(std::abs(depth(task) - depth(other)) <= off(task) + off(other));
          }
        }
      }
    }
  }
  CHECK(sizes.size() > 4 * 8 * 3);  // the lengths in bytes did differ
  CHECK(compared >= 4 * 8 * 2 * (1 + 1 + 6));
}

TEST_CASE("in order: things come as they are numbered, whoever made them, and what fails throws in its place", "[cpu]") {
  for (const int64_t threads : {1, 2, 7}) {
    InOrder<std::string> made(100, threads, [](int64_t i) {
      if (i == 60) throw std::runtime_error("sixty");
      return std::string(static_cast<size_t>(i), 'x');
    });
    for (int64_t i = 0; i < 60; ++i) REQUIRE(std::ssize(made.next()) == i);
    CHECK_THROWS_WITH(made.next(), "sixty");
    CHECK(made.next().size() == 61);  // the rest is never taken
  }
  InOrder<int> none(0, 4, [](int64_t) { return 1; });
  std::atomic<int64_t> begun = 0;
  {
    InOrder<int64_t> few(1000, 2, [&](int64_t i) { return ++begun, i; });
    CHECK(few.next() == 0);
    CHECK(begun <= 6);  // no more than there is room for
  }
}

TEST_CASE("in order: threads are those that are wanted, or as many as OMP_NUM_THREADS says", "[cpu]") {
  CHECK(worker_threads(3) == 3);
  const char* before = std::getenv("OMP_NUM_THREADS");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("OMP_NUM_THREADS", "5", 1);
  CHECK(worker_threads(0) == 5);
  ::unsetenv("OMP_NUM_THREADS");
  CHECK(worker_threads(0) == std::max<int64_t>(1, std::thread::hardware_concurrency()));
  if (before != nullptr) ::setenv("OMP_NUM_THREADS", kept.c_str(), 1);
}
