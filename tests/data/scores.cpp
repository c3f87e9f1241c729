// The metrics against numbers that the official code gave, and the quirks of that code one by one.
#include "data/scores/metrics.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <set>

#include "data/random.h"
#include "data/scores/average.h"
#include "data/scores/code_similarity.h"
#include "data/scores/longbench.h"
#include "data/scores/longbench_folder.h"
#include "data/scores/predictions.h"
#include "data/scores/python_text.h"
#include "data/scores/qa_f1.h"
#include "data/scores/rouge_l.h"
#include "tests/configs/folder.h"

using namespace smooth;
using Json = nlohmann::json;

namespace {

std::string words(const std::string& prefix, int64_t count) {
  std::string text;
  for (int64_t i = 0; i < count; ++i) text += (i == 0 ? "" : " ") + prefix + std::to_string(i);
  return text;
}

std::string line(const std::string& pred, const std::vector<std::string>& answers, const Json& classes = nullptr, int64_t length = 100) {
  return Json({{"pred", pred}, {"answers", answers}, {"all_classes", classes}, {"length", length}}).dump() + "\n";
}

std::vector<std::string> warnings;

LongBenchResult scored(const TestFolder& folder, bool e = false, const std::string& backend = "difflib") {
  warnings.clear();
  return score_longbench(folder.path.string(), e, backend, [&](const std::string& warning) { warnings.push_back(folder.short_form(warning)); });
}

std::string refusal(const TestFolder& folder, bool e = false) {
  try {
    scored(folder, e);
  } catch (const std::exception& error) {
    return folder.short_form(error.what());
  }
  return "";
}

bool warned(const std::string& part) {
  return std::any_of(warnings.begin(), warnings.end(), [&](const std::string& warning) { return warning.find(part) != warning.npos; });
}

}  // namespace

TEST_CASE("lower is Python's: one character becomes two, a sigma looks around", "[cpu][scores]") {
  CHECK(lower("ABC xyz ÀÉ ДЖ") == "abc xyz àé дж");
  CHECK(lower("İ") == "i\u0307");
  CHECK(lower("ẞ Ǆ ǅ Ⅷ Ⓐ") == "ß ǆ ǆ ⅷ ⓐ");
  CHECK(lower("Σ") == "σ");            // no letter before it
  CHECK(lower("ΟΔΟΣ ΣΟΣ") == "οδος σος");
  CHECK(lower("ΑΣ.") == "ας.");        // a full stop is ignorable, then the text ends
  CHECK(lower("ΑΣ.Α ΑΣ'Α") == "ασ.α ασ'α");
  CHECK(lower("Α\u0301Σ") == "α\u0301ς");
  CHECK(lower("ΑΣ1") == "ας1");
  CHECK(lower("1Σ") == "1σ");
  CHECK(lower("\u0345Σ") == "\u0345σ");  // cased and ignorable: passed over
  CHECK(lower("Α\u0345Σ\u0345") == "α\u0345ς\u0345");
  CHECK(lower("ΣΣ ΣΣΣ") == "σς σσς");
  CHECK(lower("A\xff\xc3Z") == "a\xff\xc3z");
}

TEST_CASE("what is a letter, a digit or white space is Python's", "[cpu][scores]") {
  for (const char32_t c : U"aZ09_éДß中ªʰ٣½²Ⅷ①〇𝟘") {
    if (c != 0) CHECK(is_word(c));
  }
  for (const char32_t c : {U' ', U'-', U'.', U'\u0301', U'\u064b', U'“', U'©', U'\u200b', U'\U0001f600', U'\U0001e4f0', U'\U00011f51'}) CHECK_FALSE(is_word(c));
  for (const char32_t c : U"09٣５𝟘") {
    if (c != 0) CHECK(is_digit(c));
  }
  for (const char32_t c : {U'½', U'²', U'Ⅷ', U'①', U'〇', U'a', U'\U0001e4f0'}) CHECK_FALSE(is_digit(c));  // the last came with Unicode 15
  CHECK(split(" a\x1c" "b\u0085c\u00a0d\u1680e\u2007f\u2028g\u202fh\u205fi\u3000j\v\fk ").size() == 11);
  CHECK(split("a\u200bb\ufeffc\u180ed").size() == 1);
  CHECK(split(" \n ").empty());
  CHECK(strip("\u3000 a b\x1f") == "a b");
  CHECK(strip(" ").empty());
  CHECK(digit_runs("a12b3.5 ６7") == std::vector<std::string_view>{"12", "3", "5", "６7"});
  CHECK(first_line("\n\n\r\na\nb") == "\r");
  CHECK(first_line("a\u2028b\x0b") == "a\u2028b\x0b");
  CHECK(first_line("\n\n").empty());
}

