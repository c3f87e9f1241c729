#include "data/tokenizers/merges.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <queue>

namespace smooth {
namespace {

constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();
constexpr size_t kFew = 64;  // symbols; up to here looking through all pairs beats a heap

size_t slot(TokenId left, TokenId right, size_t size) {
  const uint64_t mixed = (uint64_t{left} << 32 | right) * 0x9e3779b97f4a7c15u;  // Fibonacci hashing: high bits are the good ones
  return (mixed >> 32) & (size - 1);
}

}  // namespace

Merges::Merges(const std::vector<Merge>& merges) : table_(std::bit_ceil(2 * merges.size() + 2), Entry{kNone, kNone, kNone, 0}) {
  for (const Merge& merge : merges) {
    size_t at = slot(merge.left, merge.right, table_.size());
    while (table_[at].rank != kNone) at = (at + 1) & (table_.size() - 1);
    table_[at] = {merge.left, merge.right, merge.rank, merge.result};
  }
}

const Merges::Entry& Merges::find(TokenId left, TokenId right) const {
  size_t at = slot(left, right, table_.size());
  while (table_[at].rank != kNone && (table_[at].left != left || table_[at].right != right)) at = (at + 1) & (table_.size() - 1);
  return table_[at];
}

void Merges::apply(std::span<TokenId> symbols, std::vector<TokenId>& ids) const {
  symbols.size() <= kFew ? apply_to_few(symbols, ids) : apply_to_many(symbols, ids);
}

// Ids and the merge of each with its right neighbour side by side; what is merged moves the rest down.
void Merges::apply_to_few(std::span<TokenId> id, std::vector<TokenId>& ids) const {
  std::array<uint32_t, kFew> rank;  // [i]: of the pair i, i + 1
  size_t count = id.size();
  for (size_t i = 0; i + 1 < count; ++i) rank[i] = find(id[i], id[i + 1]).rank;
  while (count > 1) {
    const size_t at = std::min_element(rank.begin(), rank.begin() + count - 1) - rank.begin();
    if (rank[at] == kNone) break;
    id[at] = find(id[at], id[at + 1]).result;
    --count;
    std::copy(id.begin() + at + 2, id.begin() + count + 1, id.begin() + at + 1);
    if (at + 1 < count) {
      std::copy(rank.begin() + at + 2, rank.begin() + count, rank.begin() + at + 1);
      rank[at] = find(id[at], id[at + 1]).rank;
    }
    if (at > 0) rank[at - 1] = find(id[at - 1], id[at]).rank;
  }
  ids.insert(ids.end(), id.begin(), id.begin() + count);
}

// A linked list of ids, and a heap of the merges in sight; a merge that its neighbours have overtaken is passed over.
void Merges::apply_to_many(std::span<const TokenId> symbols, std::vector<TokenId>& ids) const {
  struct Link {
    TokenId id;
    uint32_t rank;  // of the pair with the next one
    size_t before, next;
  };
  struct Candidate {
    uint32_t rank;
    size_t at;
    bool operator>(const Candidate& other) const { return rank != other.rank ? rank > other.rank : at > other.at; }
  };
  const size_t end = symbols.size();
  std::vector<Link> links(end);
  std::vector<Candidate> first;
  for (size_t i = 0; i < end; ++i) links[i] = {symbols[i], kNone, i - 1, i + 1};
  for (size_t i = 0; i + 1 < end; ++i) {
    links[i].rank = find(links[i].id, links[i + 1].id).rank;
    if (links[i].rank != kNone) first.push_back({links[i].rank, i});
  }
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> heap({}, std::move(first));
  const auto look_again = [&](size_t at) {
    Link& link = links[at];
    link.rank = link.next == end ? kNone : find(link.id, links[link.next].id).rank;
    if (link.rank != kNone) heap.push({link.rank, at});
  };
  while (!heap.empty()) {
    const Candidate best = heap.top();
    heap.pop();
    Link& left = links[best.at];
    if (left.rank != best.rank) continue;
    Link& right = links[left.next];
    left.id = find(left.id, right.id).result;
    left.next = right.next;
    right.rank = kNone;
    if (left.next != end) links[left.next].before = best.at;
    look_again(best.at);
    if (best.at > 0) look_again(left.before);
  }
  for (size_t i = 0; i != end; i = links[i].next) ids.push_back(links[i].id);
}

}  // namespace smooth
