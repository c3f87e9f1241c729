// HotpotQA: "Passage 1:\nTITLE\nTEXT\nPassage 2:\n...". A question's own ten paragraphs are too short for a long context: paragraphs of
// other questions are put between them.
#include <set>

#include "data/chunker.h"
#include "data/sources/sets.h"
#include "data/tasks/shelf.h"
#include "data/tasks/tasks.h"

namespace smooth {
namespace {

constexpr int kMostDraws = 100;  // in vain, one after another: the set has no more paragraphs

class Passages : public Tasks {
 public:
  Passages(const TaskRow& row, const SourceConfig& config) : Tasks(row, config), shelf_(config.spool) {
    RawSet set(config);
    read_hotpotqa(set, [&](HotpotQuestion& question) {
      std::vector<std::string_view> texts = {question.question, question.answer};
      for (const Article& paragraph : question.paragraphs) texts.insert(texts.end(), {paragraph.title, paragraph.text});
      shelf_.add(texts);
      return true;
    });
    count(set);
  }

  int64_t size() const override { return shelf_.size(); }

 private:
  void lay_out(int64_t item, Random& random, Task& task) const override {
    const std::vector<std::string> own = shelf_.texts(item);
    task.question = task.subject = own[0];
    task.answers = {own[1]};
    std::vector<std::string> passages;
    std::set<std::string> titles;
    int64_t length = 0;
    const auto add = [&](const std::string& title, const std::string& text) {
      passages.push_back(title + "\n" + text);
      titles.insert(title);
      length += estimated_tokens(passages.back()) + 3;  // "Passage 1:"
    };
    for (size_t i = 2; i < own.size(); i += 2) add(own[i], own[i + 1]);

    const int64_t wish = draw_length(random);
    for (int vain = 0; vain < kMostDraws;) {
      const std::vector<std::string> other = shelf_.texts(static_cast<int64_t>(random.below(shelf_.size())));
      const size_t i = 2 + 2 * random.below((other.size() - 2) / 2);
      if (titles.contains(other[i])) {
        ++vain;
        continue;
      }
      if (!has_room(length, estimated_tokens(other[i + 1]), wish)) break;
      vain = 0;
      add(other[i], other[i + 1]);
    }
    random.shuffle(passages);
    for (size_t i = 0; i < passages.size(); ++i) task.context += (i ? "\nPassage " : "Passage ") + std::to_string(i + 1) + ":\n" + passages[i];
  }

  Shelf shelf_;
};

}  // namespace

std::unique_ptr<const Tasks> load_passages(const TaskRow& row, const SourceConfig& config) { return std::make_unique<Passages>(row, config); }

}  // namespace smooth