TEST_CASE("qa_f1", "[cpu][scores]") {
  CHECK(qa_f1("The  answer: Paris, France!", "paris") == 0.5);
  CHECK(qa_f1("red red blue", "red blue blue green") == 0.5714285714285715);
  CHECK(qa_f1("the", "an") == 0);  // both are empty then, and that is no match
  CHECK(qa_f1("x\u00a0y\u200bz", "x yz") == 0.5);
  CHECK(qa_f1("1,000 U.S. well-known", "1000 us wellknown") == 1);
  CHECK(qa_f1("the a\u0301 _the_", "\u0301") == 1);     // an accent bounds a word, an underscore is gone before
  CHECK(qa_f1("“the” cat", "“ ” cat") == 1);          // curly quotes stay
  CHECK(qa_f1("then ana thea ａ", "then ana thea ａ") == 1);
  CHECK(qa_f1("x the y", "xy") == 0);
  CHECK(qa_f1("ΟΔΟΣ", "οδος") == 1);
  CHECK(qa_f1("ΟΔΟΣ", "οδοσ") == 0);
}

TEST_CASE("rouge-l", "[cpu][scores]") {
  CHECK(rouge_l("the cat sat", "the cat sat on the mat") == 0.7499999953125);
  CHECK(rouge_l("the cat. sat", "cat the. sat") == 0.6666666616666668);
  CHECK(rouge_l("the cat sat. ", "the cat sat.") == 0.8571428522448981);  // a blank at the end is the empty word
  CHECK(rouge_l(" ", ". b. ") == 0.6666666622222223);
  CHECK(rouge_l("x a a b", "a a b") == 0.7999999952000001);
  CHECK(rouge_l("...", "a") == 0);
  CHECK(rouge_l("a", "") == 0);
  CHECK(rouge_l("a b", "a b") == 0.999999995);
  CHECK(rouge_l("A", "a") == 0);
  CHECK(rouge_l("a\u00a0b", "a b") == 0.999999995);
  CHECK(rouge_l("3.5", "5") > 0.6);  // a decimal is two segments
}

TEST_CASE("rouge-l is 0 where the package's recursion ends, at 991 steps", "[cpu][scores]") {
  // Back over 494 columns, up 495 or 496 rows, and the one word in common.
  CHECK(rouge_l("same " + words("v", 494), "same " + words("w", 495)) > 0);
  CHECK(rouge_l("same " + words("v", 494), "same " + words("w", 496)) == 0);
  CHECK(rouge_l(words("v", 991) + ". same", "w. same") == 0);
  CHECK(rouge_l(words("v", 990) + ". same", "w. same") > 0);
  CHECK(rouge_l(words("v", 990), words("v", 990)) == 0.999999995);
  CHECK(rouge_l(words("v", 991), words("v", 991)) == 0);
}

namespace {

// The package's own way: the table of lengths, and back from its end.
void mark(const std::vector<std::string>& x, const std::vector<std::string>& y, std::set<std::string>& marked) {
  std::vector<std::vector<int>> table(x.size() + 1, std::vector<int>(y.size() + 1));
  for (size_t i = 1; i <= x.size(); ++i) {
    for (size_t j = 1; j <= y.size(); ++j) table[i][j] = x[i - 1] == y[j - 1] ? table[i - 1][j - 1] + 1 : std::max(table[i - 1][j], table[i][j - 1]);
  }
  for (size_t i = x.size(), j = y.size(); i > 0 && j > 0;) {
    if (x[i - 1] == y[j - 1]) {
      marked.insert(x[--i]);
      --j;
    } else if (table[i - 1][j] > table[i][j - 1]) {
      --i;
    } else {
      --j;
    }
  }
}

}  // namespace

