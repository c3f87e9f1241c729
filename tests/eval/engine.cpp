// The engine and the model as author, without weights: a scripted model shows which tokens are fed and when; and with a
// decoder: rows side by side equal each alone.
#include "eval/engine.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <map>

#include "data/niah.h"
#include "data/random.h"
#include "data/scores/metrics.h"
#include "data/teachers/rules.h"
#include "data/words.h"
#include "eval/author.h"
#include "model/decoder.h"
#include "tests/eval/script.h"

using namespace smooth;
namespace fs = std::filesystem;

namespace {

const auto kCountUp = [](int64_t, int64_t, const std::vector<int64_t>& fed) { return fed.back() + 1; };

std::shared_ptr<const Tokenizer> small_tokenizer() {
  static const std::shared_ptr<const Tokenizer> tokenizer = [] {
    const fs::path folder = fs::temp_directory_path() / ("smooth-engine-" + std::to_string(getpid()));
    Random random(5);
    std::vector<std::string> lines = {"One of the special magic numbers for old-cat is: 4821.", "Target: Clues: Reason: Answer: unknown found before in this text"};
    for (int i = 0; i < 300; ++i) lines.push_back(sentence(random));
    train_sentencepiece(folder, lines, "bpe", 600, special_texts());
    auto loaded = load_tokenizer(folder);
    fs::remove_all(folder);
    return loaded;
  }();
  return tokenizer;
}

}  // namespace

TEST_CASE("rows sample until an end token or their limit, and the last token is fed with the next request", "[cpu]") {
  const Script model(100, kCountUp);
  Engine engine(model, 2, {20}, {}, 1);
  const auto replies = engine.answer({1, 0}, {{.forget = true, .forced = {15, 16}, .max_tokens = 50}, {.forget = true, .forced = {3}, .max_tokens = 4}});
  CHECK(replies[0].ids == std::vector<int64_t>{17, 18, 19, 20});
  CHECK(replies[1].ids == std::vector<int64_t>{4, 5, 6, 7});
  CHECK(replies[0].forced_tokens == 2);
  const auto& fed = dynamic_cast<const Counter&>(engine.state()).fed;
  CHECK(fed[1] == std::vector<int64_t>{15, 16, 17, 18, 19});
  const auto more = engine.answer({1}, {{.forget = false, .forced = {30}, .max_tokens = 2}});
  CHECK(more[0].ids == std::vector<int64_t>{31, 32});
  CHECK(more[0].forced_tokens == 2);
  CHECK(fed[1] == std::vector<int64_t>{15, 16, 17, 18, 19, 20, 30, 31});
  engine.answer({1}, {{.forget = true, .forced = {40}, .max_tokens = 1}});
  CHECK(fed[1] == std::vector<int64_t>{40});  // forgotten, with the token that was not fed yet
}

TEST_CASE("long texts are taken in by pieces and a step never exceeds its tokens", "[cpu]") {
  const Script model(2000, kCountUp);
  Engine engine(model, 3, {0}, {}, 1, /*step_tokens=*/300);
  std::vector<Request> requests;
  for (const int64_t length : {700, 10, 299}) {
    requests.push_back({.forget = true, .forced = std::vector<int64_t>(length, 5), .max_tokens = 1});
  }
  const auto replies = engine.answer({0, 1, 2}, requests);
  const auto& fed = dynamic_cast<const Counter&>(engine.state()).fed;
  CHECK(fed[0].size() == 700);
  CHECK(fed[1].size() == 10);
  CHECK(fed[2].size() == 299);
  CHECK(model.largest_step <= 300);
  for (const Reply& reply : replies) CHECK(reply.ids == std::vector<int64_t>{6});
}

