#include "data/niah.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "data/haystack.h"
#include "data/niah_builder.h"
#include "data/word_counter.h"

namespace smooth {

Niah::Niah(NiahConfig config, std::shared_ptr<const Tokenizer> tokenizer, int64_t overhead)
    : config_(std::move(config)), tokenizer_(std::move(tokenizer)), overhead_(overhead) {
  if (const auto problem = config_.problem())
    throw std::invalid_argument("niah: " + problem->key + " " + problem->reason);
  if (!config_.file.empty()) throw std::invalid_argument("niah: file " + config_.file + " holds tasks that are there already");
  haystack_ = std::make_unique<Haystack>(config_);
  if (!haystack_->lines() && config_.keys * config_.values > kNiahDepths) {
    throw std::invalid_argument("niah: " + std::to_string(config_.keys * config_.values) +
                                " needles (keys x values) cannot stand at different ones of " +
                                std::to_string(kNiahDepths) + " depths");
  }
  WordCounter counter(*tokenizer_);
  for (const std::string& sentence : haystack_->essays()) unit_tokens_.push_back(counter(" " + sentence));
}

Niah::~Niah() = default;

Task Niah::task(uint64_t seed, int64_t length, int64_t index, std::optional<int64_t> distance) const {
  if (!distance && config_.distance.size() == 1) distance = config_.distance[0];
  if (!distance && !config_.distance.empty()) throw std::invalid_argument("niah: a task has one distance, the config several");
  const std::string name = config_.split + "/" + std::to_string(length) + "/" + std::to_string(index);
  NiahBuilder builder(config_, *haystack_, unit_tokens_, *tokenizer_, distance, seed, "niah/" + name);
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
      const std::string where = distance ? fmt::format(", the last of them {} tokens from the end,", *distance) : "";
      throw std::runtime_error(fmt::format("niah: a length of {} tokens is too short: the needles{} and the question take {}, and {} are kept free",
                                           length, where, task.length, overhead_));
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
  best->id = "niah-" + std::to_string(seed) + "/" + name + (distance ? fmt::format("/{}-from-end", *distance) : "");
  best->row = "niah";
  return std::move(*best);
}

}  // namespace smooth
