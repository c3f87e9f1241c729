// Table 5 of a small set, and its histograms, to the letter.
#include "data/stats.h"

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "configs/load.h"
#include "configs/run.h"
#include "data/layout.h"
#include "data/tokenizer.h"
#include "tests/configs/folder.h"

using namespace smooth;
using Catch::Matchers::Contains;
using nlohmann::json;

TEST_CASE("a set in numbers", "[cpu][stats]") {
  const TestFolder folder;
  std::vector<std::string> lines;
  for (int i = 0; i < 400; ++i) lines.push_back("line " + std::to_string(i * 7919) + " of words " + std::to_string(i));
  train_sentencepiece(folder.path / "tokenizer", lines, "unigram", 320, special_texts());
  std::string text;
  for (int sample = 0; sample < 9; ++sample) {
    Transcript transcript;
    transcript.id = "lcc-" + std::to_string(sample);
    transcript.row = "lcc";
    transcript.mode = "sr";
    for (int turn = 0; turn < (sample < 6 ? 2 : 5); ++turn) transcript.exchanges.push_back({.forget = turn == 0, .given = "line " + std::to_string(turn), .written = "of words" + kContinue});
    text += to_json(transcript) + "\n";
  }
  folder.file("lcc.sr.jsonl", text);
  const json manifest = {{"tokenizer", "tokenizer"}, {"rows", {{{"row", "lcc"}, {"form", "sr"}, {"file", "lcc.sr.jsonl"}}}}};
  folder.file("manifest.json", manifest.dump());

  const Layout layout(load_tokenizer(folder.path / "tokenizer"), "plain");
  const size_t written = layout.written("of words" + kContinue).size();
  REQUIRE(written > 8);
  REQUIRE(written <= 16);
  const std::string stats = set_stats(folder.path, "plain");
  CHECK_THAT(stats, Contains("row                form   samples  mean tokens   longest   written paper's n paper's len\n"
                             "lcc                sr           9 ") && Contains("%     10000        3331\n"));
  CHECK_THAT(stats, Contains("\nturns a sample, up to           2        4        8\n"
                             "lcc                sr         6 █               3 ▄\n"));
  CHECK_THAT(stats, Contains("\ntokens a written text, up to       16\n"
                             "lcc                sr        27 █\n"));
  const std::vector<RowStats> counted = count_set(folder.path, "plain");
  REQUIRE(counted.size() == 1);
  CHECK((counted[0].row == "lcc" && counted[0].form == "sr" && counted[0].samples == 9));
  CHECK(counted[0].written == static_cast<int64_t>(27 * written));
  CHECK(counted[0].written_share() == Approx(27.0 * static_cast<double>(written) / static_cast<double>(counted[0].tokens)));
  CHECK(counted[0].mean_length() == Approx(static_cast<double>(counted[0].tokens) / 9));
  CHECK(table5_row("lcc")->samples == 10000);
  CHECK(table5_row("poems") == nullptr);
}

TEST_CASE("the set that is shipped is Table 5's", "[cpu][stats]") {
  const auto config = load_config<DataConfig>("configs/data/smooth-reading.yaml", {"tokenizer.path=tests"});
  REQUIRE(config.rows.size() == kTable5.size());
  int64_t samples = 0;
  for (size_t i = 0; i < kTable5.size(); ++i) {
    CHECK(config.rows[i].row == kTable5[i].row);
    CHECK(config.rows[i].samples == kTable5[i].samples);
    samples += config.rows[i].samples;
    if (config.rows[i].by_rules()) {
      CHECK(config.rows[i].min_chunk == 128);
      CHECK(config.rows[i].max_chunk == 4096);
    }
  }
  CHECK(samples == 48856);
  CHECK(config.teacher->chunk == 512);
}