TEST_CASE("banned tokens are never sampled, greedy or drawn", "[cpu]") {
  for (const double temperature : {0.0, 2.0}) {
    const Script model(50, kCountUp);
    SamplingConfig sampling;
    sampling.temperature = temperature;
    Engine engine(model, 1, {49}, sampling, 3);
    const auto ban = [](const std::vector<int64_t>& sampled) { return sampled.empty() ? std::vector<int64_t>{11} : std::vector<int64_t>{}; };
    for (int i = 0; i < 50; ++i) {
      const auto replies = engine.answer({0}, {{.forget = true, .forced = {10}, .max_tokens = 1, .banned = ban}});
      CHECK(replies[0].ids[0] != 11);
      if (temperature == 0) CHECK(replies[0].ids[0] == 10);  // the nearest of the others, the lower id first
    }
  }
}

TEST_CASE("draws follow the seed, top_k and top_p", "[cpu]") {
  const Script model(50, kCountUp);
  const auto drawn = [&](double temperature, int64_t top_k, double top_p, uint64_t seed) {
    SamplingConfig sampling;
    sampling.temperature = temperature;
    sampling.top_k = top_k;
    sampling.top_p = top_p;
    Engine engine(model, 1, {49}, sampling, seed);
    std::vector<int64_t> ids;
    for (int i = 0; i < 200; ++i) ids.push_back(engine.answer({0}, {{.forget = true, .forced = {20}, .max_tokens = 1}})[0].ids[0]);
    return ids;
  };
  CHECK(drawn(1, 0, 1, 7) == drawn(1, 0, 1, 7));
  CHECK(drawn(1, 0, 1, 7) != drawn(1, 0, 1, 8));
  for (const int64_t id : drawn(5, 3, 1, 7)) CHECK(std::abs(id - 21) <= 1);
  for (const int64_t id : drawn(1, 0, 0.3, 7)) CHECK(id == 21);  // alone it holds more than 0.3
  const auto ids = drawn(1, 0, 1, 9);
  // softmax(-|id - 21|) gives 21 a probability of (1 - 1/e) / (1 + 1/e) = 0.462
  const auto hits = std::count(ids.begin(), ids.end(), 21);
  CHECK(hits > 70);
  CHECK(hits < 115);
}

TEST_CASE("rows side by side compute what each computes alone", "[cpu]") {
  for (const int64_t window : {0, 6}) {
    DecoderConfig config{.vocab_size = 40, .hidden_size = 16, .num_hidden_layers = 2, .num_attention_heads = 2, .num_key_value_heads = 1, .head_dim = 8, .intermediate_size = 24};
    config.windows.assign(2, window);
    Decoder model(config, at::TensorOptions().dtype(at::kDouble));
    model.initialise(4, 0.5);
    const std::vector<Request> first = {{.forget = true, .forced = {1, 2, 3, 4, 5, 6, 7, 8, 9}, .max_tokens = 12}, {.forget = true, .forced = {7}, .max_tokens = 5},
                                        {.forget = true, .forced = {11, 3, 2}, .max_tokens = 20}};
    const std::vector<Request> second = {{.forget = false, .forced = {5}, .max_tokens = 9}, {.forget = true, .forced = {6, 6, 6}, .max_tokens = 9},
                                         {.forget = false, .forced = {1, 2, 3, 4, 5, 6, 7}, .max_tokens = 9}};
    Engine together(model, 3, {0}, {}, 1);
    const auto a = together.answer({0, 1, 2}, first), b = together.answer({0, 1, 2}, second);
    for (size_t row = 0; row < 3; ++row) {
      Engine alone(model, 1, {0}, {}, 1);
      INFO("window " << window << ", row " << row);
      CHECK(alone.answer({0}, {first[row]})[0].ids == a[row].ids);
      CHECK(alone.answer({0}, {second[row]})[0].ids == b[row].ids);
    }
  }
}

