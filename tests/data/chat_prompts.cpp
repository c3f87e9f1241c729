// What the chat teacher is told, and what is told back to it.
#include "data/teachers/chat_prompts.h"

#include <catch2/catch.hpp>

#include <set>

#include "data/summary.h"
#include "data/teachers/chat_form.h"

using namespace smooth;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;

namespace {

const std::vector<std::string> kRows = {"hotpotqa", "narrativeqa", "govreport", "qmsum", "trec", "triviaqa", "samsum", "passage-retrieval", "lcc"};

// The summaries of a row's example, as they stand in its prompt.
std::vector<std::string> examples(const std::string& prompt) {
  const std::string label = "\n\nThe reply to it:\n\n";
  std::vector<std::string> found;
  for (size_t at = prompt.find(label); at != std::string::npos; at = prompt.find(label, at + 1)) {
    const size_t begin = at + label.size(), end = prompt.find("\n\n", begin);
    found.push_back(prompt.substr(begin, end - begin));
  }
  return found;
}

}  // namespace

TEST_CASE("every row's example is of the form that it teaches", "[cpu][chat]") {
  std::set<std::string> prompts;
  for (const std::string& row : kRows) {
    INFO(row);
    const std::string prompt = system_prompt(row);
    prompts.insert(prompt);
    CHECK(prompt == system_prompt(row));
    const std::vector<std::string> summaries = examples(prompt);
    REQUIRE(summaries.size() == 2);
    CHECK(form_problem(summaries[0], {.may_stop = false}).empty());
    CHECK(form_problem(summaries[1], {.last = true}).empty());
    CHECK(parse_summary(summaries[0]).target == parse_summary(summaries[1]).target);
    CHECK(format(parse_summary(summaries[1])) == summaries[1]);
    // The example's second piece is given with the summary of the first.
    CHECK_THAT(prompt, Contains("Your summary so far:\n(none: this is the first piece)") && Contains("Your summary so far:\n" + without_marker(summaries[0]) + "\n\nPiece 2 of the text:\n"));
    for (const char* part : {"\n- Target: ", "\n- Clues: ", "\n- Answer: "}) CHECK_THAT(prompt, Contains(part));
  }
  CHECK(prompts.size() == 8);  // both rows of question answering have one
  CHECK_THROWS_WITH(system_prompt("niah-a"), Contains("no prompt for the row niah-a; its rows are hotpotqa, narrativeqa, govreport, qmsum, trec, triviaqa, samsum, passage-retrieval, lcc"));
}

TEST_CASE("a piece has the task, the summary before it, the text, and what it must end in", "[cpu][chat]") {
  const Task task{.instruction = "Do this.", .context = "first. second. third.", .question = "Which?"};
  CHECK(piece_prompt(task, {.may_stop = true, .begin = 0, .end = 7}, "", 1) ==
        "Task:\nDo this.\n\nQuestion:\nWhich?\n\nYour summary so far:\n(none: this is the first piece)\n\nPiece 1 of the text:\nfirst. \n\n"
        "[More text may follow. If the clues settle the answer, end with `Answer:` and <STOP>; else end with <CONTINUE>.]");
  CHECK_THAT(piece_prompt(task, {.may_stop = false, .begin = 7, .end = 15}, "Target: t", 2),
             Contains("so far:\nTarget: t\n\nPiece 2 of the text:\nsecond. \n\n") && EndsWith("[More text follows, and all of it must be read. Do not answer yet: end with <CONTINUE>.]"));
  CHECK_THAT(piece_prompt({.instruction = "Do this.", .context = "first."}, {.may_stop = true, .last = true, .begin = 0, .end = 6}, "", 1),
             Contains("Task:\nDo this.\n\nYour summary") && EndsWith("[This was the end of the text. End with `Answer:` and <STOP>.]"));
}

TEST_CASE("what is wrong with a summary is said", "[cpu][chat]") {
  const std::string head = "Target: t\nClues: c\nReason: r\n";
  const Turn free{.may_stop = true}, must_go_on{.may_stop = false}, last{.may_stop = true, .last = true};
  CHECK(form_problem(head + "<CONTINUE>", free).empty());
  CHECK(form_problem(head + "<CONTINUE>", must_go_on).empty());
  CHECK(form_problem(head + "Answer: a\n<STOP>", free).empty());
  CHECK(form_problem("\n" + head + "Answer: a\n<STOP>\n\n", last).empty());
  CHECK(form_problem("Here it is:\n" + head + "Answer: two\nlines\n<STOP>", last).empty());
  const auto [text, turn, words] = GENERATE_COPY(table<std::string, Turn, std::string>({
      {"", free, "does not end in <CONTINUE> or <STOP>"},
      {"I cannot do that.", free, "does not end in"},
      {head, free, "does not end in"},
      {head + "<CONTINUE>.", free, "does not end in"},
      {"```\n" + head + "<CONTINUE>\n```", free, "does not end in"},
      {head + "<CONTINUE>\n<STOP>", free, "stands in it more than once"},
      {head + "Answer: <STOP> a\n<STOP>", last, "stands in it more than once"},
      {head + "<CONTINUE>", last, "the text has ended, so it must end in `Answer:` and <STOP>"},
      {head + "Answer: a\n<STOP>", must_go_on, "must end in <CONTINUE>, without an answer"},
      {"Clues: c\nReason: r\n<CONTINUE>", free, "`Target:` is missing or empty"},
      {"Target:\nClues: c\nReason: r\n<CONTINUE>", free, "`Target:` is missing or empty"},
      {"Target: t\nReason: r\n<CONTINUE>", free, "`Clues:` is missing or empty; write `none yet`"},
      {"Target: t\nClues: c\n<CONTINUE>", free, "`Reason:` is missing or empty"},
      {"**Target:** t\nClues: c\nReason: r\n<CONTINUE>", free, "`Target:` is missing or empty"},
      {head + "<STOP>", free, "`Answer:` is missing or empty, and <STOP> needs it"},
      {head + "Answer: \n<STOP>", last, "`Answer:` is missing or empty, and <STOP> needs it"},
      {head + "Answer: a\n<CONTINUE>", free, "holds an `Answer:` and yet goes on"},
      {head + "Answer:\n<CONTINUE>", free, "each once and in this order"},
      {"Target: t\nReason: r\nClues: c\n<CONTINUE>", free, "each once and in this order"},
      {head + head + "<CONTINUE>", free, "each once and in this order"},
      {"Target: t\nClues: c\nAnswer: a\nReason: r\n<STOP>", last, "each once and in this order"},
  }));
  INFO(text);
  CHECK_THAT(form_problem(text, turn), Contains(words));
}

TEST_CASE("a correction says what is wrong, and differs from the one before", "[cpu][chat]") {
  CHECK(correction_prompt("it is empty", 1, 2) ==
        "This reply cannot be used: it is empty. Write the whole summary again in the form that was asked for, and nothing else. (Correction 1 of 2.)");
  CHECK(correction_prompt("it is empty", 1, 2) != correction_prompt("it is empty", 2, 2));
}
