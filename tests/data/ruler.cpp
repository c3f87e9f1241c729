// Files that RULER's own generator wrote (tests/golden/ruler_jsonl.py), and damaged ones.
#include "data/tasks/ruler.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <set>

#include "data/niah.h"
#include "data/reading.h"
#include "data/teachers/rules.h"
#include "tests/configs/folder.h"

using namespace smooth;
using Catch::Contains;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

std::vector<json> lines_of(const fs::path& file) {
  std::vector<json> lines;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) lines.push_back(json::parse(line));
  return lines;
}

std::string without_blanks(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
  return text;
}

std::vector<fs::path> files() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator("tests/golden/ruler")) found.push_back(entry.path() / "validation.jsonl");
  std::sort(found.begin(), found.end());
  return found;
}

// What is thrown for a file of one line.
std::string refused(const std::string& line) {
  const TestFolder folder;
  const std::string file = folder.file("x.jsonl", line + "\n");
  return folder.short_form(message_of<std::runtime_error>([&] { RulerFile{file}; }));
}

}  // namespace

TEST_CASE("ruler: every file that RULER wrote is taken apart, and put together is the prompt that it was") {
  REQUIRE(files().size() == 22);
  std::set<std::string> names;
  for (const fs::path& path : files()) {
    const RulerFile file(path);
    const std::vector<json> lines = lines_of(path);
    INFO(path);
    REQUIRE(file.size() == 2);
    names.insert(file.name());
    for (int64_t i = 0; i < file.size(); ++i) {
      const Task task = file.task(i);
      const std::string input = lines[i]["input"], prompt = task.instruction + "\n" + task.context + "\n" + task.question;
      if (file.name().starts_with("niah_")) CHECK(prompt == input);
      CHECK(without_blanks(input).find(without_blanks(prompt)) != std::string::npos);
      CHECK(task.answers == lines[i]["outputs"].get<std::vector<std::string>>());
      CHECK(task.id == file.name() + "-" + std::to_string(i));
      CHECK(task.metric == "string-match");
      CHECK(task.question.find(task.subject) != std::string::npos);
      CHECK(task.context.find("afterwards") == std::string::npos);
      REQUIRE(task.evidence.size() == task.answers.size());
      std::multiset<std::string> values;
      for (const Evidence& evidence : task.evidence) {
        const std::string needle = task.context.substr(evidence.begin, evidence.end - evidence.begin);
        CHECK((needle.starts_with("One of the special magic ") && needle.ends_with(" is: " + evidence.value + ".")));
        CHECK(needle.find("One of", 1) == std::string::npos);
        const std::string key = evidence.subject.substr(evidence.subject.rfind(" for ") + 5);
        CHECK((task.question.find(key) != std::string::npos && needle.find(" for " + key + " is: ") != std::string::npos));
        values.insert(evidence.value);
      }
      CHECK(values == std::multiset<std::string>(task.answers.begin(), task.answers.end()));
      CHECK(depth_percent(task).has_value() == (task.answers.size() == 1));
    }
  }
  for (const NiahVariant& variant : kNiahVariants) CHECK(names.contains(std::string("niah_") + variant.name));
}

TEST_CASE("ruler: the variants' files have the haystacks, keys and values that the presets make") {
  const auto tokenizer = load_tokenizer("tests/golden/sentencepiece/unigram");
  TestFolder folder;
  for (const NiahVariant& variant : kNiahVariants) {
    const RulerFile file("tests/golden/ruler/niah_" + std::string(variant.name) + "/validation.jsonl");
    NiahConfig config;
    config.set_variant(variant.name);
    if (config.haystack == "essays") config.essays = folder.file("e.txt", "Sentence one stands here. Sentence two stands there.");
    const Task theirs = file.task(0), ours = Niah(config, tokenizer).task(1, 3000, 0);
    INFO(variant.name);
    CHECK(ours.instruction == theirs.instruction);
    CHECK(ours.answers.size() == theirs.answers.size());
    const auto shape = [](const Task& task) {  // a number's digits, a uuid's hyphens
      std::string text = task.evidence[0].value;
      for (char& c : text) c = c == '-' ? c : '0';
      return text;
    };
    CHECK(shape(ours) == shape(theirs));
    CHECK((ours.context.find('\n') != std::string::npos) == (theirs.context.find('\n') != std::string::npos));
    const auto begin = [](const Task& task) { return task.question.substr(0, task.question.find(" for ")); };
    CHECK(begin(ours) == begin(theirs));
  }
}

TEST_CASE("ruler: its tasks are read in one step, unsmooth and smooth, by a teacher who finds every value") {
  for (const fs::path& path : files()) {
    Task task = RulerFile(path).task(1);
    for (const Mode mode : {Mode::kOneStep, Mode::kUnsmooth, Mode::kSmooth}) {
      RuleTeacher teacher(task);
      const Transcript transcript = read(task, {.mode = mode, .chunk = 200, .early_stop = false}, teacher);
      INFO(path << mode_name(mode));
      CHECK((transcript.exchanges.size() > 1) == (mode != Mode::kOneStep));
      for (const std::string& answer : task.answers) CHECK(transcript.answer.find(answer) != std::string::npos);
      if (mode != Mode::kOneStep) CHECK(transcript.exchanges[0].given.starts_with(task.instruction + "\n" + task.question + "\n"));
    }
  }
}

