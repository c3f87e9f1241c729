// "Paragraph 1: TEXT\n\nParagraph 2: ...", of the beginnings of WikiSum's articles: passage count repeats some and asks how many there
// are, passage retrieval gives the summary of one and asks which it is.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>
#include <stdexcept>

#include "data/chunker.h"
#include "data/sources/sets.h"
#include "data/tasks/draw.h"
#include "data/tasks/shelf.h"
#include "data/tasks/tasks.h"

namespace smooth {
namespace {

constexpr int64_t kCountTokens = 300;         // a paragraph to be counted
constexpr int64_t kFewest = 2, kMost = 46;    // different ones (LongBench's answers)
constexpr int64_t kRetrieved = 30;            // paragraphs to choose from
constexpr size_t kFewestWords = 12;           // a shorter text is no paragraph
constexpr size_t kFingerprintWords = 6;
constexpr int kMostTries = 100;

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    if (end > at) words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

// Where the first `count` of a text's words end.
size_t end_of_words(const std::vector<std::string_view>& words, size_t count) {
  const std::string_view last = words[std::min(count, words.size()) - 1];
  return static_cast<size_t>(last.data() - words[0].data()) + last.size();
}

// Whitespace of any kind and number becomes one blank.
std::string on_one_line(const std::string& text) {
  std::string line;
  bool blank = false;
  for (const char c : text) {
    const bool is_blank = c == ' ' || (c >= '\t' && c <= '\r');
    if (!is_blank && blank && !line.empty()) line += ' ';
    if (!is_blank) line += c;
    blank = is_blank;
  }
  return line;
}

// At most so many estimated tokens, up to the end of a sentence if there is one in the second half.
std::string beginning(const std::string& text, int64_t tokens) {
  const std::vector<std::string_view> words = words_of(text);
  const auto most = static_cast<size_t>(tokens * 2 / 3);
  if (words.size() <= most) return text;
  for (size_t count = most; count > most / 2; --count) {
    const char last = words[count - 1].back();
    if (last == '.' || last == '!' || last == '?') return text.substr(0, end_of_words(words, count));
  }
  return text.substr(0, end_of_words(words, most));
}

// The first `words` words as a clue: "; " divides clues, and a full stop ends them.
std::string fingerprint(const std::string& text, size_t words) {
  std::string print;
  const std::vector<std::string_view> all = words_of(text);
  for (size_t i = 0; i < std::min(words, all.size()); ++i) (print += print.empty() ? "" : " ") += all[i];
  std::replace(print.begin(), print.end(), ';', ',');
  const size_t end = print.find_last_not_of(".,:!? ");
  return print.substr(0, end == std::string::npos ? 0 : end + 1);
}

// How many words tell each text from all others; 0 when not even all words do.
size_t telling_words(const std::vector<std::string>& texts) {
  size_t longest = 0;
  for (const std::string& text : texts) longest = std::max(longest, words_of(text).size());
  for (size_t words = kFingerprintWords; words <= longest; ++words) {
    std::set<std::string> prints;
    for (const std::string& text : texts) prints.insert(fingerprint(text, words));
    if (prints.size() == texts.size()) return words;
  }
  return 0;
}

class Paragraphs : public Tasks {
 public:
  Paragraphs(const TaskRow& row, const SourceConfig& config) : Tasks(row, config), shelf_(config.spool), counts_them_(row.row == "passage-count") {
    RawSet set(config);
    read_wikisum(set, [&](WikiPassage& passage) {
      const std::string text = on_one_line(passage.text);
      if (words_of(text).size() < kFewestWords || (!counts_them_ && passage.summary.empty())) {
        ++counts_.left_out;
      } else {
        shelf_.add({text, passage.summary});
      }
      return true;
    });
    count(set);
    const int64_t needed = counts_them_ ? kMost : kRetrieved;
    if (shelf_.size() < needed) {
      throw std::runtime_error(fmt::format("{}: {} needs at least {} passages{} of {} words or more; there are {}", config.path, row.row, needed,
                                           counts_them_ ? "" : " that have a summary,", kFewestWords, shelf_.size()));
    }
  }

  // Draws with repetition never end.
  int64_t size() const override { return counts_them_ ? int64_t{1} << 40 : shelf_.size(); }

 private:
  void lay_out(int64_t item, Random& random, Task& task) const override {
    if (counts_them_) {
      lay_out_count(random, task);
    } else {
      lay_out_retrieval(item, random, task);
    }
  }

  // How many different ones there are says nothing about how many there are in all.
  void lay_out_count(Random& random, Task& task) const {
    const int64_t wish = draw_length(random), different = random.randint(kFewest, std::clamp(wish / kCountTokens, kFewest, kMost));
    std::vector<std::string> texts;
    size_t words = 0;
    for (int tries = 0; words == 0; words = telling_words(texts)) {
      if (++tries > kMostTries) throw std::runtime_error(fmt::format("{}: too many passages begin alike to draw {} that do not", config().path, different));
      texts.clear();
      for (const int64_t i : random.sample(shelf_.size(), different)) texts.push_back(beginning(shelf_.texts(i)[0], kCountTokens));
    }
    int64_t tokens = 0;
    for (const std::string& text : texts) tokens += estimated_tokens(text) + 3;  // "Paragraph 1:"
    const int64_t all = std::max(wish * different / tokens, different);
    std::vector<int64_t> order;
    for (int64_t i = 0; i < all; ++i) order.push_back(i < different ? i : static_cast<int64_t>(random.below(different)));
    random.shuffle(order);
    for (size_t i = 0; i < order.size(); ++i) {
      const std::string& text = texts[order[i]];
      const size_t begin = add_paragraph(task.context, i + 1, text);
      const auto end = static_cast<int64_t>(task.context.size() - text.size() + end_of_words(words_of(text), words));
      task.evidence.push_back({static_cast<int64_t>(begin), end, fingerprint(text, words), std::to_string(i + 1)});
    }
    task.subject = "the number of different paragraphs";
    task.answers = {std::to_string(different)};
  }

  void lay_out_retrieval(int64_t item, Random& random, Task& task) const {
    const int64_t each = std::max<int64_t>(draw_length(random) / kRetrieved, 20);
    const auto place = static_cast<int64_t>(random.below(kRetrieved));
    const uint64_t order = random.getrandbits(64);
    for (int64_t i = 0, drawn = 0; i < kRetrieved; ++i) {
      int64_t number = item;
      if (i != place) {
        do number = shuffled(order, drawn++, size());
        while (number == item);
      }
      add_paragraph(task.context, static_cast<size_t>(i) + 1, beginning(shelf_.texts(number)[0], each));
    }
    task.question = task.subject = shelf_.texts(item)[1];
    task.answers = {"Paragraph " + std::to_string(place + 1)};
  }

  // Gives back where it begins.
  static size_t add_paragraph(std::string& context, size_t number, const std::string& text) {
    if (!context.empty()) context += "\n\n";
    const size_t begin = context.size();
    context += "Paragraph " + std::to_string(number) + ": " + text;
    return begin;
  }

  Shelf shelf_;
  bool counts_them_;
};

}  // namespace

std::unique_ptr<const Tasks> load_paragraphs(const TaskRow& row, const SourceConfig& config) { return std::make_unique<Paragraphs>(row, config); }

}  // namespace smooth
