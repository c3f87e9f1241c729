#include "data/training/dataset.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "data/training/fitting.h"
#include "data/random.h"

namespace smooth {
namespace {

// Samples that are packed together when a step is counted in packs: enough for a tight fit, few enough to stay shuffled.
constexpr int64_t kPackingWindow = 256;

}  // namespace

Loader::Loader(std::shared_ptr<const TokenCache> tokens, const TrainDataConfig& config, int64_t batch, const std::string& batch_of, uint64_t seed)
    : tokens_(std::move(tokens)), context_(config.context), batch_(batch), by_packs_(batch_of == "packs"), order_(config.order), seed_(seed),
      samples_(fitting_samples(*tokens_, config)) {
  // Every epoch has the length of the first, in full steps; packing another order may need a pack more or less.
  const std::shared_ptr<const Plan> first = planned(0);
  const bool rest = by_packs_ && !first->empty() && static_cast<int64_t>(first->back().size()) < batch_;
  steps_per_epoch_ = static_cast<int64_t>(first->size()) - (rest ? 1 : 0);
  if (steps_per_epoch_ == 0) throw std::runtime_error("the data make less than one batch of " + std::to_string(batch) + " " + batch_of);
  if (config.read_ahead > 0) ahead_ = std::make_unique<ReadAhead>(config.read_ahead, [this](int64_t index) { return made(index); });
}

int64_t Loader::length(int64_t document) const { return std::min(tokens_->length(document), context_); }

// Growing: a curriculum from short documents to long ones; each length is first stretched or shrunk by up to a third, so
// that kinds of samples stay mixed.
std::vector<int64_t> Loader::order(int64_t epoch) const {
  std::vector<int64_t> order(samples_.size());
  std::iota(order.begin(), order.end(), 0);
  if (order_ == "as-is") return order;
  Random random(seed_, "epoch " + std::to_string(epoch));
  random.shuffle(order);
  if (order_ == "shuffled") return order;
  std::vector<double> stretched(samples_.size(), 0);
  for (size_t i = 0; i < samples_.size(); ++i) {
    const int64_t sample = samples_[i];
    int64_t longest = 0;
    for (int64_t document = tokens_->begin(sample); document < tokens_->end(sample); ++document) longest = std::max(longest, length(document));
    stretched[i] = static_cast<double>(longest) * (1 + (random.uniform() * 2 - 1) / 3);
  }
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return stretched[a] < stretched[b]; });
  return order;
}

std::vector<Pack> Loader::packed(const std::vector<int64_t>& documents) const {
  std::vector<int64_t> lengths;
  for (const int64_t document : documents) lengths.push_back(length(document));
  std::vector<Pack> packs = best_fit(lengths, context_);
  for (Pack& pack : packs) {
    for (int64_t& document : pack) document = documents[document];
  }
  return packs;
}

Loader::Plan Loader::plan(int64_t epoch) const {
  Plan steps;
  std::vector<int64_t> waiting;
  std::vector<Pack> packs;
  int64_t samples = 0;
  for (const int64_t index : order(epoch)) {
    for (int64_t document = tokens_->begin(samples_[index]); document < tokens_->end(samples_[index]); ++document) waiting.push_back(document);
    if (++samples % (by_packs_ ? kPackingWindow : batch_) != 0) continue;
    for (Pack& pack : packed(waiting)) packs.push_back(std::move(pack));
    waiting.clear();
    if (!by_packs_) steps.push_back(std::exchange(packs, {}));
  }
  if (!by_packs_) return steps;  // a last batch that is not full is left to the next epoch's shuffle
  for (Pack& pack : packed(waiting)) packs.push_back(std::move(pack));
  for (size_t i = 0; i < packs.size(); i += batch_) {  // the last step may be short: an epoch that packs tighter needs it
    steps.emplace_back(packs.begin() + i, packs.begin() + std::min<size_t>(i + batch_, packs.size()));
  }
  return steps;
}

std::shared_ptr<const Loader::Plan> Loader::planned(int64_t epoch) const {
  const std::lock_guard lock(mutex_);
  if (planned_[1].epoch == epoch) std::swap(planned_[0], planned_[1]);
  if (planned_[0].epoch != epoch) {
    planned_[1] = std::exchange(planned_[0], {});
    planned_[0] = {epoch, std::make_shared<const Plan>(plan(epoch))};
  }
  return planned_[0].plan;
}

std::vector<Pack> Loader::packs(int64_t index) const {
  const std::shared_ptr<const Plan> plan = planned(index / steps_per_epoch_);
  return (*plan)[std::min<size_t>(index % steps_per_epoch_, plan->size() - 1)];
}

Batch Loader::read(const Pack& pack) const {
  Batch batch;
  for (const int64_t document : pack) batch.add(tokens_->tokens(document).first(static_cast<size_t>(length(document))));
  return batch;
}

std::vector<Batch> Loader::made(int64_t index) const {
  std::vector<Batch> batches;
  for (const Pack& pack : packs(index)) batches.push_back(read(pack));
  tokens_->release();
  return batches;
}

std::vector<Batch> Loader::step(int64_t index) { return ahead_ ? ahead_->take(index) : made(index); }

std::vector<std::string> Loader::samples_of(int64_t index) const {
  std::vector<std::string> ids;
  std::vector<int64_t> samples;
  for (const Pack& pack : packs(index)) {
    for (const int64_t document : pack) samples.push_back(tokens_->sample_of(document));
  }
  std::sort(samples.begin(), samples.end());
  samples.erase(std::unique(samples.begin(), samples.end()), samples.end());
  for (const int64_t sample : samples) ids.push_back(tokens_->id(sample));
  return ids;
}

}  // namespace smooth