TEST_CASE("rouge-l's bits = its table, also over more than 64 columns", "[cpu][scores]") {
  Random random(5);
  int partial = 0;
  for (int round = 0; round < 400; ++round) {
    std::vector<std::vector<std::string>> sides(2);
    std::vector<std::string> texts(2);
    const int64_t letters = 2 + random.below(12), longest = round % 4 == 0 ? 200 : 70;
    for (int side = 0; side < 2; ++side) {
      const int64_t count = 1 + random.below(longest);
      for (int64_t i = 0; i < count; ++i) {
        sides[side].push_back(std::string(1, static_cast<char>('a' + random.below(letters))));
        texts[side] += sides[side].back() + " ";
      }
    }
    std::set<std::string> marked;
    mark(sides[1], sides[0], marked);
    const double k = static_cast<double>(marked.size());
    const double p = k / static_cast<double>(std::set(sides[0].begin(), sides[0].end()).size());
    const double r = k / static_cast<double>(std::set(sides[1].begin(), sides[1].end()).size());
    REQUIRE(rouge_l(texts[0], texts[1]) == 2.0 * ((p * r) / (p + r + 1e-8)));
    partial += p < 1;
  }
  REQUIRE(partial > 50);
}

TEST_CASE("classification, with the list that shrinks while it is walked over", "[cpu][scores]") {
  CHECK(classification("ab abc b", "abc", {"a", "ab", "b", "abc"}) == 0.5);
  CHECK(classification("Type: City", "City", {"City", "Person"}) == 1);
  CHECK(classification("City or Person", "City", {"City", "Person"}) == 0.5);
  CHECK(classification("city", "City", {"City"}) == 0);
  CHECK(classification("Person", "City", {"City", "Person"}) == 0);
  CHECK(classification("ab", "ab", {"a", "ab", "a"}) == 1);  // both a's: the first goes, ab is skipped, so the second goes too
}

TEST_CASE("count and retrieval", "[cpu][scores]") {
  CHECK(count("There are 5 of 12", "5") == 0.5);
  CHECK(count("05", "5") == 0);
  CHECK(count("５ 5", "5") == 0.5);
  CHECK(count("3.5", "5") == 0.5);
  CHECK(count("none", "5") == 0);
  CHECK(count("x²", "5") == 0);
  CHECK(retrieval("7 or 8", "Paragraph 7") == 0.5);
  CHECK(retrieval("para 17", "Paragraph 7") == 0);
  CHECK(retrieval("Paragraph 7", "Paragraph x Paragraph 7 Paragraph 8") == 1);
  CHECK_THROWS_WITH(retrieval("7", "paragraph 7"), Catch::Contains("Paragraph N"));
}

TEST_CASE("code_sim by both backends", "[cpu][scores]") {
  CHECK(code_similarity("aab", "abab", "difflib") == 0.57);
  CHECK(code_similarity("aab", "abab", "levenshtein") == 0.86);
  CHECK(code_similarity("tide", "diet", "difflib") == 0.25);  // not the same the other way round
  CHECK(code_similarity("diet", "tide", "difflib") == 0.5);
  CHECK(code_similarity("é變", "é变", "difflib") == 0.5);  // characters, not bytes
  for (const std::string backend : {"difflib", "levenshtein"}) {
    CHECK(code_similarity("x = 1 # one\ny", "y", backend) == 1);
    CHECK(code_similarity("\n\n```\n// no\ny\nz", "y", backend) == 1);
    CHECK(code_similarity("return y", "    return x", backend) == 0.7);
    CHECK(code_similarity("#", "", backend) == 1);
    CHECK(code_similarity("", "y", backend) == 0);
    CHECK(code_similarity("y", "", backend) == 0);
    CHECK(code_similarity("#\n\ny", "y", backend) == 0);  // a blank line is the first without a sign
    CHECK(code_similarity("y\r", "y", backend) == 0.67);
  }
  CHECK_THROWS_WITH(code_similarity("y", "y", "rapidfuzz"), Catch::Contains("choose difflib or levenshtein"));
}

TEST_CASE("code_sim rounds half to even, and 1 - d/T before that", "[cpu][scores]") {
  // 16 characters, one in common: 12.5 per cent.
  CHECK(code_similarity("abcdefgh", "hijklmno", "levenshtein") == 0.12);
  CHECK(code_similarity("abcdefgh", "hijklmno", "difflib") == 0.12);
  // T = 80, d = 46: 42.5 per cent, which 1 - d/T puts just above.
  const std::string common(17, 'x');
  CHECK(code_similarity(common + std::string(23, 'a'), common + std::string(23, 'b'), "levenshtein") == 0.43);
  CHECK(code_similarity(common + std::string(23, 'a'), common + std::string(23, 'b'), "difflib") == 0.42);
}

