#include "data/training/fitting.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "configs/run.h"

namespace smooth {
namespace {

// The longest document of a sample, and whether what stays of it has a target.
struct Extent {
  int64_t longest = 0;
  bool target = false;
};

Extent extent_of(const TokenCache& tokens, int64_t sample, int64_t context) {
  Extent extent;
  for (int64_t document = tokens.begin(sample); document < tokens.end(sample); ++document) {
    extent.longest = std::max(extent.longest, tokens.length(document));
    extent.target = extent.target || tokens.has_target(document, std::min(tokens.length(document), context));
  }
  return extent;
}

std::string named(const TokenCache& tokens, int64_t sample) { return "sample " + tokens.id(sample); }

[[noreturn]] void stop(const TokenCache& tokens, int64_t sample, int64_t context) {
  int64_t document = tokens.begin(sample);
  while (tokens.length(document) <= context) ++document;
  const std::string what = fmt::format("{} has a document of {} tokens, data.context allows {}", named(tokens, sample), tokens.length(document), context);
  throw std::runtime_error(tokens.place(sample) + ": " + what + "; raise data.context or build shorter samples, or let data.too_long drop or truncate them");
}

// What was left out or cut.
struct TooLong {
  int64_t samples = 0, longest = 0, longest_sample = 0, without_target = 0;

  void add(int64_t sample, int64_t length) {
    ++samples;
    if (length > longest) longest_sample = sample;
    longest = std::max(longest, length);
  }
  void tell(const TokenCache& tokens, const TrainDataConfig& config) const {
    const std::string rule = "data.too_long: " + config.too_long, of_all = fmt::format("of {} samples", tokens.num_samples());
    if (samples > 0) {
      note(fmt::format("{}: {} {} have a document of more than {} tokens (data.context) and are {}; the longest has {} ({}, {})", rule, samples, of_all,
                       config.context, config.too_long == "drop" ? "left out" : "cut", longest, named(tokens, longest_sample), tokens.place(longest_sample)));
    }
    if (without_target > 0) note(fmt::format("{}: {} {} are left out, as none of their tokens carries loss", rule, without_target, of_all));
  }
};

}  // namespace

std::vector<int64_t> fitting_samples(const TokenCache& tokens, const TrainDataConfig& config) {
  std::vector<int64_t> kept;
  TooLong too_long;
  for (int64_t sample = 0; sample < tokens.num_samples(); ++sample) {
    const Extent extent = extent_of(tokens, sample, config.context);
    const bool longer = extent.longest > config.context;
    if (longer && config.too_long == "stop") stop(tokens, sample, config.context);
    if (longer) too_long.add(sample, extent.longest);
    if (longer && config.too_long == "drop") continue;
    const bool useless = !extent.target && config.too_long != "stop";
    too_long.without_target += useless;
    if (!useless) kept.push_back(sample);
  }
  too_long.tell(tokens, config);
  if (!kept.empty()) return kept;
  throw std::runtime_error(fmt::format("data.files hold no sample that can be trained on with data.context: {}; raise data.context", config.context));
}

}  // namespace smooth
