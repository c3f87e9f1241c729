// A set beside the tokenizer and the template of a training run: what differs is refused, what is harmless is not.
#include "data/training/made_with.h"

#include <catch2/catch.hpp>

#include "data/build.h"
#include "data/training/tokenise.h"
#include "tests/data/cached.h"
#include "tests/data/training_files.h"

using namespace smooth;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

const std::string kAdvice = ", build the set anew, or accept it with data.other_tokenizer: accept";

// A folder of a set whose manifest is `manifest`, and a run on one of its files with the tokenizer in bytes/.
struct SetBesideRun {
  TestFolder folder;
  TrainDataConfig config = bytes_config(folder, {folder.file("set/a.jsonl", line_of("one", "x"))});
  const Layout layout = bytes_layout();

  explicit SetBesideRun(const std::string& manifest) { folder.file("set/manifest.json", manifest); }
  std::string refused() const {
    return folder.short_form(message_of<std::runtime_error>([&] { check_made_with(config, *layout.tokenizer()); }));
  }
  std::string told() const {
    return folder.short_form(said_by([&] { check_made_with(config, *layout.tokenizer()); }));
  }
};

}  // namespace

TEST_CASE("a set made with another tokenizer is refused, unless that is accepted", "[cpu]") {
  SetBesideRun run(R"({"tokenizer": "own", "vocab_size": 260, "chat_template": "plain"})");
  const std::string own = run.folder.file("set/own/tokenizer.model", "bytes");
  CHECK(run.told() == "");  // another folder with the same files
  run.folder.file("set/own/tokenizer_config.json", "{}");
  CHECK(run.told() == "");  // a checkpoint's copy may have fewer
  run.folder.file("bytes/tokenizer_config.json", "{\"a\": 1}");
  const std::string folders = "set: was made with the tokenizer in set/own, data.tokenizer is bytes: ";
  const std::string instead = "; train with data.tokenizer: set/own" + kAdvice;
  CHECK(run.refused() == folders + "their tokenizer_config.json differ" + instead);
  fs::remove(run.folder.path / "bytes/tokenizer_config.json");
  run.folder.file("set/own/tokenizer.model", "other");
  CHECK(run.refused() == folders + "their tokenizer.model differ" + instead);
  REQUIRE_THROWS_WITH(tokenise_once(run.config, run.layout, run.folder.path / "tokens"), Contains("their tokenizer.model differ"));
  run.config.other_tokenizer = "accept";
  CHECK(run.told() == "");
  CHECK(tokenise_once(run.config, run.layout, run.folder.path / "tokens")->num_samples() == 1);
  run.config.other_tokenizer = "refuse";
  fs::rename(own, run.folder.path / "set/own/vocab.txt");
  CHECK(run.refused() == folders + "they have no file of a vocabulary in common" + instead);
}

TEST_CASE("a set whose tokenizer is not there any more is compared by what its manifest says", "[cpu]") {
  const SetBesideRun run(R"({"tokenizer": "own", "vocab_size": 260, "chat_template": "plain"})");
  CHECK(run.told() == "smooth: set: the tokenizer that it was made with, set/own, is not there to be compared with data.tokenizer\n");
  const SetBesideRun other(R"({"tokenizer": "own", "vocab_size": 300, "chat_template": "plain"})");
  CHECK_THAT(other.refused(), Contains("they know 300 and 260 tokens"));
  const SetBesideRun silent(R"({"tokenizer": "../bytes"})");
  CHECK(silent.told() == "");
}

TEST_CASE("another chat template is refused where it chose the samples", "[cpu]") {
  const std::string manifest = R"({"tokenizer": "../bytes", "chat_template": "chatml", "max_sample_tokens": )";
  SetBesideRun limited(manifest + "512}");
  CHECK(limited.refused() == "set: its samples were limited to 512 tokens as chat template chatml lays them out, data.chat_template is plain; "
                             "train with data.chat_template: chatml" + kAdvice);
  limited.config.chat_template = "chatml";
  CHECK(limited.told() == "");
  const SetBesideRun any_length(manifest + "0}");
  CHECK(any_length.told() == "");
}

TEST_CASE("files that no set of `data build` lies beside are anybody's", "[cpu]") {
  for (const std::string manifest : {"", "[]", "{}", R"({"tokenizer": {"type": "BPE"}})", R"({"name": "my data", "tokenizer": null})"}) {
    INFO(manifest);
    const SetBesideRun run(manifest);
    CHECK(run.told() == "");
  }
}

TEST_CASE("the manifest of a set tells what to compare", "[cpu]") {
  const TestFolder folder;
  DataConfig set;
  set.out = (folder.path / "set").string();
  set.tokenizer = {.vocab_size = 400, .training_documents = 10};
  set.max_sample_tokens = 900;
  RowConfig row{.row = "niah-b", .samples = 2, .min_tokens = 250, .max_tokens = 350, .min_chunk = 12, .max_chunk = 30};
  row.niah.digits = 3;
  row.niah.adjectives = row.niah.nouns = 10;
  set.rows = {row};
  build_set(set, false);
  TrainDataConfig config;
  config.files = {(folder.path / "set/niah-b.sr.jsonl").string()};
  config.tokenizer = (folder.path / "set/tokenizer").string();
  const auto tokenizer = load_tokenizer(config.tokenizer);
  check_made_with(config, *tokenizer);
  tokenizer->save((folder.path / "checkpoint").string());
  config.tokenizer = (folder.path / "checkpoint").string();
  CHECK(said_by([&] { check_made_with(config, *tokenizer); }) == "");
  config.chat_template = "plain";
  REQUIRE_THROWS_WITH(check_made_with(config, *tokenizer), Contains("its samples were limited to 900 tokens as chat template chatml"));
}