TEST_CASE("difflib's popular characters begin no block in an answer of 200", "[cpu][scores]") {
  const std::string pairs = "xy";
  std::string gold;
  for (int i = 0; i < 99; ++i) gold += pairs;
  CHECK(code_similarity("xyxyxy", gold + "x", "difflib") > 0.05);   // 199
  CHECK(code_similarity("xyxyxy", gold + "xy", "difflib") == 0.06);  // 200: none begins one, but the ends are looked at
  CHECK(code_similarity("qxyxyxy", gold + "xy", "difflib") == 0);
  CHECK(code_similarity("qxyxyxy", gold + "x", "difflib") > 0.05);
}

TEST_CASE("string_match_all: the fraction of answers in the prediction, after RULER's clean-up", "[cpu][scores]") {
  REQUIRE(string_match_all("The number is 42.", {"42"}) == 1);
  REQUIRE(string_match_all("brave-OTTER", {"Brave-otter", "42"}) == 0.5);
  REQUIRE(string_match_all("a b c", {"d", "e", "c"}) == Approx(1.0 / 3));
  REQUIRE(string_match_all("", {"x"}) == 0);
  REQUIRE(string_match_all(" \t\n ", {" "}) == 0);
  REQUIRE(string_match_all("a\x01"
                           "b",
                           {"a\nb"}) == 1);
  REQUIRE(string_match_all("\x02 x \x02", {"\n"}) == 0);
  REQUIRE(string_match_all("\u3000ÉTÉ\u00a0", {"été", "\u00a0"}) == 0.5);
  REQUIRE_THROWS(string_match_all("x", {}));
}

TEST_CASE("score takes the best answer, string-match all; another metric is refused", "[cpu][scores]") {
  CHECK(score("qa_f1", "red", {"blue", "red wine", "red"}) == 1);
  CHECK(score("qa_f1", "red", {}) == 0);
  CHECK(score("rouge-l", "a b", {"c", "a b"}) == 0.999999995);
  CHECK(score("classification", "City", {"City"}, {"City"}) == 1);
  CHECK(score("count", "5", {"4", "5"}) == 1);
  CHECK(score("retrieval", "5", {"Paragraph 5"}) == 1);
  CHECK(score("code_sim", "aab", {"abab"}) == 0.57);
  CHECK(score("code_sim", "aab", {"abab"}, {}, "levenshtein") == 0.86);
  CHECK(score("string-match", "a b", {"a", "c"}) == 0.5);
  CHECK_THROWS_WITH(score("f1", "a", {"a"}), Catch::Contains("'f1'") && Catch::Contains("qa_f1, rouge-l, classification, count, retrieval, code_sim or string-match"));
}

TEST_CASE("scores that the official packages gave", "[cpu][scores]") {
  std::ifstream file("tests/golden/longbench_scores.json");
  const Json rows = Json::parse(file);
  std::map<std::string, int> count;
  for (const Json& row : rows) {
    INFO(row.dump());
    CHECK(score(row.at("metric"), row.at("pred"), strings(row.at("answers"), "answers"), strings(row.at("classes"), "classes"), row.at("backend")) == row.at("score").get<double>());
    ++count[row.at("metric")];
  }
  CHECK(count.size() == 7);
  CHECK(rows.size() > 100);
}

