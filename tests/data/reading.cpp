// The loop, turn by turn, with an author that writes what it is told.
#include "data/reading.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "data/chunker.h"
#include "data/random.h"
#include "data/words.h"
#include "tests/configs/folder.h"

using namespace smooth;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

class Script : public Author {
 public:
  explicit Script(std::vector<std::string> texts) : texts_(std::move(texts)) {}
  std::string write(const Turn& turn) override {
    turns.push_back(turn);
    return texts_.at(turns.size() - 1);
  }
  std::vector<Turn> turns;

 private:
  std::vector<std::string> texts_;
};

// Three chunks of four words at a limit of 6 = 1.5 x 4.
const std::vector<std::string> kChunks = {"a b c d. ", "e f g h. ", "i j k l."};

Task three_chunks() {
  Task task;
  task.id = "t-1";
  task.row = "niah-a";
  task.instruction = "Read.";
  task.context = kChunks[0] + kChunks[1] + kChunks[2];
  task.question = "Where?";
  task.answers = {"here", "there"};
  task.length = 77;
  return task;
}

ReadingOptions options_of(Mode mode, bool early_stop = true) {
  return {.mode = mode, .chunk = 6, .early_stop = early_stop, .max_summary_tokens = 50, .max_answer_tokens = 20};
}

std::string going_on(const std::string& clue) { return "Target: x\nClues: " + clue + "\nReason: r\n<CONTINUE>"; }
std::string stopping(const std::string& answer) { return "Target: x\nClues: y\nReason: r\nAnswer: " + answer + "\n<STOP>"; }

bool same(const Exchange& a, const Exchange& b) {
  return a.forget == b.forget && a.given == b.given && a.written == b.written && a.begin == b.begin && a.end == b.end &&
         a.given_tokens == b.given_tokens && a.written_tokens == b.written_tokens && a.prefill_seconds == b.prefill_seconds &&
         a.decode_seconds == b.decode_seconds;
}

}  // namespace

TEST_CASE("modes have names", "[cpu]") {
  for (const std::string name : {"os", "ur", "sr"}) REQUIRE(mode_name(mode_from(name)) == name);
  REQUIRE_THROWS_WITH(mode_from("fast"), Contains("fast") && Contains("os, ur, sr"));
}

TEST_CASE("one-step reading is one turn of everything, and its answer is the text", "[cpu]") {
  const Task task = three_chunks();
  for (const bool early_stop : {true, false}) {
    Script author({stopping("no summary is read here")});
    const Transcript transcript = read(task, options_of(Mode::kOneStep, early_stop), author);
    REQUIRE(author.turns.size() == 1);
    const Turn& turn = author.turns[0];
    REQUIRE(turn.text == "Read.\na b c d. e f g h. i j k l.\nWhere?");
    REQUIRE(turn.forget);
    REQUIRE(turn.may_stop);
    REQUIRE(turn.last);
    REQUIRE(turn.one_step);
    REQUIRE(turn.max_tokens == 20);
    REQUIRE(turn.begin == 0);
    REQUIRE(turn.end == static_cast<int64_t>(task.context.size()));
    REQUIRE(transcript.exchanges.size() == 1);
    REQUIRE(transcript.answer == stopping("no summary is read here"));
    REQUIRE(transcript.mode == "os");
    REQUIRE(transcript.chunk == 0);
  }
}

TEST_CASE("a prescribed prompt takes the place of all that one-step reading says, and no other mode takes it", "[cpu]") {
  Task task = three_chunks();
  for (const bool plain : {true, false}) {
    task.prompt = Prompt{.text = "word by word", .plain = plain, .max_tokens = 7};
    Script author({" \nas it is \n"});
    const Transcript transcript = read(task, options_of(Mode::kOneStep), author);
    REQUIRE(author.turns.size() == 1);
    REQUIRE(author.turns[0].text == "word by word");
    REQUIRE(author.turns[0].max_tokens == 7);
    REQUIRE(author.turns[0].end == static_cast<int64_t>(task.context.size()));
    REQUIRE(transcript.answer == " \nas it is \n");
    REQUIRE(transcript.exchanges.at(0).plain == plain);
    REQUIRE(transcript_from_json(to_json(transcript)).exchanges.at(0).plain == plain);
    REQUIRE(json::parse(to_json(transcript))["exchanges"][0].contains("plain") == plain);
  }
  REQUIRE_THROWS_AS(Reading(task, options_of(Mode::kSmooth)), std::logic_error);
}