TEST_CASE("three readings side by side feed a model the ids that it was trained on", "[cpu]") {
  const auto tokenizer = small_tokenizer();
  for (const char* chat_template : {"chatml", "rwkv-world", "plain"}) {
    const Layout layout(tokenizer, chat_template);
    NiahConfig niah;
    niah.digits = 4;
    std::vector<Task> tasks;
    for (int i = 0; i < 3; ++i) tasks.push_back(Niah(niah, tokenizer).task(1, 400, i));
    for (const Mode mode : {Mode::kOneStep, Mode::kUnsmooth, Mode::kSmooth}) {
      for (const bool early_stop : {true, false}) {
        const ReadingOptions options{.mode = mode, .chunk = 40, .early_stop = early_stop};
        std::vector<std::vector<Example>> samples;
        for (const Task& task : tasks) {
          RuleTeacher teacher(task);
          samples.push_back(layout.examples(read(task, options, teacher)));
        }
        // A model that has learned its samples by heart, and checks that what it is fed is what they say.
        bool as_trained = true;
        const Script model(tokenizer->vocab_size(), [&](int64_t row, int64_t document, const std::vector<int64_t>& fed) {
          const std::vector<int64_t>& ids = samples[row].at(document).ids;
          as_trained = as_trained && fed.size() <= ids.size() && std::equal(fed.begin(), fed.end(), ids.begin());
          return fed.size() < ids.size() ? ids[fed.size()] : 0;
        });
        Engine engine(model, 3, layout.ends(), {}, 1);
        const auto transcripts = read_with_model(engine, layout, tasks, options);
        INFO(chat_template << ", " << mode_name(mode) << ", early stop " << early_stop);
        CHECK(as_trained);
        const auto& state = dynamic_cast<const Counter&>(engine.state());
        for (size_t row = 0; row < tasks.size(); ++row) {
          CHECK(state.documents[row] + 1 == static_cast<int64_t>(samples[row].size()));
          CHECK(state.fed[row].size() + 1 == samples[row].back().ids.size());  // the end token is not fed
          CHECK(string_match_all(transcripts[row].answer, tasks[row].answers) == 1);
          CHECK(layout.examples(transcripts[row]).size() == samples[row].size());
        }
      }
    }
  }
}

TEST_CASE("the last chunk is not gone on from, even by a model that wants to", "[cpu]") {
  const auto tokenizer = small_tokenizer();
  const Layout layout(tokenizer, "chatml");
  const Task task = Niah(NiahConfig{}, tokenizer).task(1, 500, 0);
  const Script model(tokenizer->vocab_size(), [&](int64_t, int64_t, const std::vector<int64_t>&) { return layout.go_on(); });
  for (const bool early_stop : {false, true}) {
    Engine engine(model, 1, layout.ends(), {}, 1);
    const Transcript transcript = read_with_model(engine, layout, {task}, {.mode = Mode::kSmooth, .chunk = 60, .early_stop = early_stop, .max_summary_tokens = 40})[0];
    REQUIRE(transcript.exchanges.size() > 2);
    for (size_t i = 0; i + 1 < transcript.exchanges.size(); ++i) CHECK(transcript.exchanges[i].written == kContinue);
    CHECK(transcript.exchanges.back().written.find(kContinue) == std::string::npos);
  }
}

TEST_CASE("with early stop off no answer comes before the last chunk, even from a model that wants to", "[cpu]") {
  const auto tokenizer = small_tokenizer();
  const Layout layout(tokenizer, "chatml");
  const Task task = Niah(NiahConfig{}, tokenizer).task(1, 500, 0);
  // Writes a newline, then the answer's opening if it may, and <STOP> or <CONTINUE> at the end.
  const std::vector<int64_t> wish = layout.tokenizer()->encode("Reason: x\nAnswer: 12\n" + kStop);
  const Script model(tokenizer->vocab_size(), [&](int64_t, int64_t, const std::vector<int64_t>& fed) {
    const auto header = layout.tokenizer()->encode("assistant\n");
    const auto last = std::find_end(fed.begin(), fed.end(), header.begin(), header.end()) + static_cast<int64_t>(header.size());
    const size_t written = static_cast<size_t>(fed.end() - last);
    return written < wish.size() ? wish[written] : layout.ends()[0];
  });
  ReadingOptions options{.mode = Mode::kSmooth, .chunk = 60, .early_stop = false, .max_summary_tokens = 40};
  Engine off(model, 1, layout.ends(), {}, 1);
  const Transcript all = read_with_model(off, layout, {task}, options)[0];
  REQUIRE(all.exchanges.size() > 2);
  for (size_t i = 0; i + 1 < all.exchanges.size(); ++i) {
    CHECK(all.exchanges[i].written.find(kStop) == std::string::npos);
    CHECK(all.exchanges[i].written.find("\n" + kAnswerLabel) == std::string::npos);
  }
  CHECK(all.answer == "12");
  options.early_stop = true;
  Engine on(model, 1, layout.ends(), {}, 1);
  CHECK(read_with_model(on, layout, {task}, options)[0].exchanges.size() == 1);
}

