// Rows of raw sets and of a language model in a set: built, left out, priced, cleaned, and the same after a kill.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "data/build.h"
#include "configs/run.h"
#include "data/layout.h"
#include "data/reading.h"
#include "data/tokenizer.h"
#include "tests/configs/folder.h"
#include "tests/data/chat_server.h"

using namespace smooth;
using Catch::Matchers::Contains;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const std::string kGolden = "tests/golden/parquet/";

// A tokenizer that is there already: rows of raw sets need one.
std::string some_tokenizer(const TestFolder& folder) {
  const std::string path = (folder.path / "tokenizer").string();
  if (fs::exists(path)) return path;
  std::vector<std::string> lines;
  for (int i = 0; i < 400; ++i) lines.push_back("line " + std::to_string(i * 7919) + " of words " + std::to_string(i));
  train_sentencepiece(path, lines, "unigram", 320, special_texts());
  return path;
}

RowConfig row_of(const std::string& row, const std::string& path, int64_t samples) {
  RowConfig config;
  config.row = row;
  config.samples = samples;
  config.source = SourceConfig{.path = path};
  return config;
}

// NIAH-A in HotpotQA's passages.
RowConfig needle_row(int64_t samples, int64_t min_tokens, int64_t max_tokens) {
  RowConfig config;
  config.row = "niah-a";
  config.samples = samples;
  config.min_tokens = min_tokens;
  config.max_tokens = max_tokens;
  config.max_chunk = 200;
  config.niah = {.haystack = "passages", .passages = kGolden + "hotpotqa/distractor", .keys = 2};
  return config;
}

DataConfig set_of(const TestFolder& folder, std::vector<RowConfig> rows) {
  DataConfig config;
  config.out = (folder.path / "set").string();
  config.seed = 5;
  config.tokenizer.path = some_tokenizer(folder);
  config.rows = std::move(rows);
  return config;
}

// Meetings of a few turns; what an obedient teacher answers is the first word of every piece, and the reference of every
// other query is one of them.
std::string write_meetings(const TestFolder& folder, int meetings) {
  std::string text;
  for (int m = 0; m < meetings; ++m) {
    json meeting = {{"topic_list", json::array()}, {"general_query_list", json::array()}, {"specific_query_list", json::array()}};
    for (int t = 0; t < 4; ++t) meeting["meeting_transcripts"].push_back({{"speaker", "S" + std::to_string(m) + "x" + std::to_string(t)}, {"content", "one two three"}});
    meeting["general_query_list"].push_back({{"query", "Summarise."}, {"answer", m % 2 == 0 ? "S" + std::to_string(m) + "x3:" : "quite another thing"}});
    text += meeting.dump() + "\n";
  }
  write_file(folder.path / "qmsum/train.jsonl", text);
  return (folder.path / "qmsum").string();
}

std::vector<Transcript> samples(const fs::path& file) {
  std::vector<Transcript> all;
  std::istringstream lines(read_file(file));
  for (std::string line; std::getline(lines, line);) all.push_back(transcript_from_json(line));
  return all;
}

json manifest_of(const DataConfig& config) { return json::parse(read_file(fs::path(config.out) / "manifest.json")); }

const std::vector<std::string> kForms = {"sr", "os", "ur"};

// Half of a row's smooth form and the manifest are lost; a build that goes on ends in the same bytes.
void check_resumes(const DataConfig& config, const std::string& row) {
  const fs::path file = fs::path(config.out) / (row + ".sr.jsonl"), manifest = fs::path(config.out) / "manifest.json";
  const std::string bytes = read_file(file), told = read_file(manifest);
  fs::remove(manifest);
  fs::resize_file(file, bytes.size() / 2);
  build_set(config, false);
  CHECK(read_file(file) == bytes);
  CHECK(read_file(manifest) == told);
}

}  // namespace

