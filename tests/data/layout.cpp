// What is trained on is what an evaluation would feed and write, id for id.
#include "data/layout.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "data/niah.h"
#include "data/teachers/rules.h"
#include "tests/configs/folder.h"
#include "tests/data/bytes.h"

using namespace smooth;
using Catch::Matchers::Contains;

namespace {

const std::vector<std::string> kTemplates = {"chatml", "rwkv-world", "plain"};
const std::vector<Mode> kModes = {Mode::kOneStep, Mode::kUnsmooth, Mode::kSmooth};

NiahConfig needles() {
  NiahConfig config;
  config.keys = 3;
  config.queries = 2;
  config.values = 2;
  config.digits = 4;
  config.adjectives = config.nouns = 12;
  return config;
}

Task task_of(const std::shared_ptr<const Tokenizer>& tokenizer, int64_t length, int64_t index, bool early_stop) {
  Task task = Niah(needles(), tokenizer).task(5, length, index);
  task.early_stop = early_stop;
  return task;
}

// SentencePiece that learned the tasks' own text: some words are one piece, others many.
std::shared_ptr<const Tokenizer> trained(const std::string& type) {
  TestFolder folder;
  const auto bytes = std::make_shared<ByteTokenizer>(special_texts());
  std::vector<std::string> lines;
  for (int64_t i = 0; i < 12; ++i) {
    const Task task = task_of(bytes, 1500, 100 + i, false);
    RuleTeacher teacher(task);
    for (const Exchange& exchange : read(task, {.mode = Mode::kSmooth, .chunk = 60}, teacher).exchanges) {
      lines.push_back(exchange.given);
      lines.push_back(exchange.written);
    }
  }
  train_sentencepiece(folder.path, lines, type, 500, special_texts());
  return load_tokenizer(folder.path);
}

const std::shared_ptr<const Tokenizer>& tokenizer_of(const std::string& type) {
  static const auto unigram = trained("unigram"), bpe = trained("bpe");
  return type == "bpe" ? bpe : unigram;
}

// The walk that an evaluation makes: what it feeds and what it would have to generate, a document where memory begins.
std::vector<Example> evaluate(const Task& task, const ReadingOptions& options, const Layout& layout, Author& author,
                              Transcript* transcript) {
  std::vector<Example> documents;
  Reading reading(task, options);
  while (const std::optional<Turn> turn = reading.next()) {
    if (turn->forget) documents.emplace_back();
    Example& document = documents.back();
    const std::vector<int64_t> fed = layout.given(turn->text, turn->forget), reply = layout.written(author.write(*turn));
    // The engine stops at the first token that ends writing, so there must be one, and at the end.
    const auto end = std::find_first_of(reply.begin(), reply.end(), layout.ends().begin(), layout.ends().end());
    REQUIRE(end + 1 == reply.end());
    document.ids.insert(document.ids.end(), fed.begin(), fed.end());
    document.target.insert(document.target.end(), fed.size(), 0);
    document.ids.insert(document.ids.end(), reply.begin(), reply.end());
    document.target.insert(document.target.end(), reply.size(), 1);
    reading.wrote(layout.text(reply));
  }
  *transcript = reading.transcript();
  return documents;
}

void check_same(const std::vector<Example>& got, const std::vector<Example>& expected) {
  REQUIRE(got.size() == expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    REQUIRE(got[i].ids == expected[i].ids);
    REQUIRE(got[i].target == expected[i].target);
  }
}

// Cut off, without a marker, with one in the wrong place: what a model writes before it is trained.
class Babbler : public Author {
 public:
  std::string write(const Turn&) override {
    static const std::vector<std::string> texts = {"Target: a\nClues: half a cl", "", "  I do not know. ", "Reason: joined<CONTINUE>", "<CONTINUE>", "Answer: 7"};
    return texts[next_++ % texts.size()];
  }

 private:
  size_t next_ = 0;
};

}  // namespace