TEST_CASE("a reply ends where the model's numbers do, greedy or drawn, and other rows go on", "[cpu]") {
  for (const double temperature : {0.0, 1.0}) {
    SamplingConfig sampling;
    sampling.temperature = temperature;
    sampling.top_k = 1;
    const Script model(100, [](int64_t row, int64_t, const std::vector<int64_t>& fed) { return row == 0 && fed.back() >= 12 ? kBroken : fed.back() + 1; });
    Engine engine(model, 2, {20}, sampling, 1);
    const auto replies = engine.answer({0, 1}, {{.forget = true, .forced = {10}, .max_tokens = 50}, {.forget = true, .forced = {10}, .max_tokens = 50}});
    CHECK((replies[0].broken && replies[0].ids == std::vector<int64_t>{11, 12}));
    CHECK((!replies[1].broken && replies[1].ids.size() == 10 && replies[1].ids.back() == 20));
    const auto at_once = engine.answer({0}, {{.forget = true, .forced = {50}, .max_tokens = 5}});
    CHECK((at_once[0].broken && at_once[0].ids.empty()));
    CHECK(engine.answer({0}, {{.forget = true, .forced = {3}, .max_tokens = 2}})[0].ids == std::vector<int64_t>{4, 5});
  }
}

TEST_CASE("a request may have ends of its own", "[cpu]") {
  const Script model(100, kCountUp);
  Engine engine(model, 2, {20}, {}, 1);
  const auto replies = engine.answer({0, 1}, {{.forget = true, .forced = {15}, .max_tokens = 50, .ends = std::vector<int64_t>{17, 30}}, {.forget = true, .forced = {15}, .max_tokens = 50}});
  CHECK(replies[0].ids.back() == 17);
  CHECK(replies[1].ids.back() == 20);
}

TEST_CASE("a reading that fails says why and stops no other", "[cpu]") {
  const auto tokenizer = small_tokenizer();
  const Layout layout(tokenizer, "chatml");
  std::vector<Task> tasks;
  for (int i = 0; i < 3; ++i) tasks.push_back(Niah(NiahConfig{}, tokenizer).task(1, 400, i));
  const ReadingOptions options{.mode = Mode::kSmooth, .chunk = 60, .max_summary_tokens = 6};
  const auto wish = [&](int64_t row, const std::vector<int64_t>& fed) {
    const int64_t turns = std::count(fed.begin(), fed.end(), layout.go_on());
    if (row == 0 && turns == 1) return kBroken;
    if (row == 1 && turns == 2) return tokenizer->vocab_size() + 2;
    return layout.go_on();
  };
  const Script model(tokenizer->vocab_size() + 5, [&](int64_t row, int64_t, const std::vector<int64_t>& fed) { return wish(row, fed); });
  const Script calm(tokenizer->vocab_size() + 5, [&](int64_t, int64_t, const std::vector<int64_t>&) { return layout.go_on(); });
  Engine engine(model, 3, layout.ends(), {}, 1), undisturbed(calm, 3, layout.ends(), {}, 1);
  std::map<size_t, int64_t> taken;
  const auto transcripts = read_with_model(engine, layout, tasks, options, [&](size_t row, const Exchange&) { ++taken[row]; });
  std::map<size_t, int64_t> expected;
  read_with_model(undisturbed, layout, tasks, options, [&](size_t row, const Exchange&) { ++expected[row]; });
  CHECK_THAT(transcripts[0].error, Catch::Matchers::Contains("logits are no numbers any more after"));
  CHECK_THAT(transcripts[1].error, Catch::Matchers::Contains("token id " + std::to_string(tokenizer->vocab_size() + 2) + " is outside the vocabulary"));
  CHECK(transcripts[2].error.empty());
  CHECK(taken[0] == 1);
  CHECK(taken[1] == 2);
  CHECK(taken[2] == expected[2]);
  CHECK(expected[2] > 2);
  CHECK((transcripts[0].answer.empty() && transcripts[1].answer.empty()));
}

