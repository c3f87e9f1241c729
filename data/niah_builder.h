// One needle task in the making: its draws, and as much haystack as was asked for so far. What it may depend on: data/niah.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "configs/config.h"
#include "data/haystack.h"
#include "data/niah_wording.h"
#include "data/random.h"
#include "data/task.h"
#include "data/tokenizer.h"
#include "data/word_counter.h"

namespace smooth {

// RULER: np.round(np.linspace(0, 100, num=40))
inline constexpr int64_t kNiahDepths = 40;

class NiahBuilder {
 public:
  // `unit_tokens`: of the haystack's recurring units, about, where it has such. `distance`: of the asked needle from the end, otherwise it
  // has a depth. Keeps references.
  NiahBuilder(const NiahConfig& config, const Haystack& haystack, const std::vector<int64_t>& unit_tokens, const Tokenizer& tokenizer,
              std::optional<int64_t> distance, uint64_t seed, const std::string& stream);

  // The task with n units of haystack; with a distance, with n units before the asked needle and as much behind it as that takes.
  Task build(int64_t n);

  int64_t fewest_units() const { return haystack_.lines() && !distance_ ? static_cast<int64_t>(needles_.size()) : 0; }
  int64_t frame_tokens();                 // of a task with n units, those units left out; about
  int64_t tokens_of_units(int64_t n);     // of the first n units, about
  int64_t units_within(double tokens);    // how many of them are at most so long, about

 private:
  struct Needle {
    int64_t key = 0;  // index into keys
    std::string value, sentence;
  };
  // Where the needles of a context of n units stand.
  struct Layout {
    std::vector<int64_t> positions;  // needle i stands before unit positions[i]
    std::vector<int64_t> queried;    // keys
    std::vector<bool> asked;         // needle i is of one of them
    std::vector<size_t> order;       // needles as they follow each other in the text
  };
  // A context as it grows, and where each needle begins in it.
  struct Context {
    std::string text;
    std::vector<int64_t> begins;  // [needles]
  };

  void reach(int64_t n);
  int64_t count(const std::string& text) const { return static_cast<int64_t>(tokenizer_.encode(text).size()); }
  int64_t needle_tokens(const Needle& needle) { return counter_(separator() + needle.sentence); }
  std::string separator() const { return haystack_.lines() ? "\n" : " "; }
  void append(std::string& text, std::string_view more) const;

  Layout lay_out(int64_t n);
  std::vector<int64_t> draw_positions(Random& draws, int64_t units) const;
  int64_t units_behind(int64_t n);
  void order(Layout& layout) const;
  void keep_near(Layout& layout, int64_t n);
  const std::string& last_asked(const Layout& layout) const;
  std::vector<size_t> behind(const Layout& layout, int64_t n) const;

  void append_behind(Context& context, const Layout& layout, int64_t n);
  std::string words_behind(const std::vector<size_t>& needles, const Layout& layout, int64_t n, int64_t words, std::vector<int64_t>* begins);
  int64_t distance_with(const std::string& needle, const std::string& tail) const;
  void add_question(const Context& context, const Layout& layout, Task& task) const;

  const NiahConfig& config_;
  const Haystack& haystack_;
  const std::vector<int64_t>& unit_tokens_;
  const Tokenizer& tokenizer_;
  std::optional<int64_t> distance_;
  NiahWording wording_;
  WordCounter counter_;
  Random draws_, units_draws_;
  std::vector<std::string> keys_, taken_;
  std::vector<Needle> needles_;
  int64_t first_unit_ = 0;
  std::vector<std::string> units_;
  std::vector<int64_t> units_until_ = {0};  // [units + 1]
};

}  // namespace smooth