TEST_CASE("a replayed training sample is what evaluation feeds and writes", "[cpu]") {
  for (const std::string type : {"unigram", "bpe"}) {
    const auto& tokenizer = tokenizer_of(type);
    int stopped_early = 0, turns = 0;
    for (int64_t index = 0; index < 6; ++index) {
      const Task task = task_of(tokenizer, 400 + 100 * index, index, index % 2 == 1);
      for (const std::string& chat_template : kTemplates) {
        const Layout layout(tokenizer, chat_template);
        for (const Mode mode : kModes) {
          INFO(type << ", " << chat_template << ", " << mode_name(mode) << ", task " << index);
          const ReadingOptions options{.mode = mode, .chunk = 20 + 15 * index, .early_stop = task.early_stop};
          RuleTeacher teacher(task), again(task);
          const Transcript sample = read(task, options, teacher);
          Transcript evaluated;
          const std::vector<Example> documents = evaluate(task, options, layout, again, &evaluated);
          check_same(layout.examples(sample), documents);
          check_same(layout.examples(transcript_from_json(to_json(sample))), documents);
          REQUIRE(to_json(evaluated) == to_json(sample));
          REQUIRE(documents.size() == (mode == Mode::kUnsmooth ? sample.exchanges.size() : 1));
          REQUIRE((mode == Mode::kOneStep || sample.exchanges.size() > 1));
          stopped_early += sample.exchanges.back().end < static_cast<int64_t>(task.context.size());
          turns += static_cast<int>(sample.exchanges.size());
        }
      }
    }
    REQUIRE(stopped_early > 0);
    REQUIRE(turns > 200);
  }
}

TEST_CASE("replies that are no summaries are replayed too", "[cpu]") {
  const auto& tokenizer = tokenizer_of("unigram");
  const Task task = task_of(tokenizer, 500, 1, true);
  for (const std::string& chat_template : kTemplates) {
    const Layout layout(tokenizer, chat_template);
    for (const Mode mode : kModes) {
      INFO(chat_template << ", " << mode_name(mode));
      const ReadingOptions options{.mode = mode, .chunk = 30};
      Babbler author, again;
      const Transcript sample = read(task, options, author);
      Transcript evaluated;
      check_same(layout.examples(sample), evaluate(task, options, layout, again, &evaluated));
      REQUIRE(to_json(evaluated) == to_json(sample));
      REQUIRE((mode == Mode::kOneStep || sample.exchanges.size() > 6));
    }
  }
}

TEST_CASE("templates, spelled out", "[cpu]") {
  const std::string summary = "Target: t\nClues: \nReason: r\n<CONTINUE>";
  Transcript transcript;
  transcript.exchanges = {{.forget = true, .given = "one", .written = summary}, {.given = "two", .written = "a plain answer"}};
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"chatml", "<|im_start|>user\none<|im_end|>\n<|im_start|>assistant\n" + summary +
                     "<|im_end|>\n<|im_start|>user\ntwo<|im_end|>\n<|im_start|>assistant\na plain answer<|im_end|>"},
      {"rwkv-world", "User: one\n\nAssistant:" + summary + "\n\nUser: two\n\nAssistant:a plain answer<|im_end|>"},
      {"plain", "one\n" + summary + "\ntwo\na plain answer<|im_end|>"}};
  for (const auto& [name, text] : expected) {
    for (const std::string type : {"unigram", "bytes"}) {
      const auto tokenizer = type == "bytes" ? std::make_shared<ByteTokenizer>(special_texts()) : tokenizer_of(type);
      const Layout layout(tokenizer, name);
      INFO(name << ", " << type);
      const std::vector<Example> documents = layout.examples(transcript);
      REQUIRE(documents.size() == 1);
      const Example& document = documents[0];
      REQUIRE(tokenizer->decode(document.ids) == text);
      std::vector<int64_t> targets;
      for (size_t t = 0; t < document.ids.size(); ++t) {
        if (document.target[t]) targets.push_back(document.ids[t]);
      }
      REQUIRE(tokenizer->decode(targets) == summary + "a plain answer<|im_end|>");
      // Markers and ends of turns are single tokens.
      for (const std::string& special : {kContinue, std::string("<|im_end|>")}) {
        int64_t in_text = 0;
        for (size_t at = text.find(special); at != std::string::npos; at = text.find(special, at + 1)) ++in_text;
        REQUIRE(std::count(document.ids.begin(), document.ids.end(), tokenizer->special_id(special)) == in_text);
      }

      const Example all = layout.examples(transcript, true).at(0);
      REQUIRE(all.ids == document.ids);
      REQUIRE(std::count(all.target.begin(), all.target.end(), 1) == static_cast<int64_t>(all.ids.size()));
    }
  }
}

