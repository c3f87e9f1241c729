#include "data/niah.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <unordered_map>

#include "data/haystack.h"
#include "data/random.h"

namespace smooth {
namespace {

constexpr int64_t kDepths = 40;  // RULER: np.round(np.linspace(0, 100, num=40))

int64_t depth_percent(int64_t step) { return std::lround(static_cast<double>(100 * step) / (kDepths - 1)); }

// RULER's templates, and its rewriting of them where one value is asked for.
struct Wording {
  Wording(const NiahConfig& config) : type(config.value_type), single(config.queries * config.values == 1) {}

  std::string noun() const { return type.substr(0, type.size() - 1); }
  std::string instruction() const {
    const std::string what = single ? "A special magic " + noun() + " is" : "Some special magic " + type + " are";
    return what + " hidden within the following text. Make sure to memorize it. I will quiz you about the " +
           (single ? noun() : type) + " afterwards.";
  }
  std::string subject(const std::string& query) const {
    return "the special magic " + (single ? noun() : type) + " for " + query;
  }
  std::string question(const std::string& query) const {
    return (single ? "What is " : "What are all ") + subject(query) + " mentioned in the provided text?";
  }

  std::string type;  // "numbers"
  bool single;
};

// "a", "a, and b", "a, b, and c"
std::string joined(const std::vector<std::string>& keys) {
  std::string text = keys[0];
  for (size_t i = 1; i < keys.size(); ++i) text += (i + 1 < keys.size() ? ", " : ", and ") + keys[i];
  return text;
}

struct Needle {
  int64_t key = 0;  // index into keys
  std::string value, sentence;
};

// What n units of haystack make of a task's draws.
struct Layout {
  std::vector<int64_t> positions;  // needle i stands before unit positions[i]
  std::vector<int64_t> queried;    // keys
};

// Tokens of text in the middle of a text, counted word by word: pieces hardly ever reach over a blank, and the words of
// a haystack are few. A first guess; what a task has is counted on the whole prompt.
class WordCounter {
 public:
  explicit WordCounter(const Tokenizer& tokenizer) : tokenizer_(tokenizer), anchor_(count(".")) {}

  int64_t operator()(const std::string& text) {
    int64_t tokens = 0;
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find(' ', begin + 1), text.size());
      const auto [entry, is_new] = seen_.try_emplace(text.substr(begin, end - begin), 0);
      if (is_new) entry->second = count("." + entry->first) - anchor_;
      tokens += entry->second;
      begin = end;
    }
    return tokens;
  }

 private:
  int64_t count(const std::string& text) const { return static_cast<int64_t>(tokenizer_.encode(text).size()); }
  const Tokenizer& tokenizer_;
  int64_t anchor_;
  std::unordered_map<std::string, int64_t> seen_;
};

// One task in the making: its draws, and as much haystack as was asked for so far.
class Builder {
 public:
  Builder(const NiahConfig& config, const Haystack& haystack, const Tokenizer& tokenizer, uint64_t seed,
          const std::string& stream)
      : config_(config),
        haystack_(haystack),
        tokenizer_(tokenizer),
        wording_(config),
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

  int64_t fewest_units() const { return haystack_.lines() ? static_cast<int64_t>(needles_.size()) : 0; }

  // Tokens of the prompt around the units, about.
  int64_t frame_tokens() {
    const std::vector<std::string> asked(keys_.begin(), keys_.begin() + config_.queries);
    int64_t tokens = counter_(wording_.instruction() + "\n") + counter_("\n" + wording_.question(joined(asked)));
    for (const Needle& needle : needles_) tokens += needle_tokens(needle);
    return tokens;
  }

  // Tokens of the first n units, about, and how many of them are at most `tokens`.
  int64_t tokens_of_units(int64_t n) {
    reach(n);
    return units_until_[n];
  }
  int64_t units_within(double tokens) {
    int64_t n = 0;
    while (static_cast<double>(tokens_of_units(n + 1)) <= tokens) ++n;
    return n;
  }

