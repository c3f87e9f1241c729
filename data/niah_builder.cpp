#include "data/niah_builder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <utility>

namespace smooth {
namespace {

int64_t depth_percent(int64_t step) { return std::lround(static_cast<double>(100 * step) / (kNiahDepths - 1)); }

// "a", "a, and b", "a, b, and c"
std::string joined(const std::vector<std::string>& keys) {
  std::string text = keys[0];
  for (size_t i = 1; i < keys.size(); ++i) text += (i + 1 < keys.size() ? ", " : ", and ") + keys[i];
  return text;
}

// Where the word that begins at `begin`, or at the blank before it, ends.
size_t word_end(const std::string& text, size_t begin) { return std::min(text.find(' ', begin + 1), text.size()); }

}  // namespace

NiahBuilder::NiahBuilder(const NiahConfig& config, const Haystack& haystack, const std::vector<int64_t>& unit_tokens, const Tokenizer& tokenizer,
                         std::optional<int64_t> distance, uint64_t seed, const std::string& stream)
    : config_(config),
      haystack_(haystack),
      unit_tokens_(unit_tokens),
      tokenizer_(tokenizer),
      distance_(distance),
      wording_(config.value_type, config.queries * config.values == 1),
      counter_(tokenizer),
      draws_(seed, stream),
      units_draws_(seed, stream + "/haystack") {
  // RULER's order of draws: a key, its values, the next key; then the needles shuffled by a fresh generator.
  for (int64_t k = 0; k < config.keys; ++k) {
    keys_.push_back(haystack.needles().key(draws_, taken_));
    taken_.push_back(keys_.back());
    for (int64_t v = 0; v < config.values; ++v) {
      const std::string value = haystack.needles().value(draws_, taken_);
      taken_.push_back(value);
      needles_.push_back({k, value, needle_sentence(config.value_type, keys_.back(), value)});
    }
  }
  Random(seed).shuffle(needles_);
  first_unit_ = haystack.first_unit(units_draws_);
}

int64_t NiahBuilder::frame_tokens() {
  const std::vector<std::string> asked(keys_.begin(), keys_.begin() + config_.queries);
  int64_t tokens = counter_(wording_.instruction() + "\n") + counter_("\n" + wording_.question(joined(asked))) + distance_.value_or(0);
  for (const Needle& needle : needles_) tokens += needle_tokens(needle);
  return tokens;
}

int64_t NiahBuilder::tokens_of_units(int64_t n) {
  reach(n);
  return units_until_[n];
}

int64_t NiahBuilder::units_within(double tokens) {
  int64_t n = 0;
  while (static_cast<double>(tokens_of_units(n + 1)) <= tokens) ++n;
  return n;
}

void NiahBuilder::reach(int64_t n) {
  while (std::ssize(units_) < n) {
    const int64_t index = first_unit_ + std::ssize(units_);
    units_.push_back(haystack_.unit(index, units_draws_, taken_));
    const int64_t tokens = unit_tokens_.empty() ? counter_(separator() + units_.back()) : unit_tokens_[index % std::ssize(unit_tokens_)];
    units_until_.push_back(units_until_.back() + std::max<int64_t>(1, tokens));
  }
}

void NiahBuilder::append(std::string& text, std::string_view more) const {
  if (!text.empty()) text += separator();
  text += more;
}

// ------------------------------------------------------------------------------------------
// where needles stand

// Of needles without a place of their own. RULER draws distinct lines from as many as there are; a draw of [0, 1) for each gives the
// same depths to tokenizers that fill a length with other numbers of lines, and the next free line where two would share one.
std::vector<int64_t> NiahBuilder::draw_positions(Random& draws, int64_t units) const {
  std::vector<int64_t> positions;
  if (!haystack_.lines()) {
    for (const int64_t step : draws.sample(kNiahDepths, std::ssize(needles_))) {
      positions.push_back(static_cast<int64_t>(static_cast<double>(units) * (static_cast<double>(depth_percent(step)) / 100)));
    }
    std::sort(positions.begin(), positions.end());
    return positions;
  }
  std::set<int64_t> taken;
  for (size_t i = 0; i < needles_.size(); ++i) {
    int64_t line = static_cast<int64_t>(draws.uniform() * static_cast<double>(units));
    while (std::ssize(taken) < units && taken.contains(line)) line = (line + 1) % units;
    taken.insert(line);
    positions.push_back(line);
  }
  std::sort(positions.rbegin(), positions.rend());  // the first needle last, as RULER inserts them
  return positions;
}

NiahBuilder::Layout NiahBuilder::lay_out(int64_t n) {
  Random draws = draws_;  // RULER's next draws, whatever n was tried before
  Layout layout;
  layout.positions = draw_positions(draws, n + units_behind(n));
  layout.queried = draws.sample(config_.keys, config_.queries);
  for (size_t i = 0; i < needles_.size(); ++i) {
    layout.asked.push_back(std::find(layout.queried.begin(), layout.queried.end(), needles_[i].key) != layout.queried.end());
    if (!layout.asked[i]) continue;
    if (config_.depth_percent) layout.positions[i] = static_cast<int64_t>(static_cast<double>(n) * (*config_.depth_percent / 100));
    if (distance_) layout.positions[i] = n;
  }
  order(layout);
  if (distance_) keep_near(layout, n);
  return layout;
}

// Nothing comes between an asked needle at a distance and the unit behind it.
void NiahBuilder::order(Layout& layout) const {
  layout.order.resize(needles_.size());
  std::iota(layout.order.begin(), layout.order.end(), 0);
  const auto place = [&](size_t i) { return std::pair(layout.positions[i], distance_ && layout.asked[i]); };
  std::stable_sort(layout.order.begin(), layout.order.end(), [&](size_t a, size_t b) { return place(a) < place(b); });
}

// About how many units stand behind a needle at a distance that follows n units; 0 where it has a depth.
int64_t NiahBuilder::units_behind(int64_t n) {
  int64_t units = 0;
  while (distance_ && tokens_of_units(n + units) - tokens_of_units(n) < *distance_ - 1) ++units;
  return units;
}

// The needles behind those that are asked for, as they follow each other.
std::vector<size_t> NiahBuilder::behind(const Layout& layout, int64_t n) const {
  std::vector<size_t> needles;
  for (const size_t i : layout.order) {
    if (layout.positions[i] > n) needles.push_back(i);
  }
  return needles;
}

// Needles for which there is no room behind stand before.
void NiahBuilder::keep_near(Layout& layout, int64_t n) {
  std::vector<size_t> needles = behind(layout, n);
  const auto is_too_long = [&] { return distance_with(last_asked(layout), words_behind(needles, layout, n, 0, nullptr)) > *distance_; };
  for (; !needles.empty() && is_too_long(); needles.pop_back()) layout.positions[needles.back()] = n;
  order(layout);
}

const std::string& NiahBuilder::last_asked(const Layout& layout) const {
  return needles_[*std::find_if(layout.order.rbegin(), layout.order.rend(), [&](size_t i) { return layout.asked[i]; })].sentence;
}

// ------------------------------------------------------------------------------------------
// text

Task NiahBuilder::build(int64_t n) {
  reach(n);
  const Layout layout = lay_out(n);
  Context context{.text = {}, .begins = std::vector<int64_t>(needles_.size())};
  auto next = layout.order.begin();
  for (int64_t unit = 0; unit <= n; ++unit) {
    for (; next != layout.order.end() && layout.positions[*next] == unit; ++next) {
      append(context.text, needles_[*next].sentence);
      context.begins[*next] = std::ssize(context.text) - std::ssize(needles_[*next].sentence);
    }
    if (unit < n) append(context.text, units_[unit]);
  }
  if (distance_) append_behind(context, layout, n);
  Task task;
  add_question(context, layout, task);
  task.context = std::move(context.text);
  task.length = count(task.instruction + "\n" + task.context + "\n" + task.question);
  return task;
}

// Which token of needle and tail, counted from their end, is the needle's last.
int64_t NiahBuilder::distance_with(const std::string& needle, const std::string& tail) const { return count(needle + tail) - count(needle) + 1; }

// What follows the asked needle, if it has so many words of haystack: the other needles at their places among the units, those beyond the
// last word at its end. `begins`, where given, is told where they begin in it.
std::string NiahBuilder::words_behind(const std::vector<size_t>& needles, const Layout& layout, int64_t n, int64_t words,
                                      std::vector<int64_t>* begins) {
  std::string tail;
  auto next = needles.begin();
  const auto add_needle = [&] {
    tail += separator();
    if (begins != nullptr) (*begins)[*next] = std::ssize(tail);
    tail += needles_[*next++].sentence;
  };
  for (int64_t unit = n; words > 0; ++unit) {
    while (next != needles.end() && layout.positions[*next] <= unit) add_needle();
    reach(unit + 1);
    size_t end = 0;
    for (; words > 0 && end < units_[unit].size(); --words) end = word_end(units_[unit], end);
    tail += separator() + units_[unit].substr(0, end);
  }
  while (next != needles.end()) add_needle();
  return tail;
}

// As many words as keep the needle at its distance: from a guess in growing steps until their number is enclosed, then by halves.
void NiahBuilder::append_behind(Context& context, const Layout& layout, int64_t n) {
  const std::vector<size_t> needles = behind(layout, n);
  const auto fit = [&](int64_t words) { return distance_with(last_asked(layout), words_behind(needles, layout, n, words, nullptr)) <= *distance_; };

  int64_t guess = 0, tokens = 1;
  for (const size_t i : needles) tokens += needle_tokens(needles_[i]);
  for (int64_t unit = n; tokens <= *distance_; ++unit) {
    reach(unit + 1);
    for (size_t begin = 0; tokens <= *distance_ && begin < units_[unit].size(); ++guess) {
      const size_t end = word_end(units_[unit], begin);
      tokens += std::max<int64_t>(1, counter_((begin == 0 ? separator() : "") + units_[unit].substr(begin, end - begin)));
      begin = end;
    }
  }
  int64_t most = 0, too_many = std::numeric_limits<int64_t>::max(), words = std::max<int64_t>(1, guess - 1);
  for (int64_t step = 1; too_many - most > 1; step *= 2) {
    (fit(words) ? most : too_many) = words;
    const bool grows = too_many == std::numeric_limits<int64_t>::max(), shrinks = most == 0 && too_many > step;
    words = grows ? most + step : shrinks ? too_many - step : most + (too_many - most) / 2;
  }
  std::vector<int64_t> begins(needles_.size(), -1);
  const std::string tail = words_behind(needles, layout, n, most, &begins);
  for (const size_t i : needles) context.begins[i] = std::ssize(context.text) + begins[i];
  context.text += tail;
}

void NiahBuilder::add_question(const Context& context, const Layout& layout, Task& task) const {
  std::vector<std::string> asked;
  for (const int64_t key : layout.queried) {
    asked.push_back(keys_[key]);
    for (int64_t v = 0; v < config_.values; ++v) {  // in the order of the draws, as RULER's `outputs`
      task.answers.push_back(taken_[key * (1 + config_.values) + 1 + v]);
    }
    for (const size_t i : layout.order) {
      const Needle& needle = needles_[i];
      if (needle.key != key) continue;
      const int64_t begin = context.begins[i];
      task.evidence.push_back({begin, begin + std::ssize(needle.sentence), wording_.needle_subject(keys_[key]), needle.value});
    }
  }
  task.instruction = wording_.instruction();
  task.question = wording_.question(joined(asked));
  task.subject = wording_.subject(joined(asked));
  task.metric = "string-match";
}

}  // namespace smooth