TEST_CASE("ruler: what `./smooth niah` writes is read as well, and blank lines are none") {
  TestFolder folder;
  NiahConfig config;
  config.set_variant("multikey_3");
  const Task task = Niah(config, load_tokenizer("tests/golden/sentencepiece/unigram")).task(3, 2000, 0);
  const json line = {{"index", 0}, {"input", task.instruction + "\n" + task.context + "\n" + task.question}, {"outputs", task.answers}, {"length", task.length}};
  const RulerFile file(folder.file("needles.jsonl", "\n" + line.dump() + "\n\n" + line.dump()));  // the last line without its newline
  REQUIRE(file.size() == 2);
  CHECK(file.name() == "needles");
  for (const int64_t i : {0, 1}) {
    const Task again = file.task(i);
    CHECK((again.context == task.context && again.question == task.question && again.subject == task.subject && again.answers == task.answers));
    CHECK((again.evidence[0].begin == task.evidence[0].begin && again.evidence[0].subject == task.evidence[0].subject));
  }
  const RulerFile other(folder.file("others.jsonl", line.dump() + "\n"));
  CHECK(file.checksum() != other.checksum());
  CHECK(file.checksum() == RulerFile(folder.file("same.jsonl", line.dump() + "\n" + line.dump() + "\n")).checksum());
}

TEST_CASE("ruler: what cannot be recognised is named by file and line, with what was expected") {
  const json good = lines_of("tests/golden/ruler/niah_single_1/validation.jsonl")[0];
  const std::string input = good["input"];
  CHECK(refused(good.dump()) == "(nothing was thrown)");
  const auto with = [&](const std::string& old, const std::string& now) {
    json line = good;
    std::string text = input;
    REQUIRE(text.find(old) != std::string::npos);
    text.replace(text.rfind(old), old.size(), now);
    line["input"] = text;
    return refused(line.dump());
  };
  CHECK_THAT(with("A special magic number is", "A magic number is"), Contains("x.jsonl:1: input: expected the first line of RULER's needle tasks, \"A special magic number is hidden"));
  CHECK_THAT(with("afterwards.\n", "afterwards.The"), Contains("x.jsonl:1: input: expected a newline behind the first line"));
  CHECK_THAT(with("\nWhat is the special magic number for", "\nWhich is the special magic number for"),
             Contains("x.jsonl:1: input: expected the question \"What is the special magic number for ...\" behind the context"));
  CHECK_THAT(with("\nWhat is the special magic number for", "\nWhat are all the special magic numbers for"), Contains("x.jsonl:1: input: expected the question"));
  CHECK_THAT(with(" mentioned in the provided text?", "?"), Contains("x.jsonl:1: input: expected keys and \" mentioned in the provided text?\""));
  CHECK_THAT(with(" mentioned in the provided text?", " mentioned in the provided text? Hurry."), Contains("x.jsonl:1: input: expected nothing around the task (--model_template_type "
                                                                                                          "base) or one of RULER's other templates, got: ... Hurry."));
  CHECK_THAT(with("A special magic number is", "Be quick. A special magic number is"), Contains("got: Be quick. ..."));

  const auto changed = [&](const char* key, const json& value) {
    json line = good;
    line[key] = value;
    return refused(line.dump());
  };
  CHECK_THAT(changed("outputs", {"123"}), Contains("x.jsonl:1: outputs: 123 stands in no needle of the context"));
  CHECK_THAT(changed("outputs", json::array()), Contains("x.jsonl:1: outputs: is empty"));
  CHECK_THAT(changed("outputs", {good["outputs"][0], good["outputs"][0]}), Contains("x.jsonl:1: outputs: has 2, but input asks for one value"));
  CHECK_THAT(changed("outputs", 7), Contains("x.jsonl:1: ") && Contains("outputs"));
  CHECK_THAT(changed("input", 7), Contains("x.jsonl:1: ") && Contains("input"));
  json none = good;
  none.erase("input");
  CHECK_THAT(refused(none.dump()), Contains("x.jsonl:1: ") && Contains("input"));
  CHECK_THAT(refused("[1]"), Contains("x.jsonl:1: expected a JSON object, got [1]"));
  CHECK_THAT(refused(good.dump().substr(0, 300)), Contains("x.jsonl:1: "));
  CHECK_THAT(refused("\"\xff\""), Contains("x.jsonl:1: byte 2 is no UTF-8"));
  CHECK_THAT(refused(good.dump() + "\n{}"), Contains("x.jsonl:2: "));
  CHECK_THAT(refused(""), Contains("x.jsonl: holds no task"));
  CHECK_THROWS_WITH(RulerFile("/nowhere/validation.jsonl"), Contains("/nowhere/validation.jsonl: cannot be opened"));

  // A needle of another key does not make an answer right.
  const json keys = lines_of("tests/golden/ruler/niah_multikey_1/validation.jsonl")[0];
  const std::string text = keys["input"], opening = "One of the special magic numbers for ";
  for (size_t at = text.find(opening); at != std::string::npos; at = text.find(opening, at + 1)) {
    const size_t value = text.find(" is: ", at) + 5;
    json line = keys;
    line["outputs"] = {text.substr(value, text.find('.', value) - value)};
    const bool asked = line["outputs"] == keys["outputs"];
    CHECK(asked == (refused(line.dump()) == "(nothing was thrown)"));
  }
}
