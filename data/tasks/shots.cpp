// Examples of a task, each with its answer, and the task once more without: TREC's questions, TriviaQA's passages, SAMSum's dialogues.
#include <algorithm>

#include "data/chunker.h"
#include "data/sources/sets.h"
#include "data/tasks/draw.h"
#include "data/tasks/shelf.h"
#include "data/tasks/tasks.h"

namespace smooth {
namespace {

constexpr int64_t kPassageTokens = 1500;  // of a page of TriviaQA, the part with the answer

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return text;
}

// "Title\nText": the first part, of all pages, with one of the answers in it; empty if there is none.
std::string passage_with_answer(const TriviaQuestion& question) {
  for (const Article& page : question.passages) {
    for (const std::string_view part : chunk(page.text, kPassageTokens)) {
      const std::string text = lower(std::string(part));
      const auto is_in = [&](const std::string& alias) { return !alias.empty() && text.find(lower(alias)) != std::string::npos; };
      if (!is_in(question.answer) && std::none_of(question.aliases.begin(), question.aliases.end(), is_in)) continue;
      const size_t end = part.find_last_not_of(" \t\r\n") + 1;
      return page.title + "\n" + std::string(part.substr(0, end));
    }
  }
  return "";
}

class Shots : public Tasks {
 public:
  Shots(const TaskRow& row, const SourceConfig& config) : Tasks(row, config), shelf_(config.spool) {
    RawSet set(config);
    if (row.row == "trec") read_questions(set);
    if (row.row == "triviaqa") read_passages(set);
    if (row.row == "samsum") read_dialogues(set);
    count(set);
  }

  int64_t size() const override { return shelf_.size(); }

 private:
  // An example is `asked` + `shown`; examples are joined by between_.
  void add(const std::string& asked, const std::string& shown, const std::vector<std::string>& answers) {
    std::vector<std::string_view> texts = {asked, shown};
    texts.insert(texts.end(), answers.begin(), answers.end());
    shelf_.add(texts);
  }
  void read_questions(RawSet& set) {
    between_ = "\n";
    classes_ = trec_types();
    read_trec(set, [&](TypedQuestion& question) {
      add("Question: " + question.question + "\nType:", " " + question.type, {question.type});
      return true;
    });
  }
  void read_passages(RawSet& set) {
    read_triviaqa(set, [&](TriviaQuestion& question) {
      const std::string passage = passage_with_answer(question);
      std::vector<std::string> answers = question.aliases;
      if (std::find(answers.begin(), answers.end(), question.answer) == answers.end()) answers.insert(answers.begin(), question.answer);
      if (passage.empty()) {
        ++counts_.left_out;
      } else {
        add("Passage:\n" + passage + "\nQuestion:\n" + question.question + "\nAnswer:\n", question.answer + "\n", answers);
      }
      return true;
    });
  }
  void read_dialogues(RawSet& set) {
    read_samsum(set, [&](Dialogue& dialogue) {
      add("Dialogue: " + dialogue.dialogue + "\nSummary: ", dialogue.summary + "\n", {dialogue.summary});
      return true;
    });
  }

  void lay_out(int64_t item, Random& random, Task& task) const override {
    const std::vector<std::string> own = shelf_.texts(item);
    task.question = own[0];
    task.subject = row().instruction;
    task.answers.assign(own.begin() + 2, own.end());
    task.classes = classes_;
    const int64_t wish = draw_length(random);
    const uint64_t order = random.getrandbits(64);
    int64_t length = 0;
    for (int64_t i = 0; i < size(); ++i) {
      const int64_t other = shuffled(order, i, size());
      if (other == item) continue;
      const std::vector<std::string> texts = shelf_.texts(other);
      const int64_t next = estimated_tokens(texts[0] + texts[1]);
      if (!has_room(length, next, wish)) break;
      length += next;
      task.context += (task.context.empty() ? "" : between_) + texts[0] + texts[1];
    }
  }

  Shelf shelf_;
  std::string between_;
  std::vector<std::string> classes_;
};

}  // namespace

std::unique_ptr<const Tasks> load_shots(const TaskRow& row, const SourceConfig& config) { return std::make_unique<Shots>(row, config); }

}  // namespace smooth
