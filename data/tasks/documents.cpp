// Whole texts: stories, reports, meetings, the beginnings of source files. Those longer than max_tokens are left out, and of the others
// as many as must be for the mean length.
#include <map>

#include "data/chunker.h"
#include "data/sources/sets.h"
#include "data/tasks/draw.h"
#include "data/tasks/shelf.h"
#include "data/tasks/tasks.h"

namespace smooth {
namespace {

class Documents : public Tasks {
 public:
  Documents(const TaskRow& row, const SourceConfig& config) : Tasks(row, config), texts_(config.spool), questions_(config.spool) {
    RawSet set(config);
    if (row.row == "narrativeqa") read_stories(set);
    if (row.row == "govreport") read_reports(set);
    if (row.row == "qmsum") read_meetings(set);
    if (row.row == "lcc") read_code(set);
    count(set);
    choose();
  }

  int64_t size() const override { return static_cast<int64_t>(items_.size()); }

 private:
  struct Item {
    int64_t text, question;  // on their shelves
  };
  static constexpr int64_t kTooLong = -1;

  int64_t add_text(const std::string& text) {
    const int64_t tokens = estimated_tokens(text);
    if (tokens > config().max_tokens) return kTooLong;
    lengths_.push_back(tokens);
    return texts_.add({text});
  }
  void add_question(int64_t text, const std::string& question, const std::vector<std::string>& answers) {
    if (text == kTooLong) {
      ++counts_.left_out;
      return;
    }
    std::vector<std::string_view> texts = {question};
    texts.insert(texts.end(), answers.begin(), answers.end());
    items_.push_back({text, questions_.add(texts)});
  }

  void read_stories(RawSet& set) {
    std::map<std::string, int64_t> stories;
    read_narrativeqa(set, [&](StoryQuestion& question) {
      if (!question.text.empty()) stories[question.story] = add_text(question.text);
      add_question(stories.at(question.story), question.question, question.answers);
      return true;
    });
  }
  void read_reports(RawSet& set) {
    read_govreport(set, [&](Report& report) {
      add_question(add_text(report.text), "", {report.summary});
      return true;
    });
  }
  void read_meetings(RawSet& set) {
    read_qmsum(set, [&](Meeting& meeting) {
      const int64_t text = add_text(meeting.transcript);
      for (const Query& query : meeting.queries) add_question(text, query.query, {query.answer});
      return true;
    });
  }
  void read_code(RawSet& set) {
    read_lcc(set, [&](CodeContext& code) {
      if (!code.context.ends_with('\n')) code.context += "\n";
      add_question(add_text(code.context), "", {code.next_line});
      return true;
    });
  }

  void choose() {
    if (row().mean_tokens == 0) return;
    std::vector<int64_t> lengths;
    for (const Item& item : items_) lengths.push_back(lengths_[item.text]);
    const std::vector<bool> kept = thin_to_mean(lengths, row().mean_tokens);
    std::vector<Item> chosen;
    for (size_t i = 0; i < items_.size(); ++i) {
      if (kept[i]) chosen.push_back(items_[i]);
    }
    counts_.left_out += static_cast<int64_t>(items_.size() - chosen.size());
    items_ = std::move(chosen);
  }

  void lay_out(int64_t item, Random&, Task& task) const override {
    std::vector<std::string> texts = questions_.texts(items_[item].question);
    task.context = std::move(texts_.texts(items_[item].text)[0]);
    task.question = texts[0];
    task.subject = task.question.empty() ? row().instruction : task.question;
    task.answers.assign(texts.begin() + 1, texts.end());
  }

  Shelf texts_, questions_;
  std::vector<int64_t> lengths_;  // of texts_, in estimated tokens
  std::vector<Item> items_;
};

}  // namespace

std::unique_ptr<const Tasks> load_documents(const TaskRow& row, const SourceConfig& config) { return std::make_unique<Documents>(row, config); }

}  // namespace smooth
