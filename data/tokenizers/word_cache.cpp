#include "data/tokenizers/word_cache.h"

#include <cstring>

namespace smooth {
namespace {

constexpr size_t kSlots = 1 << 17;  // 2 MB
constexpr size_t kFull = kSlots / 2;

uint64_t load(const char* bytes, size_t count) {
  uint64_t value = 0;
  std::memcpy(&value, bytes, count);
  return value;
}

uint64_t mixed(uint64_t value) {  // the finaliser of MurmurHash3
  value = (value ^ value >> 33) * 0xff51afd7ed558ccdu;
  return value ^ value >> 29;
}

}  // namespace

WordCache::WordCache() : slots_(kSlots) {}

uint64_t WordCache::hash(std::string_view word) {
  uint64_t value = word.size() * 0x9e3779b97f4a7c15u;
  while (word.size() > 8) {
    value = mixed(value ^ load(word.data(), 8)) * 0x9e3779b97f4a7c15u;
    word.remove_prefix(8);
  }
  return mixed(value ^ load(word.data(), word.size()));
}

size_t WordCache::place(std::string_view word, uint64_t hash) const {
  const auto upper = static_cast<uint32_t>(hash >> 32);
  for (size_t at = hash & (kSlots - 1);; at = (at + 1) & (kSlots - 1)) {
    const Slot& slot = slots_[at];
    if (slot.length == 0) return at;
    if (slot.hash == upper && slot.length == word.size() && std::memcmp(&words_[slot.word], word.data(), word.size()) == 0) return at;
  }
}

std::span<const TokenId> WordCache::find(std::string_view word, uint64_t hash) const {
  const Slot& slot = slots_[place(word, hash)];
  if (slot.length == 0) return {};
  return {&ids_[slot.ids], slot.count};
}

void WordCache::add(std::string_view word, uint64_t hash, std::span<const TokenId> ids) {
  if (++used_ > kFull) clear();
  Slot& slot = slots_[place(word, hash)];
  slot = {static_cast<uint32_t>(hash >> 32), static_cast<uint32_t>(words_.size()), static_cast<uint32_t>(ids_.size()),
          static_cast<uint8_t>(word.size()), static_cast<uint8_t>(ids.size())};
  words_.insert(words_.end(), word.begin(), word.end());
  ids_.insert(ids_.end(), ids.begin(), ids.end());
}

void WordCache::clear() {
  slots_.assign(kSlots, {});
  words_.clear();
  ids_.clear();
  used_ = 1;
}

std::unique_ptr<WordCache> WordCaches::borrow() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) return std::make_unique<WordCache>();
  std::unique_ptr<WordCache> cache = std::move(free_.back());
  free_.pop_back();
  return cache;
}

void WordCaches::give_back(std::unique_ptr<WordCache> cache) {
  const std::lock_guard lock(mutex_);
  free_.push_back(std::move(cache));
}

}  // namespace smooth