TEST_CASE("a language model's row: cleaned by its metric, one reading in every form", "[cpu][build]") {
  const TestFolder folder;
  ChatServer server(obedient);
  DataConfig config = set_of(folder, {row_of("qmsum", write_meetings(folder, 12), 100)});
  config.rows[0].min_score = 0.1;
  config.teacher = teacher_at(server, folder);
  build_set(config, false);

  const json report = manifest_of(config).at("sources").at("qmsum");
  CHECK(report.at("tried") == 12);
  CHECK(report.at("samples") == 6);  // half of the references have a word of the answer
  CHECK(report.at("dropped").at("score") == 6);
  CHECK(report.at("raw_rows") == 12);
  const std::vector<Transcript> sr = samples(fs::path(config.out) / "qmsum.sr.jsonl"), os = samples(fs::path(config.out) / "qmsum.os.jsonl"),
                                ur = samples(fs::path(config.out) / "qmsum.ur.jsonl");
  REQUIRE(sr.size() == 6);
  REQUIRE(os.size() == 6);
  REQUIRE(ur.size() == 6);
  for (size_t i = 0; i < sr.size(); ++i) {
    REQUIRE(sr[i].exchanges.size() > 1);
    REQUIRE(sr[i].exchanges.size() == ur[i].exchanges.size());
    REQUIRE(os[i].exchanges.size() == 1);
    CHECK(sr[i].answer == ur[i].answer);
    CHECK(os[i].exchanges[0].written == sr[i].answer);
    CHECK(sr[i].chunk == config.teacher->chunk);
    for (size_t k = 0; k < sr[i].exchanges.size(); ++k) {
      CHECK(sr[i].exchanges[k].written == ur[i].exchanges[k].written);
      CHECK(sr[i].exchanges[k].forget == (k == 0));
      CHECK(ur[i].exchanges[k].forget);
    }
  }
}

TEST_CASE("killed anywhere, a language model's row ends in the same bytes and nothing is asked twice", "[cpu][build]") {
  const TestFolder folder;
  ChatServer server(obedient);
  DataConfig config = set_of(folder, {row_of("qmsum", write_meetings(folder, 9), 5)});
  config.teacher = teacher_at(server, folder);
  build_set(config, false);
  const fs::path out(config.out);
  std::map<std::string, std::string> whole;
  for (const std::string& form : kForms) whole[form] = read_file(out / ("qmsum." + form + ".jsonl"));
  const std::string manifest = read_file(out / "manifest.json");
  const int64_t asked = server.received();
  CHECK(json::parse(manifest).at("sources").at("qmsum").at("tried") == 5);  // no more than are wanted
  for (const auto& [form, text] : whole) {
    for (const size_t bytes : {size_t{0}, text.size() / 3, text.size() - 1}) {
      fs::remove(out / "manifest.json");
      fs::resize_file(out / ("qmsum." + form + ".jsonl"), bytes);
      build_set(config, false);
      for (const std::string& other : kForms) CHECK(read_file(out / ("qmsum." + other + ".jsonl")) == whole[other]);
      CHECK(read_file(out / "manifest.json") == manifest);
      CHECK(server.received() == asked);
    }
  }
  // How the teacher is reached is not what the set is.
  config.teacher->in_flight = 3;
  config.teacher->budget_tokens = 1000000;
  build_set(config, false);
  config.teacher->model = "another";
  CHECK_THROWS_WITH(build_set(config, false), Contains("another config"));
}

TEST_CASE("a row whose raw set is not there is left out and named, and built once it is", "[cpu][build]") {
  const TestFolder folder;
  const std::string wikisum = (folder.path / "raw/wikisum").string();
  const RowConfig needles = needle_row(2, 300, 500);
  DataConfig config = set_of(folder, {row_of("passage-count", wikisum, 3), needles});
  config.rows[0].source->mean_tokens = 700;
  std::ostringstream said;
  std::streambuf* const before = std::cerr.rdbuf(said.rdbuf());
  build_set(config, false);
  std::cerr.rdbuf(before);
  CHECK_THAT(said.str(), Contains("passage-count is left out: " + wikisum));
  CHECK(manifest_of(config).at("missing") == json({{"passage-count", wikisum}}));
  CHECK_FALSE(fs::exists(fs::path(config.out) / "passage-count.sr.jsonl"));
  const std::string niah = read_file(fs::path(config.out) / "niah-a.sr.jsonl");
  for (const Transcript& sample : samples(fs::path(config.out) / "niah-a.os.jsonl")) CHECK_THAT(sample.answer, Contains(sample.answers.at(0)));

  std::string passages;
  for (int i = 0; i < 60; ++i) {
    std::string text = "The mill number " + std::to_string(i);
    for (int word = 0; word < 20; ++word) text += " w" + std::to_string(i * 31 + word * 7);
    passages += json({{"title", "Mill " + std::to_string(i)}, {"text", text}}).dump() + "\n";
  }
  write_file(fs::path(wikisum) / "train.jsonl", passages);
  build_set(config, false);
  CHECK(manifest_of(config).at("missing").empty());
  CHECK(read_file(fs::path(config.out) / "niah-a.sr.jsonl") == niah);
  const std::vector<Transcript> counts = samples(fs::path(config.out) / "passage-count.sr.jsonl");
  REQUIRE(counts.size() == 3);
  for (const Transcript& sample : counts) CHECK(sample.answer == sample.answers.at(0));
}

