#include "data/tokenizers/trie.h"

#include <algorithm>

namespace smooth {
namespace {

// The entries below one node: [begin, end) of the sorted list, which agree in their first `depth` bytes.
struct Range {
  size_t begin, end, depth;
  int32_t node;
};

}  // namespace

Trie::Trie(std::vector<std::pair<std::string_view, int64_t>> entries) {
  std::sort(entries.begin(), entries.end());
  std::vector<Range> queue = {{0, entries.size(), 0, 0}};
  std::vector<uint8_t> taken(512, 0);
  taken[0] = 1;
  slots_.resize(512);
  size_t first_free = 1, tries = 0;
  for (size_t next = 0; next < queue.size(); ++next) {  // breadth first: nodes of many children find room early
    const Range range = queue[next];
    std::vector<Range> children;
    std::vector<uint8_t> bytes;
    for (size_t i = range.begin; i < range.end; ++i) {
      const auto& [text, id] = entries[i];
      if (text.size() == range.depth) {
        slots_[range.node].id = static_cast<int32_t>(id);
        continue;
      }
      const auto byte = static_cast<uint8_t>(text[range.depth]);
      if (bytes.empty() || bytes.back() != byte) {
        bytes.push_back(byte);
        children.push_back({i, i, range.depth + 1, 0});
      }
      children.back().end = i + 1;
    }
    if (bytes.empty()) continue;
    while (taken[first_free]) ++first_free;
    // The lowest base at which every child's slot is free.
    const size_t begin = first_free > bytes[0] ? first_free - bytes[0] : 1;
    size_t base = begin;
    const auto blocked = [&](uint8_t byte) { return taken[base + byte] != 0; };
    while (std::any_of(bytes.begin(), bytes.end(), blocked)) {
      if (++base + 512 > taken.size()) taken.resize(2 * taken.size(), 0);
    }
    if (base + 512 > taken.size()) taken.resize(2 * taken.size(), 0);
    if (slots_.size() < taken.size()) slots_.resize(taken.size());
    // Where the low slots are of use to few nodes, they must not be gone through for each: they are given up.
    tries += base - begin;
    if (tries > 64 * queue.size()) first_free = base + bytes[0];
    slots_[range.node].base = static_cast<int32_t>(base);
    for (size_t i = 0; i < children.size(); ++i) {
      const size_t slot = base + bytes[i];
      taken[slot] = 1;
      slots_[slot].parent = range.node;
      children[i].node = static_cast<int32_t>(slot);
      queue.push_back(children[i]);
    }
  }
  const auto last = std::find(taken.rbegin(), taken.rend(), 1);
  slots_.resize(static_cast<size_t>(taken.rend() - last) + 512);
}

}  // namespace smooth