TEST_CASE("averages: two ways to add, two ways to round", "[cpu][scores]") {
  CHECK(python_round(2.675) == 2.67);
  CHECK(numpy_round(2.675) == 2.68);
  CHECK(python_round(2.665) == 2.67);
  CHECK(numpy_round(2.665) == 2.66);
  CHECK(python_round(1.115) == 1.11);
  CHECK(numpy_round(1.115) == 1.12);
  CHECK(python_round(12.345) == 12.35);
  CHECK(numpy_round(12.345) == 12.34);
  for (const auto round : {python_round, numpy_round}) {
    CHECK(round(0.125) == 0.12);
    CHECK(round(0.375) == 0.38);
    CHECK(round(100) == 100);
  }
  const auto tenths = [](size_t size) { return pairwise_sum(std::vector<double>(size, 0.1).data(), size); };
  CHECK(tenths(0) == 0);
  CHECK(tenths(7) == 0.7);
  CHECK(tenths(10) == 1);
  CHECK(tenths(128) == 12.800000000000002);
  CHECK(tenths(129) == 12.899999999999999);
  CHECK(tenths(200) == 20);
  CHECK(tenths(300) == 29.999999999999996);
  CHECK(tenths(1000) == 100.00000000000001);
  std::vector<double> reciprocals;
  for (int i = 1; i <= 300; ++i) reciprocals.push_back(1.0 / i);
  CHECK(pairwise_sum(reciprocals.data(), 300) == 6.282663880299504);

  std::vector<double> tie(200, 0);
  tie[3] = 0.25;
  CHECK(plain_average(tie) == 0.12);
  CHECK(bucket_average(tie) == 0.12);
  CHECK(plain_average({0.02675}) == python_round(100 * 0.02675));
  CHECK(bucket_average({0.5, 1}) == 75);
  CHECK(std::isnan(bucket_average({})));
}

TEST_CASE("the sixteen tasks", "[cpu][scores]") {
  int64_t samples = 0, tasks_e = 0, first_lines = 0;
  std::set<std::string> categories, names;
  for (const LongBenchTask& task : longbench_tasks()) {
    samples += task.samples;
    tasks_e += task.total_e() > 0;
    first_lines += task.first_line;
    categories.insert(task.category);
    names.insert(task.name);
    CHECK_NOTHROW(score(task.metric, "1", {"Paragraph 1"}, {"x"}));
  }
  CHECK(names.size() == 16);
  CHECK(samples == 3750);
  CHECK(tasks_e == 13);
  CHECK(first_lines == 3);
  CHECK(categories.size() == 6);
  CHECK(find_longbench_task("qasper")->total_e() == 224);
  CHECK(find_longbench_task("qasper_e") == nullptr);
  CHECK(longbench_score(*find_longbench_task("triviaqa"), "\n\nParis\nLondon", {"Paris"}, {}, "difflib") == 1);
  CHECK(longbench_score(*find_longbench_task("hotpotqa"), "\n\nParis\nLondon", {"Paris"}, {}, "difflib") < 1);
  CHECK(bucket(3999) == 0);
  CHECK(bucket(4000) == 1);
  CHECK(bucket(8000) == 2);
}

TEST_CASE("a folder's result.json, its averages and its warnings", "[cpu][scores]") {
  const TestFolder folder;
  folder.file("qasper.jsonl", line("Paris", {"Paris"}) + line("x", {"y", "x z"}) + line("no", {"yes"}));
  folder.file("2wikimqa.jsonl", line("a b", {"b"}));
  folder.file("trec.jsonl", line("\nCity\nPerson", {"City"}, {"City", "Person"}));
  folder.file("lcc.jsonl", line("aab", {"abab"}));
  folder.file("lcc.old.jsonl", "never read");
  folder.file("result.json", "{}");
  folder.file("dureader.jsonl", "never read");
  CHECK(scored(folder).json() == "{\n    \"2wikimqa\": 100.0,\n    \"lcc\": 57.0,\n    \"qasper\": 55.56,\n    \"trec\": 100.0\n}");
  CHECK(scored(folder, false, "levenshtein").tasks.at("lcc") == std::vector<double>{86});
  // Categories: 55.56, 100, 100, 57.
  CHECK(scored(folder).averages() ==
        "LongBench, mean: 78.14 over 4 of 6 categories, 78.14 over 4 of 16 tasks; missing: narrativeqa, multifieldqa_en, hotpotqa, musique, "
        "gov_report, qmsum, multi_news, triviaqa, samsum, passage_count, passage_retrieval_en, repobench-p\n");
  CHECK(warned("qasper: 3 predictions, LongBench has 200: 197 missing"));
  CHECK(warned("dureader.jsonl: 'dureader' is no English task of LongBench"));
  CHECK(warned("lcc.old.jsonl: a second file of lcc; not scored, lcc.jsonl is"));
}