TEST_CASE("a reading that fails has ended, without an answer and with its reason", "[cpu]") {
  const Task task = three_chunks();
  Reading reading(task, options_of(Mode::kSmooth));
  reading.next();
  reading.wrote(going_on("one"));
  REQUIRE(reading.next());
  reading.fail("the model's logits are no numbers");
  REQUIRE_FALSE(reading.next());
  const std::string line = to_json(reading.transcript());
  const Transcript got = transcript_from_json(line);
  REQUIRE((got.error == "the model's logits are no numbers" && got.answer.empty() && got.exchanges.size() == 1));
  REQUIRE(to_json(got) == line);
  Script author({stopping("three")});
  REQUIRE_FALSE(json::parse(to_json(read(task, options_of(Mode::kSmooth), author))).contains("error"));
}

TEST_CASE("smooth reading: the task once, then chunks alone, memory kept", "[cpu]") {
  const Task task = three_chunks();
  for (const bool early_stop : {true, false}) {
    Script author({going_on("one"), going_on("two"), stopping("three")});
    const Transcript transcript = read(task, options_of(Mode::kSmooth, early_stop), author);
    REQUIRE(author.turns.size() == 3);
    REQUIRE(author.turns[0].text == "Read.\nWhere?\na b c d. ");
    REQUIRE(author.turns[1].text == "e f g h. ");
    REQUIRE(author.turns[2].text == "i j k l.\n[end of text]");
    for (size_t i = 0; i < 3; ++i) {
      const Turn& turn = author.turns[i];
      INFO("turn " << i);
      REQUIRE(turn.forget == (i == 0));
      REQUIRE(turn.last == (i == 2));
      REQUIRE(turn.may_stop == (early_stop || i == 2));
      REQUIRE_FALSE(turn.one_step);
      REQUIRE(turn.max_tokens == 50);
      REQUIRE(task.context.substr(turn.begin, turn.end - turn.begin) == kChunks[i]);
      REQUIRE(transcript.exchanges[i].forget == turn.forget);
      REQUIRE(transcript.exchanges[i].given == turn.text);
      REQUIRE(transcript.exchanges[i].begin == turn.begin);
      REQUIRE(transcript.exchanges[i].end == turn.end);
    }
    REQUIRE(transcript.exchanges[1].written == going_on("two"));
    REQUIRE(transcript.answer == "three");
    REQUIRE(transcript.id == "t-1");
    REQUIRE(transcript.row == "niah-a");
    REQUIRE(transcript.mode == "sr");
    REQUIRE(transcript.chunk == 6);
    REQUIRE(transcript.early_stop == early_stop);
    REQUIRE(transcript.answers == task.answers);
    REQUIRE(transcript.length == 77);
  }
}

TEST_CASE("unsmooth reading: the task and the summary before, each time with empty memory", "[cpu]") {
  const Task task = three_chunks();
  Script author({going_on("one"), going_on("two"), stopping("three")});
  const Transcript transcript = read(task, options_of(Mode::kUnsmooth, false), author);
  REQUIRE(author.turns.size() == 3);
  REQUIRE(author.turns[0].text == "Read.\nWhere?\na b c d. ");
  REQUIRE(author.turns[1].text == "Read.\nWhere?\nTarget: x\nClues: one\nReason: r\ne f g h. ");
  REQUIRE(author.turns[2].text == "Read.\nWhere?\nTarget: x\nClues: two\nReason: r\ni j k l.\n[end of text]");
  for (size_t i = 0; i < 3; ++i) {
    const Turn& turn = author.turns[i];
    REQUIRE(turn.forget);
    REQUIRE(transcript.exchanges[i].forget);
    REQUIRE(turn.last == (i == 2));
    REQUIRE(turn.may_stop == (i == 2));
    REQUIRE_FALSE(turn.one_step);
    REQUIRE(task.context.substr(turn.begin, turn.end - turn.begin) == kChunks[i]);
  }
  REQUIRE(transcript.answer == "three");
  REQUIRE(transcript.mode == "ur");
}

