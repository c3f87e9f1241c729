#include "data/dataset.h"

#include <algorithm>
#include <fstream>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "data/random.h"

namespace smooth {
namespace {

// Documents that are packed together when a step is counted in packs: enough for a tight fit, few enough to stay shuffled.
constexpr int64_t kPackingWindow = 256;

int64_t length_of(const Example* document) { return static_cast<int64_t>(document->ids.size()); }

}  // namespace

std::vector<Sample> load_samples(const TrainDataConfig& config, const Layout& layout) {
  std::vector<Sample> samples;
  for (const std::string& file : config.files) {
    std::ifstream lines(file);
    if (!lines) throw std::runtime_error(file + ": cannot be opened");
    std::string line;
    for (int64_t number = 1; std::getline(lines, line); ++number) {
      const std::string place = file + ":" + std::to_string(number) + ": ";
      try {
        const Transcript transcript = transcript_from_json(line);
        if (transcript.exchanges.empty()) throw std::runtime_error("sample " + transcript.id + " has no exchange");
        samples.push_back({transcript.id, layout.examples(transcript, config.loss == "all")});
      } catch (const std::exception& error) {
        throw std::runtime_error(place + error.what());
      }
      for (const Example& document : samples.back().documents) {
        if (length_of(&document) <= config.context) continue;
        throw std::runtime_error(place + "sample " + samples.back().id + " has a document of " + std::to_string(length_of(&document)) +
                                 " tokens, data.context allows " + std::to_string(config.context) +
                                 "; raise data.context or build shorter samples");
      }
    }
  }
  if (samples.empty()) throw std::runtime_error("data.files hold no sample");
  return samples;
}

std::vector<std::vector<const Example*>> best_fit(std::vector<const Example*> documents, int64_t context) {
  std::stable_sort(documents.begin(), documents.end(), [](const Example* a, const Example* b) { return length_of(a) > length_of(b); });
  std::vector<std::vector<const Example*>> packs;
  std::vector<int64_t> room;
  for (const Example* document : documents) {
    size_t best = packs.size();
    for (size_t i = 0; i < packs.size(); ++i) {
      if (room[i] >= length_of(document) && (best == packs.size() || room[i] < room[best])) best = i;
    }
    if (best == packs.size()) {
      packs.emplace_back();
      room.push_back(context);
    }
    packs[best].push_back(document);
    room[best] -= length_of(document);
  }
  return packs;
}

Loader::Loader(std::vector<Sample> samples, const TrainDataConfig& config, int64_t batch, const std::string& batch_of, uint64_t seed)
    : samples_(std::move(samples)), context_(config.context), batch_(batch), by_packs_(batch_of == "packs"),
      order_(config.order), seed_(seed) {
  // Every epoch has the length of the first, in full steps; packing another order may need a pack more or less.
  const std::vector<std::vector<Pack>> first = plan(0);
  const bool rest = by_packs_ && !first.empty() && static_cast<int64_t>(first.back().size()) < batch_;
  steps_per_epoch_ = static_cast<int64_t>(first.size()) - (rest ? 1 : 0);
  if (steps_per_epoch_ == 0) throw std::runtime_error("the data make less than one batch of " + std::to_string(batch) + " " + batch_of);
}

// Growing: a curriculum from short documents to long ones; each length is first stretched or shrunk by up to a third, so
// that kinds of samples stay mixed.
std::vector<int64_t> Loader::order(int64_t epoch) const {
  std::vector<int64_t> order(samples_.size());
  std::iota(order.begin(), order.end(), 0);
  if (order_ == "as-is") return order;
  Random random(seed_, "epoch " + std::to_string(epoch));
  random.shuffle(order);
  if (order_ == "shuffled") return order;
  std::vector<double> length(samples_.size(), 0);
  for (size_t i = 0; i < samples_.size(); ++i) {
    for (const Example& document : samples_[i].documents) length[i] = std::max(length[i], static_cast<double>(length_of(&document)));
    length[i] *= 1 + (random.uniform() * 2 - 1) / 3;
  }
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return length[a] < length[b]; });
  return order;
}

std::vector<std::vector<Loader::Pack>> Loader::plan(int64_t epoch) const {
  std::vector<std::vector<Pack>> steps;
  std::vector<const Example*> waiting;
  std::vector<Pack> packs;
  int64_t samples = 0;
  for (const int64_t index : order(epoch)) {
    for (const Example& document : samples_[index].documents) waiting.push_back(&document);
    if (++samples % (by_packs_ ? kPackingWindow : batch_) != 0) continue;
    for (Pack& pack : best_fit(waiting, context_)) packs.push_back(std::move(pack));
    waiting.clear();
    if (!by_packs_) steps.push_back(std::exchange(packs, {}));
  }
  if (!by_packs_) return steps;  // a last batch that is not full is left to the next epoch's shuffle
  for (Pack& pack : best_fit(waiting, context_)) packs.push_back(std::move(pack));
  for (size_t i = 0; i < packs.size(); i += batch_) {  // the last step may be short: an epoch that packs tighter needs it
    steps.emplace_back(packs.begin() + i, packs.begin() + std::min<size_t>(i + batch_, packs.size()));
  }
  return steps;
}

std::vector<std::string> Loader::samples_of(int64_t) { return {}; }

std::vector<Batch> Loader::step(int64_t index) {
  if (const int64_t epoch = index / steps_per_epoch_; epoch != planned_epoch_) {
    plan_ = plan(epoch);
    planned_epoch_ = epoch;
  }
  const int64_t place = index % steps_per_epoch_;
  std::vector<Batch> batches;
  for (const Pack& pack : plan_[std::min<size_t>(place, plan_.size() - 1)]) {
    Batch& batch = batches.emplace_back();
    for (const Example* document : pack) batch.add(*document);
  }
  return batches;
}

}  // namespace smooth
