// Layouts of published models against their own chat templates (tests/golden/chat_templates.py).
#include <catch2/catch.hpp>

#include <algorithm>

#include "data/layout.h"
#include "data/tokenizers/markers.h"
#include "data/tokenizers/world.h"
#include "tests/configs/folder.h"
#include "tests/data/bytes.h"
#include "tests/data/tokenizer_folders.h"

using namespace smooth;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

using Ids = std::vector<int64_t>;

// What training would have: given and written in turn. After a last answer published templates end the turn.
Ids laid_out(const Layout& layout, const json& messages) {
  Transcript transcript;
  for (size_t i = 0; i < messages.size(); i += 2)
    transcript.exchanges.push_back(
        {.forget = i == 0, .given = messages[i], .written = i + 1 < messages.size() ? messages[i + 1].get<std::string>() : ""});
  if (messages.size() % 2 == 0) return layout.examples(transcript).at(0).ids;
  Ids ids;
  for (const Exchange& exchange : transcript.exchanges) {
    const Ids given = layout.given(exchange.given, exchange.forget), written = layout.written(exchange.written);
    ids.insert(ids.end(), given.begin(), given.end());
    if (&exchange != &transcript.exchanges.back()) ids.insert(ids.end(), written.begin(), written.end());
  }
  return ids;
}

// `expected` may go on after a summary's marker with what the template ends a turn with: here that comes with the next turn.
void check(const std::string& chat_template, const std::shared_ptr<const Tokenizer>& tokenizer, const std::string& end,
           bool by_ids) {
  const Layout layout(tokenizer, chat_template);
  int rows = 0;
  for (const json& row : golden("chat_templates.json")) {
    if (row["template"] != chat_template) continue;
    Ids got = laid_out(layout, row["messages"]);
    if (row["messages"].size() % 2 == 0) {
      const Ids tail = tokenizer->encode(end);
      got.insert(got.end(), tail.begin(), tail.end());
    }
    INFO(chat_template << ": " << row["text"]);
    REQUIRE(got == (by_ids ? row["ids"].get<Ids>() : tokenizer->encode(row["text"])));
    ++rows;
  }
  REQUIRE(rows == 3);
}

std::string marked(const TestFolder& scratch, const std::string& fixture) {
  const std::string out = (scratch.path / "marked").string();
  add_markers(fixture, out);
  return out;
}

}  // namespace

TEST_CASE("qwen2.5: as Qwen2.5-Instruct's chat_template", "[cpu]") {
  check("qwen2.5", std::make_shared<ByteTokenizer>(special_texts()), "<|im_end|>\n", false);
  const Layout layout(std::make_shared<ByteTokenizer>(special_texts()), "qwen2.5");
  REQUIRE(layout.tokenizer()->decode(layout.given("x", false)) ==
          "<|im_end|>\n<|im_start|>user\nx<|im_end|>\n<|im_start|>assistant\n");
}

TEST_CASE("mistral: as Mistral-7B-Instruct's chat_template", "[cpu]") {
  const std::string fixture = fixture_tokenizer("llama_spm");
  if (fixture.empty()) return;
  TestFolder scratch;
  const auto tokenizer = load_tokenizer(marked(scratch, fixture));
  REQUIRE(tokenizer->special_id(kContinue) == 32000);
  check("mistral", tokenizer, "</s>", true);
  const Layout layout(tokenizer, "mistral");
  for (const std::string text : {"Target: a\n<CONTINUE>", "17", "", "two\n\nlines"})
    REQUIRE(layout.text(layout.written(text)) == text);
  REQUIRE(layout.written("17").back() == tokenizer->special_id("</s>"));
  // An answer's first token may be "Answer" with the blank of the dummy prefix.
  const Ids& openings = layout.answer_openings();
  for (const std::string text : {"Answer: 7", "Answer"})
    REQUIRE(std::count(openings.begin(), openings.end(), tokenizer->encode(text).at(0)) == 1);
  REQUIRE(std::count(openings.begin(), openings.end(), tokenizer->encode("Target").at(0)) == 0);
}

TEST_CASE("rwkv-world: as the World models' chat_template", "[cpu]") {
  const std::string fixture = fixture_tokenizer("rwkv_world");
  if (fixture.empty()) return;
  TestFolder scratch;
  check("rwkv-world", load_tokenizer(marked(scratch, fixture)), "\n\n", true);
}

TEST_CASE("rwkv-world with its own tokenizer: a blank line ends a turn", "[cpu]") {
  TestFolder folder, scratch;
  folder.file("rwkv_vocab_test.txt", world_file({"\n\n", "\n\n\n", " Answer", "Answer"}));
  REQUIRE_THROWS_WITH(Layout(load_tokenizer(folder.path), "rwkv-world"),
                      Contains("no token <CONTINUE>") && Contains("smooth data markers"));
  const auto tokenizer = load_tokenizer(marked(scratch, folder.path));
  const Layout layout(tokenizer, "rwkv-world");
  REQUIRE(layout.given("x", true) == tokenizer->encode(kWorldEnd + "User: x\n\nAssistant:"));
  REQUIRE(layout.given("x", true).front() == 0);
  REQUIRE(layout.given("a\n\n\nb", false) == tokenizer->encode("\n\nUser: a\nb\n\nAssistant:"));
  REQUIRE(layout.written("a\n\nb").back() == 257);
  for (const std::string text : {"Target: a\n<CONTINUE>", "17", "", " x"}) REQUIRE(layout.text(layout.written(text)) == text);
  REQUIRE(layout.text(layout.written("a\n\nb")) == "a\nb");
  // A published model may end its turn with a token that holds more than the blank line.
  REQUIRE(std::count(layout.ends().begin(), layout.ends().end(), 258) == 1);
  Ids ids = tokenizer->encode(" 17");
  ids.push_back(258);
  REQUIRE(layout.text(ids) == "17");
  const Ids& openings = layout.answer_openings();
  for (const std::string text : {"Answer", " Answer", " "})
    REQUIRE(std::count(openings.begin(), openings.end(), tokenizer->encode(text).at(0)) == 1);
  REQUIRE(Layout(tokenizer, "plain").written("x").back() == 0);  // a base model ends its texts with token 0
  REQUIRE_THROWS_WITH(Layout(tokenizer, "qwen2.5"), Contains("no token <|im_start|>"));
  REQUIRE_THROWS_WITH(Layout(tokenizer, "mistral"), Contains("no token <s>"));
}