TEST_CASE("<STOP> ends a reading where it is allowed, and is passed over where it is not", "[cpu]") {
  const Task task = three_chunks();
  for (const Mode mode : {Mode::kSmooth, Mode::kUnsmooth}) {
    INFO(mode_name(mode));
    Script allowed({going_on("one"), stopping("early"), stopping("late")});
    const Transcript early = read(task, options_of(mode, true), allowed);
    REQUIRE(early.exchanges.size() == 2);
    REQUIRE(early.answer == "early");

    Script forbidden({stopping("first"), stopping("early"), going_on("nothing")});
    const Transcript late = read(task, options_of(mode, false), forbidden);
    REQUIRE(late.exchanges.size() == 3);
    REQUIRE(late.exchanges[0].written == stopping("first"));
    REQUIRE(late.answer.empty());  // the last turn gave none

    Script at_last({stopping("first"), going_on("two"), stopping("late")});
    REQUIRE(read(task, options_of(mode, false), at_last).answer == "late");
  }
}

TEST_CASE("an answer without <STOP> is none, on the last chunk too", "[cpu]") {
  const Task task = three_chunks();
  const std::string cut = "Target: x\nClues: y\nReason: r\nAnswer: half of";
  Script author({cut, cut, cut});
  const Transcript transcript = read(task, options_of(Mode::kSmooth), author);
  REQUIRE(transcript.exchanges.size() == 3);
  REQUIRE(transcript.answer.empty());
}

// What was written is carried on as it is, but for its marker: a marker in what is given would be a marker's token.
TEST_CASE("malformed summaries are carried on without their marker", "[cpu]") {
  const Task task = three_chunks();
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""},
      {"<CONTINUE>", ""},
      {"\n<CONTINUE>", ""},
      {"Clues: no end", "Clues: no end\n"},
      {"Reason: joined<CONTINUE>", "Reason: joined\n"},
      {"Reason: spaced <CONTINUE>", "Reason: spaced\n"},
      {"Reason: r\n<CONTINUE>\n", "Reason: r\n"},
      {"Reason: r\nAnswer: too early\n<STOP>", "Reason: r\nAnswer: too early\n"},
      {"<STOP>", ""},
  };
  for (const auto& [written, carried] : cases) {
    INFO("[" << written << "]");
    Script author({written, written, stopping("end")});
    const Transcript transcript = read(task, options_of(Mode::kUnsmooth, false), author);
    REQUIRE(author.turns.size() == 3);
    CHECK(author.turns[1].text == "Read.\nWhere?\n" + carried + kChunks[1]);
    CHECK(author.turns[2].text == "Read.\nWhere?\n" + carried + kChunks[2] + "\n[end of text]");
    CHECK(transcript.exchanges[0].written == written);
    CHECK(transcript.answer == "end");
  }
  Script author({"no summary", "", stopping("end")});
  read(task, options_of(Mode::kSmooth), author);
  REQUIRE(author.turns[1].text == kChunks[1]);
}

