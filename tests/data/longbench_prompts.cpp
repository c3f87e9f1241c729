// LongBench's own prompts: as its pred.py makes them (tests/golden/longbench_official_prompts.py), of templates that the user has.
#include "data/tasks/longbench_prompts.h"

#include <catch2/catch.hpp>

#include "data/layout.h"
#include "data/scores/longbench.h"
#include "data/tokenizers/markers.h"
#include "tests/configs/folder.h"
#include "tests/data/bytes.h"
#include "tests/data/cached.h"
#include "tests/data/tokenizer_folders.h"

using namespace smooth;
using Catch::Contains;
using nlohmann::json;

namespace {

// The benchmark's folder config with these templates, and 32 tokens for each answer.
std::filesystem::path config_folder(const TestFolder& folder, const json& forms) {
  json lengths;
  for (const auto& [task, form] : forms.items()) lengths[task] = 32;
  folder.file("config/dataset2prompt.json", forms.dump());
  folder.file("config/dataset2maxlen.json", lengths.dump());
  return folder.path / "config";
}

LongBenchRecord record(const std::string& context, const std::string& input) { return {.input = input, .context = context}; }

// A byte is a token, <s> frames a text, and <x> is special.
class FramedBytes : public ByteTokenizer {
 public:
  FramedBytes() : ByteTokenizer({"<s>", "<x>", "<|im_start|>", "<|im_end|>", kContinue, kStop}) {}
  std::vector<int64_t> encode_framed(const std::string& text) const override { return encode("<s>" + text); }
  bool is_special(int64_t id) const override { return id >= 256 && id < 260; }
};

}  // namespace

TEST_CASE("prompts are pred.py's, id for id", "[cpu]") {
  if (fixture_tokenizer("qwen2").empty()) return;
  const json expected = golden("longbench_official_prompts.json");
  std::map<std::string, std::shared_ptr<const Tokenizer>> tokenizers;
  const TestFolder folder;
  for (const std::string name : {"qwen2", "llama_spm"}) {
    add_markers(fixture_tokenizer(name), folder.path / name);
    tokenizers[name] = load_tokenizer(folder.path / name);
  }
  const auto config = config_folder(folder, expected["forms"]);
  int cut = 0;
  for (const json& row : expected["rows"]) {
    INFO(row.dump());
    const LongBenchRecord given = record(expected["contexts"][row["context"].get<size_t>()], expected["input"]);
    std::optional<LongBenchPrompts> prompts;
    said_by([&] { prompts.emplace(config, std::vector<std::string>{row["task"]}, row["max_length"].get<int64_t>()); });
    const auto& tokenizer = tokenizers.at(row["tokenizer"]);
    const Prompt prompt = prompts->prompt(row["task"], given, *tokenizer);
    REQUIRE(prompt.text == row["text"].get<std::string>());
    REQUIRE(Layout(tokenizer, row["template"]).given(prompt) == row["ids"].get<std::vector<int64_t>>());
    REQUIRE(prompt.max_tokens == 32);
    cut += prompt.text != fill_in(expected["forms"][row["task"].get<std::string>()], given);
  }
  CHECK(cut > 30);
  CHECK(expected["rows"].size() == 75);
}

TEST_CASE("of a prompt that is too long half the tokens stay at each end, frame and specials gone", "[cpu]") {
  const TestFolder folder;
  const auto config = config_folder(folder, {{"hotpotqa", "{context}|{input}"}});
  const FramedBytes tokenizer;
  const auto text_of = [&](int64_t max_length, const std::string& context) {
    std::string text;
    said_by([&] { text = LongBenchPrompts(config, {"hotpotqa"}, max_length).prompt("hotpotqa", record(context, "q"), tokenizer).text; });
    return text;
  };
  CHECK(text_of(9, "abcdef") == "abcdef|q");        // with <s> nine
  CHECK(text_of(8, "abcdef") == "abcef|q");         // <s>abc and ef|q
  CHECK(text_of(7, "abcdef") == "abf|q");           // int(7 / 2) of each
  CHECK(text_of(8, "a<x>cdef") == "acef|q");        // a special token counts, and is left out
  CHECK(text_of(9, "a<x>cdef") == "a<x>cdef|q");    // not of what is not cut
}

