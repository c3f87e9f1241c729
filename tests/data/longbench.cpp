// LongBench's files, as they are published and damaged; and where the units of its contexts begin.
#include "data/tasks/longbench.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <zip.h>

#include "configs/run.h"
#include "data/chunker.h"
#include "data/scores/longbench.h"
#include "data/tasks/units.h"
#include "tests/configs/folder.h"

using namespace smooth;
using Catch::Contains;

namespace {

nlohmann::json record(const std::string& id, const std::string& context = "Passage 1:\nA\nx y\nPassage 2:\nB\nz", const std::string& language = "en") {
  return {{"_id", id}, {"input", "Who?"}, {"context", context}, {"answers", {"x", "X"}}, {"length", 7}, {"dataset", "hotpotqa"}, {"language", language}, {"all_classes", nullptr}};
}

// An archive as zip programs make it, its members compressed.
void write_zip(const std::string& path, const std::vector<std::pair<std::string, std::string>>& members) {
  zip_t* zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
  REQUIRE(zip != nullptr);
  for (const auto& [name, text] : members) {
    zip_source_t* source = zip_source_buffer(zip, text.data(), text.size(), 0);
    REQUIRE(zip_file_add(zip, name.c_str(), source, ZIP_FL_ENC_UTF_8) >= 0);
  }
  REQUIRE(zip_close(zip) == 0);
}

}  // namespace

TEST_CASE("LongBench is read from its archive and from folders, in the file's order") {
  const TestFolder folder;
  const std::string lines = record("a").dump() + "\n" + record("b", std::string(100000, 'w')).dump() + "\n";
  folder.file("flat/hotpotqa.jsonl", lines);
  folder.file("unpacked/data/hotpotqa.jsonl", lines);
  folder.file("unpacked/data/hotpotqa_e.jsonl", record("e").dump() + "\n");
  write_zip((folder.path / "data.zip").string(), {{"data/hotpotqa.jsonl", lines}, {"data/hotpotqa_e.jsonl", record("e").dump()}});
  for (const char* from : {"flat", "unpacked", "data.zip"}) {
    const auto records = read_longbench(folder.path / from, "hotpotqa", false);
    REQUIRE(records.size() == 2);
    CHECK((records[0].id == "a" && records[1].id == "b"));
    CHECK(records[0].answers == std::vector<std::string>{"x", "X"});
    CHECK((records[0].classes.empty() && records[0].length == 7 && records[1].context.size() == 100000));
  }
  CHECK(read_longbench(folder.path / "data.zip", "hotpotqa", true)[0].id == "e");
  CHECK(read_longbench(folder.path / "unpacked", "hotpotqa", true)[0].id == "e");
}