TEST_CASE("too many samples, and samples that come twice, are told", "[cpu][scores]") {
  const TestFolder folder;
  std::string text;
  for (int i = 0; i < 150; ++i) text += Json({{"pred", "a"}, {"answers", {"b"}}, {"all_classes", nullptr}, {"_id", std::to_string(i)}}).dump() + "\n";
  folder.file("multifieldqa_en.jsonl", text);
  scored(folder);
  CHECK(warnings.empty());
  folder.file("multifieldqa_en.jsonl", text + text);
  scored(folder);
  CHECK(warned("multifieldqa_en: 300 predictions, LongBench has 150: 150 too many"));
  CHECK(warned("samples whose _id came before: 150"));
  std::string samples_e;
  for (int i = 0; i < 300; ++i) samples_e += line("a", {"b"});
  folder.file("hotpotqa.jsonl", samples_e);
  scored(folder);
  CHECK(warned("hotpotqa: 300 predictions, LongBench has 200: 100 too many (a second run adds to a file); LongBench-E has as many, which --e scores"));
}

TEST_CASE("readings that failed are left out of the score and told", "[cpu][scores]") {
  const TestFolder folder;
  Json failed = Json::parse(line("", {"Paris"}, nullptr, 5000));
  failed["score"] = nullptr;
  failed["error"] = "it broke";
  folder.file("qasper.jsonl", line("Paris", {"Paris"}, nullptr, 10) + failed.dump() + "\n" + line("x", {"y"}, nullptr, 20));
  CHECK(scored(folder).tasks.at("qasper") == std::vector<double>{50});
  CHECK(warned("qasper: 1 of 3 readings failed and are left out of the score; the first, on line 2: it broke"));
  CHECK(warned("qasper: 3 predictions, LongBench has 200: 197 missing"));
  const std::vector<double> by_length = scored(folder, true).tasks.at("qasper");
  CHECK((by_length[0] == 50 && std::isnan(by_length[1]) && std::isnan(by_length[2])));
  folder.file("qasper.jsonl", failed.dump() + "\n" + failed.dump() + "\n");
  CHECK_THAT(refusal(folder), Catch::Contains("qasper.jsonl: 2 of 2 readings failed") && Catch::Contains("nothing to average"));
  // A retrieval answer that cannot be scored is no trouble where its reading failed.
  Json odd = Json::parse(line("", {"1"}));
  odd["error"] = "retrieval: the answer '1' does not say";
  folder.file("qasper.jsonl", line("Paris", {"Paris"}));
  folder.file("passage_retrieval_en.jsonl", line("1", {"Paragraph 1"}) + odd.dump() + "\n");
  CHECK(scored(folder).tasks.at("passage_retrieval_en") == std::vector<double>{100});
}

TEST_CASE("LongBench-E: a score for each length, NaN where there is no sample", "[cpu][scores]") {
  const TestFolder folder;
  folder.file("samsum.jsonl", line("a b", {"a b"}, nullptr, 10) + line("a", {"b"}, nullptr, 3999) + line("\na\nb", {"a"}, nullptr, 9000));
  folder.file("narrativeqa.jsonl", line("a1", {"a1"}, nullptr, 5000));
  folder.file("qasper_e.jsonl", "");
  const LongBenchResult result = scored(folder, true);
  CHECK(result.json() ==
        "{\n    \"narrativeqa\": {\n        \"0-4k\": NaN,\n        \"4-8k\": 100.0,\n        \"8k+\": NaN\n    },\n"
        "    \"samsum\": {\n        \"0-4k\": 50.0,\n        \"4-8k\": NaN,\n        \"8k+\": 100.0\n    }\n}");
  CHECK_THAT(result.averages(), Catch::StartsWith("LongBench-E 0-4k, mean: 50.00 over 1 of 6 categories, 50.00 over 1 of 13 tasks; missing: qasper, "));
  CHECK_THAT(result.averages(), Catch::Contains("LongBench-E 4-8k, mean: no task has a score\n"));
  CHECK(warned("samsum: 0-4k: 2 predictions, LongBench-E has 100: 98 missing"));
  CHECK(warned("narrativeqa: is no task of LongBench-E"));
  CHECK(warned("without _e"));
}

TEST_CASE("both averages of all tasks", "[cpu][scores]") {
  LongBenchResult result;
  double score = 0;
  for (const LongBenchTask& task : longbench_tasks()) result.tasks[task.name] = {score++};
  // Categories: 1, 4, 7, 10, 12.5, 14.5.
  CHECK(result.averages() == "LongBench, mean: 8.17 over 6 categories, 7.50 over 16 tasks\n");
}