TEST_CASE("samples longer than training allows are left out, and others take their places", "[cpu][build]") {
  const TestFolder folder;
  ChatServer server(obedient);
  RowConfig needles = needle_row(8, 300, 600);
  needles.min_chunk = 20;
  DataConfig config = set_of(folder, {needles, row_of("qmsum", write_meetings(folder, 12), 12)});
  config.teacher = teacher_at(server, folder);
  const auto longest = [&](const std::string& row) {
    size_t tokens = 0;
    const Layout layout(load_tokenizer(config.tokenizer.path), config.chat_template);
    for (const std::string& form : kForms) {
      for (const Transcript& sample : samples(fs::path(config.out) / (row + "." + form + ".jsonl"))) {
        for (const Example& document : layout.examples(sample)) tokens = std::max(tokens, document.ids.size());
      }
    }
    return static_cast<int64_t>(tokens);
  };
  build_set(config, false);
  const int64_t any = longest("niah-a"), meeting = longest("qmsum");
  REQUIRE(any > meeting);

  config.max_sample_tokens = any - 1;
  CHECK_THROWS_WITH(build_set(config, false), Contains("another config"));
  build_set(config, true);
  CHECK(longest("niah-a") < any);
  CHECK(samples(fs::path(config.out) / "niah-a.sr.jsonl").size() == 8);
  CHECK(samples(fs::path(config.out) / "qmsum.sr.jsonl").size() == 12);
  json report = manifest_of(config).at("sources");
  CHECK(report.at("niah-a").at("dropped").at("too_long") > 0);
  CHECK_FALSE(report.at("qmsum").at("dropped").contains("too_long"));
  check_resumes(config, "niah-a");

  // A reading that grew too long is dropped and another takes its place; a text that is too long by itself is not even read.
  config.rows.erase(config.rows.begin());
  config.rows[0].samples = 6;
  config.max_sample_tokens = meeting - 1;
  build_set(config, true);
  report = manifest_of(config).at("sources").at("qmsum");
  CHECK(report.at("dropped").at("too_long") > 0);
  CHECK(report.at("samples") == 6);
  CHECK(report.at("tried") > 6);
  CHECK(longest("qmsum") < meeting);
  const int64_t asked = server.received();
  check_resumes(config, "qmsum");
  config.max_sample_tokens = 20;
  build_set(config, true);
  CHECK(manifest_of(config).at("sources").at("qmsum").at("dropped").at("too_long") == 12);
  CHECK(server.received() == asked);

}

TEST_CASE("a long text fits where its forms are short", "[cpu][build]") {
  const TestFolder folder;
  ChatServer server(obedient);
  json meeting = {{"topic_list", json::array()}, {"specific_query_list", json::array()}};
  for (int t = 0; t < 300; ++t) meeting["meeting_transcripts"].push_back({{"speaker", "S"}, {"content", "one two three"}});
  meeting["general_query_list"].push_back({{"query", "Summarise."}, {"answer", "S:"}});
  DataConfig config = set_of(folder, {row_of("qmsum", folder.file("qmsum/train.jsonl", meeting.dump() + "\n"), 1)});
  config.rows[0].forms = {"ur"};
  config.teacher = teacher_at(server, folder);
  config.teacher->chunk = 60;
  config.max_sample_tokens = 1200;
  const Layout layout(load_tokenizer(config.tokenizer.path), config.chat_template);
  build_set(config, false);
  const std::vector<Transcript> kept = samples(fs::path(config.out) / "qmsum.ur.jsonl");
  REQUIRE(kept.size() == 1);
  int64_t all = 0;
  for (const Example& document : layout.examples(kept[0])) all += static_cast<int64_t>(document.ids.size());
  CHECK(all > 4 * config.max_sample_tokens);
}

TEST_CASE("no limit that nothing can keep is tried for ever", "[cpu][build]") {
  const TestFolder folder;
  const RowConfig needles = needle_row(5, 400, 400);
  DataConfig config = set_of(folder, {needles});
  config.max_sample_tokens = 400;
  CHECK_THROWS_WITH(build_set(config, false), Contains("row niah-a: the last 2000 tasks") && Contains("0 samples are kept"));
}