TEST_CASE("fields of a template are put in as Python does it", "[cpu]") {
  const LongBenchRecord some = record("{input} {x} }{", "{{q}}");
  CHECK(fill_in("{{a}} {context}{{{input}}}", some) == "{a} {input} {x} }{{{{q}}}");
  CHECK(fill_in("", some).empty());
  CHECK_THROWS_WITH(fill_in("a {answers}", some), Contains("expected {context} and {input} as the only fields, found {answers} at byte 2"));
  CHECK_THROWS_WITH(fill_in("{context:5}", some), Contains("found {context:5} at byte 0"));
  CHECK_THROWS_WITH(fill_in("a } b", some), Contains("found a single } at byte 2"));
  CHECK_THROWS_WITH(fill_in("a {context", some), Contains("found a single { at byte 2"));
  CHECK_THROWS_WITH(fill_in("{", some), Contains("found a single {"));
}

TEST_CASE("five tasks are given plain, and samsum's answer is a line", "[cpu]") {
  const TestFolder folder;
  json forms;
  std::vector<std::string> names, plain, one_line;
  for (const LongBenchTask& task : longbench_tasks()) {
    names.emplace_back(task.name);
    forms[task.name] = "{context}";
  }
  const auto config = config_folder(folder, forms);
  std::optional<LongBenchPrompts> prompts;
  said_by([&] { prompts.emplace(config, names, 100); });
  for (const std::string& name : names) {
    const Prompt prompt = prompts->prompt(name, record("x", ""), FramedBytes());
    if (prompt.plain) plain.push_back(name);
    if (prompt.one_line) one_line.push_back(name);
  }
  CHECK(plain == std::vector<std::string>{"trec", "triviaqa", "samsum", "lcc", "repobench-p"});
  CHECK(one_line == std::vector<std::string>{"samsum"});
}

TEST_CASE("what differs from the published templates is told once", "[cpu]") {
  const TestFolder folder;
  const auto config = config_folder(folder, {{"musique", "{context} abc"}});
  const auto open = [&] { LongBenchPrompts(config, {"musique"}, 100); };
  // printf '{context} abc' | sha256sum
  CHECK(said_by(open) == "smooth: warning: " + (config / "dataset2prompt.json").string() +
                          ": musique: the template is not the published one: expected SHA-256 9ec4ae308865bd0c..., came ea3f1aa08a244fd8...; it is used as it is\n");
  CHECK(said_by(open).empty());
  folder.file("config/dataset2maxlen.json", R"({"musique": 33})");
  CHECK_THAT(said_by(open), Contains("dataset2maxlen.json: musique: the answer's length is not the published one: expected 32, came 33"));
}

TEST_CASE("prompts follow from template, length and limit, and their checksum says so", "[cpu]") {
  const TestFolder folder;
  const auto config = config_folder(folder, {{"musique", "{context}"}});
  std::vector<std::string> sums;
  said_by([&] {
    sums.push_back(LongBenchPrompts(config, {"musique"}, 100).checksum_of("musique"));
    CHECK(LongBenchPrompts(config, {"musique"}, 100).checksum_of("musique") == sums[0]);
    sums.push_back(LongBenchPrompts(config, {"musique"}, 101).checksum_of("musique"));
    folder.file("config/dataset2maxlen.json", R"({"musique": 31})");
    sums.push_back(LongBenchPrompts(config, {"musique"}, 100).checksum_of("musique"));
    folder.file("config/dataset2prompt.json", R"({"musique": "{input}"})");
    sums.push_back(LongBenchPrompts(config, {"musique"}, 100).checksum_of("musique"));
  });
  std::sort(sums.begin(), sums.end());
  CHECK(std::unique(sums.begin(), sums.end()) == sums.end());
}