TEST_CASE("half characters are characters, as they are to Python", "[cpu][scores]") {
  const TestFolder folder;
  const std::string rest = R"(", "answers": ["\ud83d"], "all_classes": null})";
  folder.file("lcc.jsonl", R"({"pred": "\ud83d)" + rest + "\n" + R"({"pred": "\uDE00)" + rest + "\n" + R"({"pred": "\\ud83d)" + rest + "\n" + R"({"pred": "\ud83d\ud83d\ude00)" + rest);
  // Equal, another half, six characters that only look like one, and a half before a whole.
  CHECK(scored(folder).tasks.at("lcc") == std::vector<double>{python_round(100 * (1 + 0 + 0 + 0.67) / 4)});
  CHECK(parse_line(R"("\ud83d\ude00 \\ud83d")").get<std::string>() == "😀 \\ud83d");
}

TEST_CASE("what cannot be scored is refused with file and line", "[cpu][scores]") {
  const std::string good = line("a", {"b"}, {"c"});
  const auto told = [&](const std::string& text, const std::string& name = "trec.jsonl", bool e = false) {
    const TestFolder folder;
    folder.file(name, text);
    return refusal(folder, e);
  };
  using Catch::Contains;
  using Catch::StartsWith;
  CHECK_THAT(told(good + "{\"pred\": \"a\n" + good), StartsWith("trec.jsonl:2: expected a JSON object; mend") && Contains("parse error"));
  CHECK_THAT(told(good + "\n" + good), StartsWith("trec.jsonl:2: is blank"));
  CHECK_THAT(told(good + "[1]"), StartsWith("trec.jsonl:2: expected a JSON object, got array"));
  CHECK_THAT(told(R"({"answers": [], "all_classes": []})"), StartsWith("trec.jsonl:1: lacks 'pred'"));
  CHECK_THAT(told(R"({"pred": "", "all_classes": []})"), StartsWith("trec.jsonl:1: lacks 'answers'"));
  CHECK_THAT(told(R"({"pred": "", "answers": []})"), StartsWith("trec.jsonl:1: lacks 'all_classes'"));
  CHECK_THAT(told(R"({"pred": null, "answers": [], "all_classes": []})"), StartsWith("trec.jsonl:1: 'pred' has to be a string, not null"));
  CHECK_THAT(told(R"({"pred": "", "answers": "x", "all_classes": []})"), StartsWith("trec.jsonl:1: 'answers' has to be a list of strings, not string"));
  CHECK_THAT(told(R"({"pred": "", "answers": [5], "all_classes": []})"), StartsWith("trec.jsonl:1: 'answers' has to be a list of strings; one is number"));
  CHECK_THAT(told(R"({"pred": "", "answers": [], "all_classes": 1})"), StartsWith("trec.jsonl:1: 'all_classes' has to be a list"));
  CHECK_THAT(told(R"({"pred": "", "answers": [], "all_classes": [], "length": "9"})"), StartsWith("trec.jsonl:1: 'length' has to be a number"));
  CHECK_THAT(told(good + line("a", {"b"})), StartsWith("trec.jsonl:2: 'all_classes' has to be a list of strings, not null"));
  CHECK_THAT(told("{\"pred\": \"\xff\", \"answers\": [], \"all_classes\": []}"), StartsWith("trec.jsonl:1: ") && Contains("UTF-8"));
  CHECK_THAT(told(R"({"pred": "", "answers": [], "all_classes": []})", "trec.jsonl", true), StartsWith("trec.jsonl:1: lacks 'length'"));
  CHECK_THAT(told(line("1", {"Paragraph 1"}) + line("1", {"1"}), "passage_retrieval_en.jsonl"), StartsWith("passage_retrieval_en.jsonl:2: retrieval: the answer '1'"));
  CHECK_THAT(told(""), StartsWith("trec.jsonl: holds no prediction"));
  CHECK_THAT(told(good, "niah.4096.jsonl"), Contains("holds no DATASET.jsonl"));
  CHECK(told(good) == "");
  CHECK(told(good.substr(0, good.size() - 1) + "\r\n" + good) == "");
  CHECK_THROWS_WITH(score_longbench("no/such/folder", false, "difflib", [](const std::string&) {}), Contains("no/such/folder: no such folder"));
}