TEST_CASE("one chunk, and an empty context, are read in one turn that is the last", "[cpu]") {
  for (const std::string context : {"a b", ""}) {
    for (const Mode mode : {Mode::kSmooth, Mode::kUnsmooth, Mode::kOneStep}) {
      INFO(mode_name(mode) << " [" << context << "]");
      Task task = three_chunks();
      task.context = context;
      Script author({stopping("yes")});
      const Transcript transcript = read(task, options_of(mode, false), author);
      REQUIRE(author.turns.size() == 1);
      const Turn& turn = author.turns[0];
      REQUIRE(turn.text == (mode == Mode::kOneStep ? "Read.\n" + context + "\nWhere?" : "Read.\nWhere?\n" + context + "\n[end of text]"));
      REQUIRE(turn.forget);
      REQUIRE(turn.last);
      REQUIRE(turn.may_stop);
      REQUIRE(turn.begin == 0);
      REQUIRE(turn.end == static_cast<int64_t>(context.size()));
      REQUIRE(transcript.answer == (mode == Mode::kOneStep ? stopping("yes") : "yes"));
    }
  }
}

TEST_CASE("the chunks that were given are the context", "[cpu]") {
  Random random(6);
  for (int i = 0; i < 60; ++i) {
    Task task = three_chunks();
    task.context.clear();
    for (int64_t n = random.randint(1, 30); n > 0; --n) task.context += sentence(random) + (random.below(4) ? " " : "\n\n");
    ReadingOptions options = options_of(i % 2 ? Mode::kSmooth : Mode::kUnsmooth, i % 3 == 0);
    options.chunk = random.randint(1, 60);
    Script author(std::vector<std::string>(task.context.size() + 1, "no marker"));
    const Transcript transcript = read(task, options, author);
    REQUIRE(author.turns.size() == chunk(task.context, options.chunk).size());
    std::string given, by_place;
    for (size_t k = 0; k < author.turns.size(); ++k) {
      const Turn& turn = author.turns[k];
      std::string head = k == 0 || options.mode == Mode::kUnsmooth ? "Read.\nWhere?\n" : "";
      if (k > 0 && options.mode == Mode::kUnsmooth) head += "no marker\n";
      const std::string tail = turn.last ? "\n[end of text]" : "";
      REQUIRE(turn.text.starts_with(head));
      REQUIRE(turn.text.ends_with(tail));
      given += turn.text.substr(head.size(), turn.text.size() - head.size() - tail.size());
      by_place += task.context.substr(turn.begin, turn.end - turn.begin);
      REQUIRE(turn.last == (k + 1 == author.turns.size()));
    }
    REQUIRE(given == task.context);
    REQUIRE(by_place == task.context);
  }
}

TEST_CASE("next says the same until the turn is written, and nothing after the end", "[cpu]") {
  const Task task = three_chunks();
  Reading reading(task, options_of(Mode::kSmooth));
  REQUIRE(reading.next()->text == reading.next()->text);
  reading.wrote(going_on("one"), {.given_tokens = 9, .written_tokens = 8, .prefill_seconds = 0.5, .decode_seconds = 0.25});
  REQUIRE(reading.next()->text == kChunks[1]);
  reading.wrote(stopping("two"));
  REQUIRE_FALSE(reading.next());
  REQUIRE_FALSE(reading.next());
  const Exchange& first = reading.transcript().exchanges.at(0);
  REQUIRE(first.given_tokens == 9);
  REQUIRE(first.written_tokens == 8);
  REQUIRE(first.prefill_seconds == 0.5);
  REQUIRE(first.decode_seconds == 0.25);
  REQUIRE(reading.transcript().exchanges.at(1).given_tokens == 0);
}