TEST_CASE("what a model cannot be given fails by itself, before it is fed", "[cpu]") {
  const auto tokenizer = small_tokenizer();
  const Layout layout(tokenizer, "chatml");
  Task empty, unknown, fine;
  empty.prompt = Prompt{.text = "", .plain = true, .max_tokens = 3};
  unknown.prompt = Prompt{.text = tokenizer->piece(tokenizer->vocab_size() - 1), .plain = true, .max_tokens = 3};
  fine.prompt = Prompt{.text = "<s>", .plain = true, .max_tokens = 3};
  const Script model(tokenizer->vocab_size() - 1, [](int64_t, int64_t, const std::vector<int64_t>&) { return 50; });
  Engine engine(model, 3, layout.ends(), {}, 1);
  const auto transcripts = read_with_model(engine, layout, {empty, unknown, fine}, {.mode = Mode::kOneStep});
  CHECK(transcripts[0].error == "what is given has no tokens");
  CHECK_THAT(transcripts[1].error, Catch::Matchers::Contains("what is given has token " + std::to_string(tokenizer->vocab_size() - 1) + "; the model knows"));
  CHECK(transcripts[2].error == "");
  CHECK(transcripts[2].exchanges.at(0).written_tokens == 3);
}

TEST_CASE("a prescribed prompt is fed as it is, and a one-line answer is a token and a newline at least", "[cpu]") {
  const auto tokenizer = small_tokenizer();
  const Layout layout(tokenizer, "chatml", {77});
  const int64_t newline = tokenizer->encode("\n").back();
  Task line, lines, chat;
  line.prompt = Prompt{.text = "Dialogue: A: hi\nSummary: ", .plain = true, .one_line = true, .max_tokens = 9};
  lines.prompt = Prompt{.text = "Dialogue: A: hi\nSummary: ", .plain = true, .max_tokens = 9};
  chat.prompt = Prompt{.text = "Dialogue", .max_tokens = 9};
  const Script model(tokenizer->vocab_size(), [&](int64_t row, int64_t, const std::vector<int64_t>&) { return row == 2 ? int64_t{77} : newline; });
  Engine engine(model, 3, layout.ends(), {}, 1);
  const auto transcripts = read_with_model(engine, layout, {line, lines, chat}, {.mode = Mode::kOneStep, .max_answer_tokens = 3});
  const auto& fed = dynamic_cast<const Counter&>(engine.state()).fed;
  const auto begins = [&](size_t row, const std::vector<int64_t>& ids) { return fed[row].size() >= ids.size() && std::equal(ids.begin(), ids.end(), fed[row].begin()); };
  CHECK(begins(0, tokenizer->encode(line.prompt->text)));
  CHECK(begins(2, layout.given("Dialogue", true)));
  CHECK(transcripts[0].exchanges[0].written_tokens == 2);
  CHECK(transcripts[0].answer == "\n");  // after </s>, the token next to the newline that it may not begin with
  CHECK(transcripts[1].answer == "\n\n\n\n\n\n\n\n\n");
  CHECK(transcripts[2].exchanges[0].written_tokens == 1);  // the model's own end
}