TEST_CASE("files of LongBench that are lacking or damaged are named, with the line") {
  const TestFolder folder;
  const auto message = [&](const std::string& text) {
    folder.file("x/hotpotqa.jsonl", text);
    try {
      read_longbench(folder.path / "x", "hotpotqa", false);
    } catch (const std::runtime_error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const std::string good = record("a").dump() + "\n";
  CHECK_THAT(message(good + "{\"_id\": 1\n"), Contains("hotpotqa.jsonl: row 2: "));
  CHECK_THAT(message(good + good), Contains("row 2: _id: a is there twice"));
  CHECK_THAT(message(good + record("b", "x", "zh").dump() + "\n"), Contains("row 2: language: expected en or that of some code, got \"zh\""));
  for (const char* field : {"_id", "input", "context", "answers", "length", "language"}) {
    nlohmann::json lacks = record("b");
    lacks.erase(field);
    CHECK_THAT(message(lacks.dump() + "\n"), Contains("row 1: ") && Contains(field));
  }
  nlohmann::json none = record("b");
  none["answers"] = nlohmann::json::array();
  CHECK_THAT(message(none.dump() + "\n"), Contains("answers: is empty"));
  none["answers"] = "x";
  CHECK_THAT(message(none.dump() + "\n"), Contains("answers"));
  CHECK_THAT(message(""), Contains("holds no record"));
  CHECK_THROWS_WITH(read_longbench(folder.path / "x", "trec", false), Contains("expected LongBench's data.zip, or a folder with trec.jsonl"));

  write_zip((folder.path / "data.zip").string(), {{"data/hotpotqa.jsonl", std::string(50000, 'a') + good}});
  CHECK_THROWS_WITH(read_longbench(folder.path / "data.zip", "trec", false), Contains("has no data/trec.jsonl"));
  std::string bytes = read_file(folder.path / "data.zip");
  bytes[60] = static_cast<char>(bytes[60] ^ 1);  // within the member
  write_file(folder.path / "flipped.zip", bytes);
  CHECK_THROWS_WITH(read_longbench(folder.path / "flipped.zip", "hotpotqa", false), Contains("data/hotpotqa.jsonl is damaged"));
  write_file(folder.path / "cut.zip", bytes.substr(0, bytes.size() - 30));
  CHECK_THROWS_WITH(read_longbench(folder.path / "cut.zip", "hotpotqa", false), Contains("cannot be opened as a zip archive"));
}

TEST_CASE("every task of LongBench is told, and scored by its metric") {
  for (const LongBenchTask& known : longbench_tasks()) {
    const Task task = longbench_task(known.name, {.id = "a", .input = "q", .context = "c", .language = "en", .answers = {"x"}, .classes = {"x", "y"}, .length = 9});
    INFO(known.name);
    CHECK(task.instruction.size() > 30);
    CHECK((task.metric == known.metric && task.row == known.name && task.question == "q" && task.words == 9));
  }
  CHECK_THROWS(longbench_task("lsht", {}));
}

TEST_CASE("units begin where LongBench marks them") {
  const auto begins = [](const std::string& dataset, const std::string& context) {
    std::vector<std::string> units;
    for (const int64_t at : unit_borders(dataset, context)) units.push_back(context.substr(at, 12));
    return units;
  };
  CHECK(begins("musique", "Passage 1:\nA\nPassage of time: x\nPassage 2:\nB") == std::vector<std::string>{"Passage 1:\nA", "Passage 2:\nB"});
  CHECK(begins("passage_count", "Paragraph 1: a b\n\nParagraph 12: c\n\nParagraph x: d") == std::vector<std::string>{"Paragraph 1:", "Paragraph 12"});
  CHECK(begins("trec", "Question: Who?\nType: Human\nQuestion: When?\nType: Date").size() == 2);
  CHECK(begins("triviaqa", "Passage:\nPassage: x\nQuestion:\nq\nAnswer:\na\nPassage:\ny").size() == 2);
  CHECK(begins("samsum", "Dialogue: A: hi\r\nB: ho\nSummary: s\nDialogue: C: hm").size() == 2);
  CHECK(begins("repobench-p", "src/a.py\nimport b\nx = \"c.py\"\nlib/B.java\nclass B {}\n") == std::vector<std::string>{"src/a.py\nimp", "lib/B.java\nc"});
  CHECK(begins("narrativeqa", "Passage 1:\nA").empty());
}

TEST_CASE("a chunk keeps a unit whole where it can") {
  std::string context;
  for (int i = 1; i <= 40; ++i) context += "Paragraph " + std::to_string(i) + ": one two three. Four five six seven\n\neight nine.\n\n";
  const std::vector<int64_t> borders = unit_borders("passage_count", context);
  REQUIRE(borders.size() == 40);
  std::string joined;
  for (const std::string_view part : chunk(context, 64, borders)) {
    CHECK(part.starts_with("Paragraph "));
    CHECK(part.ends_with("eight nine.\n\n"));
    joined += part;
  }
  CHECK(joined == context);
  bool cut = false;
  for (const std::string_view part : chunk(context, 64)) cut |= !part.starts_with("Paragraph ");
  CHECK(cut);  // without borders the paper's delimiters do not know better
  // What is longer than a chunk is divided within, and the next unit begins a chunk of its own.
  std::string both = "Paragraph 1:";
  for (int i = 0; i < 60; ++i) both += " word";
  both += "\nParagraph 2: short\n";
  const auto parts = chunk(both, 20, unit_borders("passage_count", both));
  CHECK(parts.size() > 2);
  CHECK(parts.back() == "Paragraph 2: short\n");
}