TEST_CASE("a transcript comes back from its line", "[cpu]") {
  const Task task = three_chunks();
  for (const Mode mode : {Mode::kSmooth, Mode::kUnsmooth, Mode::kOneStep}) {
    Reading reading(task, options_of(mode, false));
    int64_t turns = 0;
    while (reading.next()) {
      ++turns;
      reading.wrote("tab\t, \"quote\", new\nline, é 漢 \u2028" + stopping("n° 7"),
                    {.given_tokens = turns, .written_tokens = 7, .prefill_seconds = 0.1, .decode_seconds = 1e-7});
    }
    const Transcript& written = reading.transcript();
    const std::string line = to_json(written);
    REQUIRE(line.find('\n') == std::string::npos);
    const Transcript got = transcript_from_json(line);
    REQUIRE(got.id == written.id);
    REQUIRE(got.row == written.row);
    REQUIRE(got.mode == written.mode);
    REQUIRE(got.chunk == written.chunk);
    REQUIRE(got.early_stop == written.early_stop);
    REQUIRE(got.answer == written.answer);
    REQUIRE(got.answers == written.answers);
    REQUIRE(got.length == written.length);
    REQUIRE(got.exchanges.size() == written.exchanges.size());
    for (size_t i = 0; i < got.exchanges.size(); ++i) REQUIRE(same(got.exchanges[i], written.exchanges[i]));
    REQUIRE(to_json(got) == line);
  }
}

TEST_CASE("bytes that are no UTF-8 are replaced in a line, not refused", "[cpu]") {
  Task task = three_chunks();
  task.context = "caf\xe9 \xff\xfe";
  Script author({"half a character \xe6\xbc\nAnswer: \x80\n<STOP>"});
  const Transcript transcript = read(task, options_of(Mode::kSmooth), author);
  const std::string line = to_json(transcript);
  const Transcript got = transcript_from_json(line);
  REQUIRE(got.exchanges.at(0).written == "half a character \ufffd\nAnswer: \ufffd\n<STOP>");
  REQUIRE_THAT(got.exchanges[0].given, Contains("caf\ufffd"));
  REQUIRE(got.answer == "\ufffd");
  REQUIRE(to_json(got) == line);
}

TEST_CASE("a line that is no transcript: the error names the field", "[cpu]") {
  const Task task = three_chunks();
  Script author({stopping("yes")});
  const json whole = json::parse(to_json(read(task, options_of(Mode::kSmooth), author)));
  const auto message = [](const json& line) { return message_of<std::runtime_error>([&] { transcript_from_json(line.dump()); }); };
  const std::vector<std::string> fields = {"id", "row", "mode", "chunk", "early_stop", "answer", "answers", "length", "exchanges"};
  for (const std::string& field : fields) {
    INFO(field);
    REQUIRE(whole.contains(field));
    json missing = whole, wrong = whole;
    missing.erase(field);
    wrong[field] = json::object({{"a", 1}});
    CHECK_THAT(message(missing), Contains("transcript") && Contains("'" + field + "'"));
    CHECK_THAT(message(wrong), Contains("transcript") && Contains("'" + field + "'"));
  }
  for (const auto& [field, value] : whole["exchanges"][0].items()) {
    INFO(field);
    json wrong = whole;
    wrong["exchanges"][0][field] = json::array({1});
    CHECK_THAT(message(wrong), Contains("transcript") && Contains("'" + field + "'"));
  }
  for (const std::string field : {"forget", "given", "written"}) {
    json missing = whole;
    missing["exchanges"][0].erase(field);
    CHECK_THAT(message(missing), Contains("transcript") && Contains("'" + field + "'"));
  }
  json far = whole;
  far["chunk"] = 1e300;
  CHECK_THAT(message(far), Contains("'chunk'") && Contains("expected a whole number"));
  const std::string deep = "{\"exchanges\": [" + std::string(1000000, '[') + std::string(1000000, ']') + "]}";
  for (const std::string& text : {std::string(), std::string("{"), std::string("[1]"), std::string("\"id\""), std::string("null"), deep}) {
    INFO(text);
    CHECK_THROWS_WITH(transcript_from_json(text), Contains("not a transcript"));
  }
  // Places and costs are of use, not needed: a hand-written sample has none.
  json bare = whole;
  bare["exchanges"][0] = {{"forget", true}, {"given", "g"}, {"written", "w"}};
  REQUIRE(transcript_from_json(bare.dump()).exchanges.at(0).end == 0);
}