  Task build(int64_t n);

 private:
  void reach(int64_t n) {
    while (static_cast<int64_t>(units_.size()) < n) {
      units_.push_back(haystack_.unit(first_unit_ + static_cast<int64_t>(units_.size()), units_draws_, taken_));
      units_until_.push_back(units_until_.back() + std::max<int64_t>(1, counter_(separator() + units_.back())));
    }
  }
  int64_t needle_tokens(const Needle& needle) { return counter_(separator() + needle.sentence); }
  std::string separator() const { return haystack_.lines() ? "\n" : " "; }

  Layout lay_out(int64_t n);
  int64_t position_from_end(int64_t n, const Layout& layout, const std::vector<bool>& queried);

  const NiahConfig& config_;
  const Haystack& haystack_;
  const Tokenizer& tokenizer_;
  Wording wording_;
  WordCounter counter_;
  Random draws_, units_draws_;
  std::vector<std::string> keys_, taken_;
  std::vector<Needle> needles_;
  int64_t first_unit_ = 0;
  std::vector<std::string> units_;
  std::vector<int64_t> units_until_ = {0};  // [units + 1]
};

Layout Builder::lay_out(int64_t n) {
  Random draws = draws_;  // RULER's next draws, whatever n was tried before
  Layout layout;
  const int64_t count = static_cast<int64_t>(needles_.size());
  if (haystack_.lines()) {
    layout.positions = draws.sample(n, count);
    std::sort(layout.positions.rbegin(), layout.positions.rend());  // the first needle last, as RULER inserts them
  } else {
    for (const int64_t step : draws.sample(kDepths, count)) {
      layout.positions.push_back(
          static_cast<int64_t>(static_cast<double>(n) * (static_cast<double>(depth_percent(step)) / 100)));
    }
    std::sort(layout.positions.begin(), layout.positions.end());
  }
  layout.queried = draws.sample(config_.keys, config_.queries);

  if (!config_.depth_percent && !config_.tokens_from_end) return layout;
  std::vector<bool> queried(needles_.size());
  for (size_t i = 0; i < needles_.size(); ++i) {
    queried[i] = std::find(layout.queried.begin(), layout.queried.end(), needles_[i].key) != layout.queried.end();
  }
  const int64_t position = config_.depth_percent
                               ? static_cast<int64_t>(static_cast<double>(n) * (*config_.depth_percent / 100))
                               : position_from_end(n, layout, queried);
  for (size_t i = 0; i < needles_.size(); ++i) {
    if (queried[i]) layout.positions[i] = position;
  }
  return layout;
}

// The last place where the queried needles (all in a row) begin at least tokens_from_end tokens before the context's
// end.
int64_t Builder::position_from_end(int64_t n, const Layout& layout, const std::vector<bool>& queried) {
  std::vector<int64_t> others(n + 1, 0);  // tokens of the other needles before unit i
  int64_t behind = 0;
  for (size_t i = 0; i < needles_.size(); ++i) {
    (queried[i] ? behind : others[layout.positions[i]]) += needle_tokens(needles_[i]);
  }
  int64_t position = n;
  while (behind < *config_.tokens_from_end && position > 0) {
    behind += others[position];
    --position;
    behind += tokens_of_units(position + 1) - tokens_of_units(position);
  }
  if (behind < *config_.tokens_from_end) {
    throw std::invalid_argument("niah: tokens_from_end " + std::to_string(*config_.tokens_from_end) +
                                " is before the beginning of a context of " + std::to_string(behind) + " tokens");
  }
  return position;
}