TEST_CASE("what is written ends in one token that ends writing, and comes back as text", "[cpu]") {
  for (const std::string type : {"unigram", "bpe"}) {
    const auto& tokenizer = tokenizer_of(type);
    const Layout layout(tokenizer, "chatml");
    const std::vector<std::pair<std::string, std::string>> cases = {{"Target: a\n<CONTINUE>", kContinue}, {"Answer: b\n<STOP>", kStop}, {"The answer is 7.", "<|im_end|>"}, {"", "<|im_end|>"}};
    for (const auto& [text, end] : cases) {
      const std::vector<int64_t> ids = layout.written(text);
      REQUIRE(ids.back() == tokenizer->special_id(end));
      REQUIRE(layout.text(ids) == text);
    }
    REQUIRE(layout.text({}) == "");
    REQUIRE(layout.text(tokenizer->encode("cut off")) == "cut off");
    REQUIRE(std::set<int64_t>(layout.ends().begin(), layout.ends().end()) ==
            std::set<int64_t>{tokenizer->special_id(kContinue), tokenizer->special_id(kStop), tokenizer->special_id("<|im_end|>")});
    REQUIRE(layout.stop() == tokenizer->special_id(kStop));
  }
}

TEST_CASE("a reader that forbids the answer's openings leaves no way to write the label", "[cpu]") {
  for (const std::string type : {"unigram", "bpe", "bytes"}) {
    INFO(type);
    const auto tokenizer = type == "bytes" ? std::make_shared<ByteTokenizer>(special_texts()) : tokenizer_of(type);
    const Layout layout(tokenizer, "plain");
    const std::vector<int64_t>& openings = layout.answer_openings();
    for (int64_t id = 0; id < tokenizer->vocab_size(); ++id) {
      const std::string piece = tokenizer->piece(id);
      const bool begins = !piece.empty() && piece.substr(0, 7) == kAnswerLabel.substr(0, std::min<size_t>(7, piece.size()));
      INFO(id << " [" << piece << "]");
      REQUIRE((std::count(openings.begin(), openings.end(), id) == 1) == begins);
    }
    const auto opens = [&](const std::string& text) { return std::count(openings.begin(), openings.end(), tokenizer->encode(text).at(0)); };
    REQUIRE(opens("Answer: 7\n<STOP>") == 1);
    for (const std::string line : {"Target: Answer", "Clues: a", "Reason: Answer:", "<CONTINUE>", "\nAnswer:"}) REQUIRE(opens(line) == 0);
  }
}

TEST_CASE("a tokenizer without a token that the template needs is refused by the token's name", "[cpu]") {
  for (const std::string& chat_template : kTemplates) {
    REQUIRE_NOTHROW(Layout(std::make_shared<ByteTokenizer>(special_texts()), chat_template));
    for (const std::string& missing : special_texts()) {
      INFO(chat_template << " without " << missing);
      std::vector<std::string> others = special_texts();
      others.erase(std::find(others.begin(), others.end(), missing));
      const auto tokenizer = std::make_shared<ByteTokenizer>(others);
      if (missing == "<|im_start|>" && chat_template != "chatml")
        REQUIRE_NOTHROW(Layout(tokenizer, chat_template));
      else
        REQUIRE_THROWS_WITH(Layout(tokenizer, chat_template), Contains("the tokenizer has no token " + missing) && Contains(chat_template));
    }
  }
  REQUIRE_THROWS_WITH(Layout(std::make_shared<ByteTokenizer>(special_texts()), "alpaca"),
                      Contains("alpaca") && Contains("chatml, qwen2.5, mistral, rwkv-world, plain"));
}