TEST_CASE("what a folder of templates lacks is named", "[cpu]") {
  const TestFolder folder;
  const auto message = [&] {
    return folder.short_form(message_of<std::runtime_error>([&] { said_by([&] { LongBenchPrompts(folder.path / "config", {"lcc", "trec"}, 100); }); }));
  };
  CHECK_THAT(message(), Contains("config/dataset2prompt.json: no such file; expected the folder config of LongBench's repository"));
  folder.file("config/dataset2prompt.json", R"({"lcc": "{context}"})");
  CHECK_THAT(message(), Contains("config/dataset2maxlen.json: no such file"));
  folder.file("config/dataset2maxlen.json", R"({"lcc": 64})");
  CHECK_THAT(message(), Contains("config/dataset2prompt.json: has no trec; leave it out of longbench.tasks"));
  folder.file("config/dataset2prompt.json", R"({"lcc": "{context}", "trec": "{input}"})");
  CHECK_THAT(message(), Contains("config/dataset2maxlen.json: has no trec"));
  for (const char* wrong : {"0", "-1", "1.5", "\"64\"", "99999999999999999999", "null"}) {
    folder.file("config/dataset2maxlen.json", std::string(R"({"lcc": 64, "trec": )") + wrong + "}");
    CHECK_THAT(message(), Contains("config/dataset2maxlen.json: trec: expected a number of tokens from 1 to 1048576, got "));
  }
  folder.file("config/dataset2maxlen.json", R"({"lcc": 64, "trec": 64})");
  CHECK(message() == "(nothing was thrown)");
  folder.file("config/dataset2prompt.json", R"({"lcc": "{context}", "trec": ["{input}"]})");
  CHECK_THAT(message(), Contains("config/dataset2prompt.json: trec: expected a text, got [\"{input}\"]"));
  folder.file("config/dataset2prompt.json", R"({"lcc": "{context}", "trec": "{inputs}"})");
  CHECK_THAT(message(), Contains("config/dataset2prompt.json: trec: expected {context} and {input} as the only fields, found {inputs}"));
  folder.file("config/dataset2prompt.json", "[]");
  CHECK_THAT(message(), Contains("config/dataset2prompt.json: expected a JSON object"));
  folder.file("config/dataset2prompt.json", "{");
  CHECK_THAT(message(), Contains("config/dataset2prompt.json"));
}

TEST_CASE("a prescribed prompt is laid out plain or in the template, and so is its answer read", "[cpu]") {
  const auto tokenizer = std::make_shared<FramedBytes>();
  const Layout layout(tokenizer, "chatml", {7});
  const Prompt wrapped{.text = "ab", .max_tokens = 9}, plain{.text = "ab", .plain = true, .max_tokens = 9}, line{.text = "ab", .plain = true, .one_line = true, .max_tokens = 9};
  CHECK(layout.given(wrapped) == layout.given("ab", true));
  CHECK(layout.given(plain) == tokenizer->encode("<s>ab"));
  const int64_t end = tokenizer->special_id("<|im_end|>"), newline = '\n';
  CHECK(layout.ends(wrapped) == std::vector<int64_t>{layout.go_on(), layout.stop(), end, 7});
  CHECK(layout.ends(plain) == std::vector<int64_t>{end, 7});
  CHECK(layout.ends(line) == std::vector<int64_t>{end, 7, newline});
  CHECK(layout.text(plain, tokenizer->encode(" \n<x>yes \n<|im_end|>")) == " \nyes \n");
  CHECK(layout.text(wrapped, tokenizer->encode(" yes<STOP>")) == " yes<STOP>");
  Transcript transcript;
  transcript.exchanges = {{.forget = true, .plain = true, .given = "ab", .written = "c"}};
  CHECK(layout.examples(transcript)[0].ids == tokenizer->encode("<s>abc<|im_end|>"));
}
