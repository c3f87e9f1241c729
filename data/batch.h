// What the model is given: token ids of documents laid end to end. Nothing crosses a document's border: no attention,
// no state, no target.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace smooth {

// One document: target[i] says whether ids[i] was written (and so is to be predicted from ids[0..i-1]).
struct Example {
  std::vector<int64_t> ids;
  std::vector<uint8_t> target;
};

// The same in a word a token: the id, and this bit where it is a target.
constexpr uint32_t kTargetBit = 1u << 31;

// N documents packed: `targets[t]` is the id to predict at t, -1 where none is.
struct Batch {
  std::vector<int64_t> ids, targets;      // [T]
  std::vector<int32_t> cu_seqlens = {0};  // [N + 1]: document n is [cu_seqlens[n], cu_seqlens[n + 1])
  int64_t num_targets = 0;
  int64_t before = 0;      // a stretch of a pack: tokens of its first document that lie in stretches before it
  bool continues = false;  // and whether its last document goes on in the next one

  int64_t num_tokens() const { return static_cast<int64_t>(ids.size()); }
  int64_t num_documents() const { return static_cast<int64_t>(cu_seqlens.size()) - 1; }
  void add(const Example& example);
  // Tokens [begin, end), with the borders of the documents there.
  Batch stretch(int64_t begin, int64_t end) const;
  void add(std::span<const uint32_t> tokens);
};

}  // namespace smooth