Task Builder::build(int64_t n) {
  reach(n);
  const Layout layout = lay_out(n);
  std::vector<size_t> order(needles_.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return layout.positions[a] < layout.positions[b]; });

  Task task;
  const auto append = [&](const std::string& text) {
    if (!task.context.empty()) task.context += separator();
    task.context += text;
  };
  std::vector<std::vector<Evidence>> found(layout.queried.size());
  size_t next = 0;
  for (int64_t i = 0; i <= n; ++i) {
    for (; next < order.size() && layout.positions[order[next]] == i; ++next) {
      const Needle& needle = needles_[order[next]];
      append(needle.sentence);
      const auto asked = std::find(layout.queried.begin(), layout.queried.end(), needle.key);
      if (asked == layout.queried.end()) continue;
      const int64_t end = static_cast<int64_t>(task.context.size());
      found[asked - layout.queried.begin()].push_back({end - static_cast<int64_t>(needle.sentence.size()), end,
                               "the special magic " + wording_.noun() + " for " + keys_[needle.key], needle.value});
    }
    if (i < n) append(units_[i]);
  }

  for (const std::vector<Evidence>& places : found) task.evidence.insert(task.evidence.end(), places.begin(), places.end());
  std::vector<std::string> asked;
  for (const int64_t key : layout.queried) {
    asked.push_back(keys_[key]);
    for (int64_t v = 0; v < config_.values; ++v) {  // in the order of the draws, as RULER's `outputs`
      task.answers.push_back(taken_[key * (1 + config_.values) + 1 + v]);
    }
  }
  task.instruction = wording_.instruction();
  task.question = wording_.question(joined(asked));
  task.subject = wording_.subject(joined(asked));
  task.metric = "string-match";
  task.length =
      static_cast<int64_t>(tokenizer_.encode(task.instruction + "\n" + task.context + "\n" + task.question).size());
  return task;
}

}  // namespace

Niah::Niah(NiahConfig config, std::shared_ptr<const Tokenizer> tokenizer, int64_t overhead)
    : config_(std::move(config)), tokenizer_(std::move(tokenizer)), overhead_(overhead) {
  if (const auto problem = config_.problem())
    throw std::invalid_argument("niah: " + problem->key + " " + problem->reason);
  haystack_ = std::make_unique<Haystack>(config_);
  if (!haystack_->lines() && config_.keys * config_.values > kDepths) {
    throw std::invalid_argument("niah: " + std::to_string(config_.keys * config_.values) +
                                " needles (keys x values) cannot stand at different ones of " +
                                std::to_string(kDepths) + " depths");
  }
}

Niah::~Niah() = default;

Task Niah::task(uint64_t seed, int64_t length, int64_t index) const {
  const std::string name = config_.split + "/" + std::to_string(length) + "/" + std::to_string(index);
  Builder builder(config_, *haystack_, *tokenizer_, seed, "niah/" + name);
  const int64_t wish = length - overhead_, fewest = builder.fewest_units();

  // The guess from counted words is checked on whole prompts and corrected, between the most units known to fit and the
  // fewest known not to.
  std::optional<Task> best;
  const int64_t frame = builder.frame_tokens();
  int64_t fits = fewest - 1, too_many = std::numeric_limits<int64_t>::max();
  int64_t n = std::max(fewest, builder.units_within(static_cast<double>(wish - frame)));
  while (n != fits) {
    Task task = builder.build(n);
    const double room = static_cast<double>(wish - task.length),
                 counted = static_cast<double>(builder.tokens_of_units(n));
    const int64_t guess = builder.units_within(counted + room * (static_cast<double>(frame) + counted) /
                                                             static_cast<double>(task.length));
    if (room < 0 && n == fewest) {
      throw std::runtime_error("niah: a length of " + std::to_string(length) +
                               " tokens is too short: the needles and the question take " +
                               std::to_string(task.length) + ", and " + std::to_string(overhead_) + " are kept free");
    }
    if (room < 0) {
      too_many = n;
    } else {
      fits = n;
      best = std::move(task);
      if (guess == n) break;
    }
    n = guess > fits && guess < too_many ? guess : fits + (too_many - fits) / 2;
  }
  best->id = "niah-" + std::to_string(seed) + "/" + name;
  best->row = "niah";
  return std::move(*best);
}

}  // namespace smooth
