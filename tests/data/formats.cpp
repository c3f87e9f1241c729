// Every form but Parquet: what is read, and what each kind of damage says and costs.
#include "data/sources/formats.h"

#include <catch2/catch.hpp>

#include "tests/configs/folder.h"
#include "tests/data/raw.h"

using namespace smooth;
using Catch::Matchers::Contains;

namespace {

Read jsonl(const std::string& text, bool stop = false) { return read_text(text, read_jsonl, stop); }
Read array(const std::string& text, bool stop = false) {
  return read_text(text, [](std::istream& in, Intake& intake) { read_json_array(in, "Data", intake); }, stop);
}
Read csv(const std::string& text, std::vector<std::string> columns = {"id", "text"}) {
  return read_text(text, [&](std::istream& in, Intake& intake) { read_csv(in, columns, intake); });
}
Read lines(const std::string& text) { return read_text(text, read_lines); }

// Longer than a reader's block, so that rows lie across its borders.
std::string many(int count, const std::string& before, const std::string& row, const std::string& between, const std::string& after) {
  std::string text = before;
  for (int i = 0; i < count; ++i) {
    std::string one = row;
    one.replace(one.find('#'), 1, std::to_string(i));
    text += (i ? between : "") + one;
  }
  return text + after;
}

}  // namespace

TEST_CASE("jsonl gives an object a line", "[cpu][sources]") {
  REQUIRE(jsonl("{\"a\": 1}\n\n  \r\n{\"b\": \"x\\ny\"}\r\n{}").text() == R"({"a":1}{"b":"x\ny"}{})");
  REQUIRE(jsonl("\xef\xbb\xbf{\"a\":1}\n").text() == R"({"a":1})");
  REQUIRE(jsonl("").records.empty());
  const Read read = jsonl(many(60000, "", R"({"n": #, "text": "some words"})", "\n", "\n"));
  REQUIRE(read.records.size() == 60000);
  REQUIRE(read.records[54321]["n"] == 54321);
}

TEST_CASE("each bad line of a jsonl costs itself and says why", "[cpu][sources]") {
  const std::vector<std::pair<std::string, std::string>> bad = {
      {R"({"a": )", "JSON"},
      {R"([1])", "expected an object, found array"},
      {R"({"a": "x)" "\xff" R"("})", "byte 8 is not UTF-8"},
      {std::string("{\"a\": \"x\0\"}", 11), "byte 8 is a NUL"},
      {R"({"a": {"b": ["x", "y\u0000"]}})", "field a.b: byte 1 is a NUL"},
      {R"({"a": "\ud800"})", "JSON"},
      {R"({"a": ")" + std::string(1001, 'x') + R"("})", "field a: 1001 bytes, more than the 1000 that a field may have"},
      {R"({"a": ")" + std::string(5000, 'x') + R"("})", "longer than 4000 bytes"},
      {std::string(70, '['), "JSON"},
      {std::string(500000, '['), "longer than 4000 bytes"},
  };
  for (const auto& [line, reason] : bad) {
    INFO(line.substr(0, 80));
    const Read read = jsonl("{\"first\":1}\n" + line + "\n{\"last\":2}\n");
    REQUIRE(read.text() == R"({"first":1}{"last":2})");
    REQUIRE(read.bad == 1);
    REQUIRE_THAT(read.first, Catch::Matchers::StartsWith("FILE: row 2: "));
    REQUIRE_THAT(read.first, Contains(reason));
    REQUIRE(read.first.size() < 400);
    const std::string stopped = message_of<std::runtime_error>([&, text = line] { jsonl("{\"first\":1}\n" + text + "\n{\"last\":2}\n", true); });
    REQUIRE(stopped == read.first);
  }
  const Read cut = jsonl("{\"a\": 1}\n{\"a\": \"xy");
  REQUIRE(cut.records.size() == 1);
  REQUIRE_THAT(cut.first, Contains("row 2: the last line has no end; is the file truncated?"));
}

TEST_CASE("an array of JSON gives its elements, by itself or as a member", "[cpu][sources]") {
  const std::string items = R"( [ {"a": "]},\"{"} , {"b": [1, {"c": []}]}
  ] )";
  REQUIRE(array(items).text() == R"({"a":"]},\"{"}{"b":[1,{"c":[]}]})");
  REQUIRE(array(R"({"Domain": "x", "Other": {"Data": [1]}, "n": -1.5e3, "Data": )" + items + R"(, "rest": 1})").text() == array(items).text());
  REQUIRE(array("[]").records.empty());
  REQUIRE(array("[]").bad == 0);
  const Read read = array(many(60000, "[", R"({"n": #, "text": "say \"yes\" \\"})", ",\n", "]"));
  REQUIRE(read.records.size() == 60000);
  REQUIRE(read.records[12345]["n"] == 12345);
  REQUIRE(read.bad == 0);
}

