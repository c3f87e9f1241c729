// Parquet through Arrow: files of tests/golden/parquet.py, whole, damaged and wrong.
#include <catch2/catch.hpp>

#include "configs/run.h"
#include "data/sources/formats.h"
#include "tests/configs/folder.h"
#include "tests/data/raw.h"

using namespace smooth;
using Catch::Matchers::Contains;

namespace {

const std::string kGolden = "tests/golden/parquet/";
const std::string kReports = kGolden + "govreport/train/0000.parquet";

Read parquet(const std::string& file, const std::vector<std::string>& columns, bool stop = false, int64_t max_field_bytes = 16 << 20) {
  Read result;
  BadRows bad(!stop);
  Intake intake(file, max_field_bytes, bad, [&](Record& record) {
    result.records.push_back(record);
    return true;
  });
  read_records(file, columns, "", intake);
  result.bad = bad.count();
  result.first = bad.first();
  return result;
}

}  // namespace

TEST_CASE("parquet gives only the wanted columns, in the nested form of their rows", "[cpu][sources]") {
  const std::string file = kGolden + "hotpotqa/distractor/train-00000-of-00002.parquet";
  const Read read = parquet(file, {"id", "supporting_facts.sent_id", "context.title", "context.sentences", "no_such?"});
  REQUIRE(read.bad == 0);
  REQUIRE(read.records.size() == 5);  // in three row groups
  const Record& last = read.records[4];
  REQUIRE(last.size() == 3);
  REQUIRE(last["id"] == "5a0004");
  REQUIRE(last["supporting_facts"].dump() == R"({"sent_id":[0,1]})");
  REQUIRE(last["context"]["title"].size() == 10);
  REQUIRE(last["context"]["sentences"][3].dump() == R"(["Town 4-3 is a town."," It lies on River 4."])");
  // A list of structs is a list of objects.
  const Read stories = parquet(kGolden + "narrativeqa/train-00000-of-00024.parquet", {"answers.text", "question.text"});
  REQUIRE(stories.records[4].dump() == R"({"question":{"text":"Who is it, s2 1?"},"answers":[{"text":"The miller 1"},{"text":"A miller"}]})");
}

TEST_CASE("both compressions of the hubs are read", "[cpu][sources]") {
  REQUIRE(parquet(kReports, {"report", "summary"}).records.size() == 5);  // zstd
  REQUIRE(parquet(kGolden + "wikisum/train-00000-of-00001.parquet", {"title"}).records.size() == 40);  // snappy
}

TEST_CASE("what is wrong with a row of parquet costs that row", "[cpu][sources]") {
  const auto check = [](const std::string& name, const std::string& reason) {
    const std::string file = kGolden + "wrong/" + name;
    const Read read = parquet(file, {"report", "summary"});
    INFO(read.first);
    REQUIRE(read.bad == 1);
    REQUIRE(read.records.size() == 2);
    REQUIRE_THAT(read.first, Contains(file + ": row ") && Contains(reason));
    REQUIRE(message_of<std::runtime_error>([&] { parquet(file, {"report", "summary"}, true); }) == read.first);
  };
  check("nul.parquet", "row 2: field report: byte 1 is a NUL");
  check("utf8.parquet", "row 3: field report: byte 1 is not UTF-8");
  check("big.parquet", "row 2: field report: 104857600 bytes, more than the 16777216");
}

TEST_CASE("parquet with other columns or of another kind is refused", "[cpu][sources]") {
  REQUIRE_THAT(parquet(kReports, {"report", "abstract"}).first, Contains(kReports + ": row 1: columns are missing: abstract; the file has: report, summary"));
  REQUIRE_THAT(parquet(kReports, {"a?", "b?"}).first, Contains("none of these columns is there: a, b"));
  REQUIRE(parquet(kGolden + "wrong/null.parquet", {"report"}).records[1].dump() == R"({"report":null})");
  REQUIRE(parquet(kGolden + "wrong/types.parquet", {"report"}).records[1].dump() == R"({"report":2.5})");
}

TEST_CASE("damaged parquet says so, wherever it is cut or changed", "[cpu][sources]") {
  const TestFolder folder;
  const std::string whole = read_file(kReports);
  const auto first_of = [&](const std::string& bytes) {
    const std::string file = folder.file("x.parquet", bytes);
    const Read read = parquet(file, {"report", "summary"});
    REQUIRE(read.records.size() <= 5);
    return read.first;
  };
  for (size_t size = 0; size < whole.size(); size += 97) REQUIRE_THAT(first_of(whole.substr(0, size)), Contains("x.parquet: row 1: Arrow: "));
  REQUIRE_THAT(first_of("{\"report\": \"not parquet at all\"}"), Contains("Arrow: "));
  int refused = 0;
  for (size_t at = 4; at + 8 < whole.size(); at += 3) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x5a);
    refused += !first_of(changed).empty();
  }
  REQUIRE(refused > 100);
}
