// A training sample, replayed through the evaluation's reader, is the ids that were trained on: for every row of the set, form,
// tokenizer and template.
#include <catch2/catch.hpp>

#include "data/layout.h"
#include "data/row.h"
#include "data/summary.h"
#include "data/tokenizers/markers.h"
#include "eval/author.h"
#include "tests/configs/folder.h"
#include "tests/data/bytes.h"
#include "tests/data/tokenizer_folders.h"
#include "tests/eval/script.h"

using namespace smooth;
namespace fs = std::filesystem;

namespace {

const std::string kGolden = "tests/golden/parquet/";

// Writes well-formed summaries of whatever it is given, and answers on the third turn if it may.
class Writer : public Author {
 public:
  std::string write(const Turn& turn) override {
    if (turn.one_step) return "It is so.";
    Summary summary{.target = "all that matters", .clues = clues_, .reason = "It goes on with " + turn.text.substr(0, turn.text.find_first_of(" \n", 1))};
    if (turn.last || (turn.may_stop && clues_.size() == 2)) {
      summary.stop = true;
      summary.answer = "Two lines,\nfor once.";
    }
    clues_.push_back("clue " + std::to_string(clues_.size() * 7919) + ".");
    return format(summary);
  }

 private:
  std::vector<std::string> clues_;
};

RowConfig row_of(const std::string& row, const std::string& path, int64_t mean_tokens) {
  RowConfig config;
  config.row = row;
  config.min_chunk = 40;
  config.max_chunk = 100;
  if (config.needles()) {
    config.min_tokens = 800;
    config.max_tokens = 1500;
    config.niah = {.haystack = "passages", .passages = path, .keys = 2};
  } else {
    config.source = SourceConfig{.path = path, .mean_tokens = mean_tokens};
  }
  return config;
}

// All twelve, of raw sets in the forms in which they are distributed.
std::vector<RowConfig> all_rows(const TestFolder& folder) {
  std::string trec, samsum = "id,dialogue,summary\n", qmsum, wikisum;
  const std::vector<std::string> types = {"LOC:city", "NUM:date", "HUM:ind"};
  for (int i = 0; i < 60; ++i) {
    const std::string n = std::to_string(i);
    trec += types[i % 3] + " What is the thing number " + n + " ?\n";
    samsum += n + ",\"Anna: Are there " + n + " of them?\nTom: \"\"Yes\"\", I think so.\",Tom thinks there are " + n + ".\n";
    wikisum += nlohmann::json{{"title", "Mill " + n}, {"text", "Mill number " + n + " stands by a river of the name R" + n + " and grinds."}, {"summary", "A mill by R" + n + "."}}.dump() + "\n";
    nlohmann::json meeting = {{"topic_list", nlohmann::json::array()}, {"specific_query_list", nlohmann::json::array()}};
    for (int turn = 0; turn < 12; ++turn) meeting["meeting_transcripts"].push_back({{"speaker", "S" + n}, {"content", "We spoke of mills , and of " + std::to_string(turn) + " boats ."}});
    meeting["general_query_list"].push_back({{"query", "Summarize the whole meeting."}, {"answer", "They spoke of mills and boats."}});
    qmsum += meeting.dump() + "\n";
  }
  return {row_of("hotpotqa", kGolden + "hotpotqa/distractor", 400),
          row_of("narrativeqa", kGolden + "narrativeqa", 1),
          row_of("govreport", kGolden + "govreport", 1),
          row_of("qmsum", folder.file("qmsum/train.jsonl", qmsum), 1),
          row_of("trec", folder.file("trec/train_5500.label", trec), 200),
          row_of("triviaqa", kGolden + "triviaqa", 400),
          row_of("samsum", folder.file("samsum/train.csv", samsum), 300),
          row_of("passage-count", folder.file("wikisum/train.jsonl", wikisum), 300),
          row_of("passage-retrieval", folder.file("wikisum/train.jsonl", wikisum), 300),
          row_of("niah-a", kGolden + "hotpotqa/distractor", 0),
          row_of("niah-b", kGolden + "hotpotqa/distractor", 0),
          row_of("lcc", kGolden + "lcc", 1)};
}

// What a set holds of one task, in the order of sr, os, ur.
std::vector<Transcript> sample_of(const Row& row, const Task& task, int64_t index) {
  std::vector<Transcript> sample;
  if (row.config().by_rules()) {
    for (const Mode form : forms_of(row.config())) sample.push_back(row.by_rules(task, form, index));
    return sample;
  }
  Writer teacher;
  const Transcript taught = read(task, {.mode = Mode::kUnsmooth, .chunk = 80, .early_stop = task.early_stop}, teacher);
  for (const Mode form : forms_of(row.config())) sample.push_back(in_form(task, taught, form));
  return sample;
}

// A model that has learned the sample by heart reads the task: it is fed what the sample says, and its reading is the sample.
void check_replay(const Task& task, const Transcript& sample, const Layout& layout) {
  const std::vector<Example> trained = layout.examples(transcript_from_json(to_json(sample)));
  bool as_trained = true;
  const Script model(layout.tokenizer()->vocab_size(), [&](int64_t, int64_t document, const std::vector<int64_t>& fed) {
    const std::vector<int64_t>& ids = trained.at(document).ids;
    as_trained = as_trained && fed.size() <= ids.size() && fed.back() == ids[fed.size() - 1];
    return fed.size() < ids.size() ? ids[fed.size()] : 0;
  });
  Engine engine(model, 1, layout.ends(), {}, 1);
  const ReadingOptions options{.mode = mode_from(sample.mode), .chunk = sample.chunk, .early_stop = sample.early_stop, .max_summary_tokens = 4096, .max_answer_tokens = 4096};
  const Transcript reading = read_with_model(engine, layout, {task}, options).at(0);
  REQUIRE(as_trained);
  const auto& state = dynamic_cast<const Counter&>(engine.state());
  REQUIRE(state.documents[0] + 1 == static_cast<int64_t>(trained.size()));
  REQUIRE(state.fed[0].size() + 1 == trained.back().ids.size());  // the last token ends the reading and is not fed
  REQUIRE(reading.answer == sample.answer);
  const std::vector<Example> again = layout.examples(reading);
  REQUIRE(again.size() == trained.size());
  for (size_t i = 0; i < again.size(); ++i) REQUIRE(again[i].ids == trained[i].ids);
}

void check_every_row(const std::shared_ptr<const Tokenizer>& tokenizer, const std::vector<std::string>& templates) {
  const TestFolder folder;
  std::vector<Layout> layouts;
  for (const std::string& chat_template : templates) layouts.emplace_back(tokenizer, chat_template);
  const int64_t tasks = tokenizer->vocab_size() > 10000 ? 1 : 2;  // a large vocabulary takes its time
  int64_t turns = 0, stopped_early = 0;
  for (const RowConfig& config : all_rows(folder)) {
    const Row row(config, 3, tokenizer);
    for (int64_t index = 0; index < std::min(tasks, row.size()); ++index) {
      const Task task = row.task(index);
      for (const Transcript& sample : sample_of(row, task, index)) {
        for (size_t i = 0; i < layouts.size(); ++i) {
          INFO(config.row << ", task " << index << ", " << sample.mode << ", " << templates[i]);
          check_replay(task, sample, layouts[i]);
        }
        turns += static_cast<int64_t>(sample.exchanges.size());
        stopped_early += sample.exchanges.back().end < static_cast<int64_t>(task.context.size());
      }
    }
  }
  CHECK(turns > 60 * tasks);
  CHECK(stopped_early > 0);
}

std::shared_ptr<const Tokenizer> trained(const std::string& type) {
  const TestFolder folder;
  std::vector<std::string> lines;
  for (int i = 0; i < 300; ++i) lines.push_back("Target: all that matters of mill number " + std::to_string(i * 7919) + ", Clues and Reason: unknown. Answer: " + std::to_string(i));
  train_sentencepiece(folder.path, lines, type, 400, special_texts());
  return load_tokenizer(folder.path.string());
}

// A published tokenizer with the markers added; null, after saying so, where it is not at hand.
std::shared_ptr<const Tokenizer> published(const std::string& name) {
  const std::string fixture = fixture_tokenizer(name);
  if (fixture.empty()) return nullptr;
  const TestFolder folder;
  add_markers(fixture, (folder.path / "marked").string());
  return load_tokenizer((folder.path / "marked").string());
}

}  // namespace

TEST_CASE("every row, replayed: tokenizers of this project", "[cpu][replay]") {
  const std::vector<std::string> templates = {"chatml", "qwen2.5", "rwkv-world", "plain"};
  SECTION("bytes") { check_every_row(std::make_shared<ByteTokenizer>(special_texts()), templates); }
  SECTION("unigram") { check_every_row(trained("unigram"), templates); }
  SECTION("bpe") { check_every_row(trained("bpe"), templates); }
}

TEST_CASE("every row, replayed: Qwen2's tokenizer", "[cpu][replay]") {
  if (const auto tokenizer = published("qwen2")) check_every_row(tokenizer, {"chatml", "qwen2.5", "plain"});
}
TEST_CASE("every row, replayed: Llama's and Mistral's tokenizer", "[cpu][replay]") {
  if (const auto tokenizer = published("llama_spm")) check_every_row(tokenizer, {"mistral", "plain"});
}
TEST_CASE("every row, replayed: RWKV World's tokenizer", "[cpu][replay]") {
  if (const auto tokenizer = published("rwkv_world")) check_every_row(tokenizer, {"rwkv-world", "plain"});
}