TEST_CASE("a bad element costs itself, a broken array what is behind", "[cpu][sources]") {
  const auto check = [](const std::string& text, size_t good, const std::string& reason) {
    INFO(text.substr(0, 80));
    const Read read = array(text);
    REQUIRE(read.records.size() == good);
    REQUIRE(read.bad == 1);
    REQUIRE_THAT(read.first, Contains(reason));
    REQUIRE(message_of<std::runtime_error>([&] { array(text, true); }) == read.first);
  };
  check("[{\"a\": 1}, {\"b\": \"\xfe\"}, {\"c\": 3}]", 2, "FILE: row 2: byte 7 is not UTF-8");
  check("[{\"a\": 1}, {\"b\" 2}, {\"c\": 3}]", 2, "FILE: row 2: JSON");
  check("[{\"a\": 1}, 17, {\"c\": 3}]", 2, "FILE: row 2: expected an object, found number");
  check("[{\"a\": 1}, \"\", {\"c\": 3}]", 2, "row 2: expected an object, found string");
  check("[{\"a\": 1}, {\"b\": \"" + std::string(9000, 'x') + "\"}, {\"c\": 3}]", 2, "row 2: longer than 4000 bytes");
  check("[{\"a\": 1}, {\"b\": ", 1, "row 2: the file ends within this record; is it truncated?");
  check("[{\"a\": 1}, {\"b\": \"x", 1, "row 2: the file ends within a string of this record");
  check("[{\"a\": 1}", 1, "row 2: expected ',' or ']' in front of it, found the end of the file");
  check("[{\"a\": 1}, ]", 1, "row 2: expected a value, found ']'");
  check("[{\"a\": 1} {\"b\": 2}]", 1, "row 2: expected ',' or ']' in front of it, found '{'");
  check("[{\"a\": 1}] x", 1, "expected the end of the file behind ']', found 'x'");
  check("[" + std::string(70, '[') + std::string(70, ']') + "]", 0, "nested deeper than 64 levels");
  check("", 0, "row 1: expected '[', found the end of the file");
  check("{\"Dota\": []}", 0, "an object with a list \"Data\" in it");
  check("{}", 0, "expected a member \"Data\" with a list, found '}'");
  check("{\"Data\": {}}", 0, "row 1: expected '[', found '{'");
}

TEST_CASE("csv gives the wanted columns, with whatever stands in quotes", "[cpu][sources]") {
  const std::string text = "id,dialogue,text\r\n1,\"A: hi, \"\"you\"\"\r\nB: bye\n\",plain\n\"2\",,\"\"\n\n3,x,y";
  REQUIRE(csv(text).text() == R"({"id":"1","text":"plain"}{"id":"2","text":""}{"id":"3","text":"y"})");
  REQUIRE(csv(text, {"dialogue", "other?"}).text() == R"({"dialogue":"A: hi, \"you\"\r\nB: bye\n"}{"dialogue":""}{"dialogue":"x"})");
  REQUIRE(csv("\xef\xbb\xbf" "id,text\n1,2\n").text() == R"({"id":"1","text":"2"})");
  const Read read = csv(many(60000, "id,text\n", "#,\"a\nb\"\"\"", "\n", "\n"));
  REQUIRE(read.records.size() == 60000);
  REQUIRE(read.records[333]["text"] == "a\nb\"");
}

TEST_CASE("a bad row of csv costs itself", "[cpu][sources]") {
  const auto check = [](const std::string& row, const std::string& reason, size_t good = 2) {
    INFO(row.substr(0, 60));
    const Read read = csv("id,text\na,b\n" + row + "\nc,d\n");
    REQUIRE(read.records.size() == good);
    REQUIRE(read.bad == 1);
    REQUIRE_THAT(read.first, Contains("FILE: row 2: " + reason));
  };
  check("a", "1 fields where the header has 2");
  check("a,b,c", "3 fields where the header has 2");
  check("a,b\"c", "a quote within a field that is not quoted");
  check("\"a\"b,c", "something between a field's closing quote and the next comma");
  check("a,\xc3", "field text: byte 0 is not UTF-8");
  check(std::string("a,\0", 3), "field text: byte 0 is a NUL");
  check("a," + std::string(1001, 'x'), "field text: 1001 bytes");
  check("a," + std::string(4001, 'x'), "longer than 4000 bytes");
  check("a,\"open", "the file ends within a quoted field; is it truncated?", 1);
}

