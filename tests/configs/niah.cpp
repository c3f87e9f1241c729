// RULER's variants as presets, distances and RULER's files in configs.
#include "configs/niah_config.h"

#include <catch2/catch.hpp>

#include "configs/load.h"
#include "tests/configs/folder.h"

using namespace smooth;
using Catch::Contains;

namespace {

const std::string kFrame = "out: x\nlengths: [4096, 8192]\nmodels: [{name: a, checkpoint: c, reading: {mode: os}}]\n";

EvalConfig load(const std::string& niah, const std::vector<std::string>& overrides = {}) {
  const TestFolder folder;
  return load_config<EvalConfig>(folder.file("a.yaml", kFrame + "niah:\n" + niah), overrides, Paths::as_given);
}

std::string mistake(const std::string& niah, const std::vector<std::string>& overrides = {}) {
  return message_of<ConfigError>([&] { load(niah, overrides); });
}

}  // namespace

TEST_CASE("niah: a variant sets the keys that RULER's task has, and keys that are given stand over it") {
  for (const NiahVariant& variant : kNiahVariants) {
    const NiahConfig niah = load(std::string("  essays: e\n  variant: ") + variant.name + "\n").niah;
    INFO(variant.name);
    CHECK((niah.haystack == variant.haystack && niah.key_type == variant.key_type && niah.value_type == variant.value_type));
    CHECK((niah.keys == variant.keys && niah.values == variant.values && niah.queries == variant.queries));
    CHECK((niah.split == "all" && niah.digits == 7 && niah.nouns == 0));
    CHECK(niah.name() == variant.name);
  }
  // The paper's Table 3; where the key stands in the file makes no difference.
  for (const char* text : {"  keys: 4\n  variant: single_3\n  essays: e\n", "  essays: e\n  variant: single_3\n  keys: 4\n"}) {
    const NiahConfig niah = load(text).niah;
    CHECK((niah.keys == 4 && niah.value_type == "uuids" && niah.name() == "essays"));
  }
  const NiahConfig niah = load("  variant: single_1\n", {"niah.digits=4", "niah.split=test"}).niah;
  CHECK((niah.digits == 4 && niah.split == "test" && niah.name() == "single_1"));
  CHECK(load("  variant: single_1\n", {"niah.variant=multikey_2"}).niah.haystack == "needle");
  CHECK(load("  keys: 3\n").niah.split == "train");
}

TEST_CASE("niah: a resolved config with a variant reads back to the same values") {
  const TestFolder folder;
  const EvalConfig config = load("  variant: multikey_3\n  keys: 7\n  queries: 2\n  split: train\n  distance: [100, 2048]\n");
  const EvalConfig again = load_config<EvalConfig>(folder.file("b.yaml", dump_config(config)), {}, Paths::as_given);
  CHECK(again.niah == config.niah);
  CHECK((again.niah.keys == 7 && again.niah.split == "train"));
}

TEST_CASE("niah: wrong variants, distances and files stop with the reason") {
  CHECK_THAT(mistake("  variant: multikey1\n"), Contains("niah.variant: expected one of single_1, single_2, single_3, multikey_1, multikey_2, multikey_3, multivalue, "
                                                         "multiquery; got `multikey1`; did you mean multikey_1?"));
  CHECK_THAT(message_of<std::invalid_argument>([] { NiahConfig().set_variant("single_4"); }), Contains("single_4 is not known; RULER's are single_1, single_2"));
  CHECK_THAT(mistake("  variant: single_2\n"), Contains("niah.essays: haystack: essays needs a folder or file of essays"));
  CHECK_THAT(mistake("  distance: [0]\n"), Contains("niah.distance.0: expected a number that is at least 1"));
  CHECK_THAT(mistake("  distance: [20, 20]\n"), Contains("niah.distance: 20 is given twice"));
  CHECK_THAT(mistake("  distance: [20]\n  depth_percent: 3\n"), Contains("niah.distance: give it or depth_percent, not both"));
  CHECK_THAT(mistake("  distance: [20, 4096]\n"), Contains("niah.distance: 4096 tokens from the end are not inside of a context of 4096"));
  CHECK_THAT(mistake("  file: r/{length}.jsonl\n  keys: 3\n"), Contains("niah.file: RULER's tasks are read as they are; leave the other keys of niah out"));
  CHECK_THAT(mistake("  file: r.jsonl\n"), Contains("niah.file: is one file for several lengths; put {length}"));
  CHECK_THAT(mistake("  file: r.jsonl\n", {"lengths=[4096]", "models.0.lengths=[8192, 128]"}), Contains("niah.file: is one file for several lengths"));
  CHECK(load("  file: r.jsonl\n", {"lengths=[4096]"}).niah.file == "r.jsonl");
  CHECK(load("  file: r/{length}.jsonl\n").niah.file == "r/{length}.jsonl");
}

TEST_CASE("niah: rows of a set make their tasks, at one distance at most") {
  const auto wrong = [](const std::string& niah) {
    const TestFolder folder;
    const std::string file = folder.file("a.yaml", "out: x\nrows:\n  - row: niah-a\n    min_tokens: 512\n    max_chunk: 512\n    niah: {" + niah + "}\n");
    return message_of<ConfigError>([&] { load_config<DataConfig>(file, {}, Paths::as_given); });
  };
  CHECK_THAT(wrong("file: x.jsonl"), Contains("niah.file: RULER's files are for evaluation"));
  CHECK_THAT(wrong("distance: [8, 9]"), Contains("niah.distance: give one"));
  CHECK_THAT(wrong("distance: [512]"), Contains("niah.distance: is not inside of a context of min_tokens, 512"));
  CHECK(wrong("distance: [511]") == "(nothing was thrown)");
}