TEST_CASE("a question of LongBench is not asked the teacher, where it is to be left out", "[cpu][build]") {
  const TestFolder folder;
  ChatServer server(obedient);
  DataConfig config = set_of(folder, {row_of("qmsum", write_meetings(folder, 12), 12)});
  config.teacher = teacher_at(server, folder);
  const json line = {{"input", "Summarise."}, {"context", "-"}, {"answers", {"S4x3:"}}};
  folder.file("longbench/qmsum.jsonl", line.dump() + "\n");
  config.decontamination = DecontaminationConfig{.benchmark = (folder.path / "longbench").string()};
  build_set(config, false);
  json told = manifest_of(config).at("overlap").at("rows").at("qmsum");
  CHECK(told.at("questions") == json({{"any", 1}, {">=0.2", 1}, {">=0.8", 1}}));
  CHECK(told.at("removed") == 0);
  const int64_t asked = server.received();

  const TestFolder other;
  config.out = (other.path / "set").string();
  config.teacher->cache = (other.path / "cache").string();
  config.decontamination->remove = "questions";
  build_set(config, false);
  told = manifest_of(config).at("overlap").at("rows").at("qmsum");
  CHECK(told.at("removed") == 1);
  const std::vector<Transcript> kept = samples(fs::path(config.out) / "qmsum.sr.jsonl");
  CHECK(kept.size() == 11);
  for (const Transcript& sample : kept) CHECK(sample.answers.at(0) != "S4x3:");
  CHECK(server.received() - asked < asked);

  // Where tasks are left out, other files of LongBench make another set.
  folder.file("longbench/qasper.jsonl", line.dump() + "\n");
  CHECK_THROWS_WITH(build_set(config, false), Contains("of other files of LongBench"));
  // Where they are not, overlap is told anew, and a row whose raw set has gone stays as it is.
  config.decontamination->remove = "none";
  build_set(config, true);
  CHECK(manifest_of(config).at("overlap").at("files").size() == 2);
  const json rows = manifest_of(config).at("rows");
  fs::remove_all(folder.path / "qmsum");
  folder.file("longbench/trec.jsonl", line.dump() + "\n");
  build_set(config, false);
  CHECK(manifest_of(config).at("overlap").at("files").size() == 3);
  CHECK(manifest_of(config).at("rows") == rows);
  CHECK(manifest_of(config).at("missing").empty());

  // Without the teacher's key an old set is not cleared.
  config.teacher->key_env = "SMOOTH_NO_SUCH_KEY";
  config.seed = 6;
  folder.file("qmsum/train.jsonl", read_file(folder.path / "longbench/trec.jsonl"));
  CHECK_THROWS(build_set(config, true));
  CHECK(manifest_of(config).at("rows") == rows);
  CHECK(samples(fs::path(config.out) / "qmsum.sr.jsonl").size() == 12);
}

TEST_CASE("the price of a set is told without asking anybody", "[cpu][build]") {
  const TestFolder folder;
  ChatServer server(obedient);
  DataConfig config = set_of(folder, {row_of("qmsum", write_meetings(folder, 4), 3), row_of("lcc", (folder.path / "nowhere").string(), 3)});
  config.teacher = teacher_at(server, folder);
  const std::string words = price_set(config);
  CHECK_THAT(words, Contains("qmsum: ") && Contains("requests"));
  CHECK_THAT(words, Contains("lcc: ") && Contains("nowhere is not there"));
  CHECK(server.received() == 0);
  CHECK_FALSE(fs::exists(config.out));
}

TEST_CASE("the real QMSum becomes its row, end to end", "[cpu][build]") {
  const char* fixtures = std::getenv("SMOOTH_FIXTURES");
  if (fixtures == nullptr) {
    std::cout << "SKIPPED: SMOOTH_FIXTURES names no folder of reference data\n";
    return;
  }
  const TestFolder folder;
  ChatServer server(obedient);
  DataConfig config = set_of(folder, {row_of("qmsum", std::string(fixtures) + "/raw/qmsum", 20)});
  config.teacher = teacher_at(server, folder);
  config.teacher->chunk = 512;
  build_set(config, false);
  for (const std::string& form : kForms) CHECK(samples(fs::path(config.out) / ("qmsum." + form + ".jsonl")).size() == 20);
  for (const Transcript& sample : samples(fs::path(config.out) / "qmsum.sr.jsonl")) {
    CHECK(sample.exchanges.size() >= static_cast<size_t>(sample.length / 512));
    CHECK_FALSE(sample.early_stop);
  }
}