TEST_CASE("csv without its columns is no csv", "[cpu][sources]") {
  REQUIRE_THAT(csv("").first, Contains("FILE: row 1: empty; expected a header"));
  REQUIRE_THAT(csv("id,summary\n1,2\n").first, Contains("columns are missing: text; the file has: id, summary"));
  REQUIRE_THAT(csv("x,y\n1,2\n", {"a?", "b?"}).first, Contains("none of these columns is there: a, b; the file has: x, y"));
  REQUIRE_THAT(csv("\"id,text\n1,2\n").first, Contains("the header: the file ends within a quoted field"));
}

TEST_CASE("plain lines, with one stray byte made a blank", "[cpu][sources]") {
  REQUIRE(lines("one\r\n\ntwo \xf0 three\n\xf0\x9f\x99\x82").text() == "{\"line\":\"one\"}{\"line\":\"two   three\"}{\"line\":\"\xf0\x9f\x99\x82\"}");
  REQUIRE_THAT(lines("one\ntwo \xff\nthree").first, Contains("FILE: row 2: field line: byte 4 is not UTF-8"));
  REQUIRE(lines("one\ntwo \xff\nthree").records.size() == 2);
  REQUIRE_THAT(lines("one\n" + std::string(4001, 'x')).first, Contains("row 2: longer than"));
}

TEST_CASE("bad bytes are found wherever they are", "[cpu][sources]") {
  const std::string good = "abcdefgh\xc3\xa9ijklmnop\xe2\x80\x9cqrstuvwx\xf0\x9f\x99\x82yz\x7f\x01";
  REQUIRE(find_bad_byte(good) == std::string::npos);
  for (size_t at = 0; at <= good.size(); ++at) {
    if (at < good.size() && (good[at] & 0xc0) == 0x80) continue;  // within a character
    for (const char byte : {'\0', '\xff', '\x80', '\xc0'}) {
      std::string text = good;
      text.insert(at, 1, byte);
      REQUIRE(find_bad_byte(text) == at);
    }
  }
}

// What a reader holds must not grow with what is wrong in the file.
TEST_CASE("a field of 100 MB is a bad row of every format", "[cpu][sources]") {
  const TestFolder folder;
  const std::string big(100 << 20, 'x');
  const auto check = [&](const std::string& name, const std::string& text, size_t good, int64_t row) {
    const std::string path = folder.file(name, text);
    std::vector<std::string> found;
    BadRows bad(true);
    Intake intake(path, 16 << 20, bad, [&](Record& record) {
      found.push_back(record.dump());
      return true;
    });
    read_records(path, {"a"}, "", intake);
    INFO(bad.first());
    REQUIRE(found.size() == good);
    REQUIRE(bad.count() == 1);
    REQUIRE_THAT(bad.first(), Catch::Matchers::StartsWith(path + ": row " + std::to_string(row) + ": longer than 67108864 bytes"));
    std::filesystem::remove(path);
  };
  check("a.jsonl", "{\"a\":1}\n{\"a\":\"" + big + "\"}\n{\"a\":2}\n", 2, 2);
  check("a.json", "[{\"a\":1},{\"a\":\"" + big + "\"},{\"a\":2}]", 2, 2);
  check("a.csv", "a\nx\n\"" + big + "\"\ny\n", 2, 2);
  check("a.label", "x\n" + big + "\ny\n", 2, 2);
}

TEST_CASE("the end of a file's name says how it is read", "[cpu][sources]") {
  const TestFolder folder;
  BadRows bad(false);
  Intake intake("x", 100, bad, [](Record&) { return true; });
  REQUIRE_THAT(message_of<std::runtime_error>([&] { read_records(folder.file("a.xml", ""), {}, "", intake); }), Contains(".parquet, .jsonl, .json, .csv"));
  REQUIRE_THAT(message_of<std::runtime_error>([&] { read_records(folder.path / "no.csv", {}, "", intake); }), Contains("no.csv: No such file"));
  REQUIRE_THAT(message_of<std::runtime_error>([&] { read_records(folder.path / "no.parquet", {}, "", intake); }), Contains("no.parquet: there is no such file"));
}

TEST_CASE("reading ends when enough was taken", "[cpu][sources]") {
  const auto taken = [](const std::string& text, const auto& read) {
    int64_t count = 0;
    BadRows bad(false);
    Intake intake("FILE", 100, bad, [&](Record&) { return ++count < 2; });
    std::istringstream in(text);
    read(in, intake);
    return count;
  };
  REQUIRE(taken("{}\n{}\nbroken", read_jsonl) == 2);
  REQUIRE(taken("a\nb\nc\n", read_lines) == 2);
  REQUIRE(taken("[{},{},broken", [](std::istream& in, Intake& intake) { read_json_array(in, "", intake); }) == 2);
  REQUIRE(taken("a\nb\nc\n\"d", [](std::istream& in, Intake& intake) { read_csv(in, {"a"}, intake); }) == 2);
}
