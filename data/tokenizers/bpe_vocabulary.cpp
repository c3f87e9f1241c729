#include "data/tokenizers/bpe_vocabulary.h"

#include <fmt/format.h>

#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

namespace smooth {
namespace {

using Ids = std::unordered_map<std::string_view, TokenId>;

class Compiler {
 public:
  Compiler(const BpeStrings& strings, const std::filesystem::path& folder) : strings_(strings), what_(folder.string()) {}

  BpeVocabulary compile() {
    BpeVocabulary out;
    out.pieces = pieces();
    out.bytes = bytes(out.pieces);
    out.merges = merges();
    out.added = strings_.added;
    return out;
  }

 private:
  [[noreturn]] void fail(const std::string& reason) const { throw std::runtime_error(what_ + ": " + reason); }

  // Ids must be 0, 1, 2, ... in some order: models have a row for each.
  std::vector<const std::string*> by_id() {
    std::vector<const std::string*> texts(strings_.vocabulary.size() + strings_.added.size(), nullptr);
    size_t count = 0;
    const auto put = [&](const std::string& text, int64_t id) {
      if (static_cast<size_t>(id) >= texts.size()) fail(fmt::format("id {} of `{}` leaves holes: there are {} tokens; ids must be 0, 1, 2, ...", id, text, texts.size()));
      if (texts[id]) fail(fmt::format("id {} is both `{}` and `{}`; give one of them another id", id, *texts[id], text));
      texts[id] = &text;
      ++count;
    };
    for (const auto& [text, id] : strings_.vocabulary) {
      put(text, id);
      if (!ids_.emplace(text, static_cast<TokenId>(id)).second) fail(fmt::format("`{}` is in the vocabulary twice", text));
    }
    std::unordered_set<std::string_view> seen;
    for (const AddedToken& token : strings_.added) {
      if (!seen.insert(token.text).second) fail(fmt::format("`{}` is among the added tokens twice", token.text));
      const auto known = ids_.find(token.text);
      if (known == ids_.end()) {
        put(token.text, token.id);
      } else if (known->second != token.id) {
        fail(fmt::format("`{}` is {} in the vocabulary, but the added token {}; make them equal", token.text, known->second, token.id));
      }
    }
    texts.resize(count);
    for (size_t id = 0; id < count; ++id) {
      if (!texts[id]) fail(fmt::format("no token has id {}; ids must be 0, 1, 2, ... without holes", id));
    }
    return texts;
  }

  PieceTable pieces() {
    std::unordered_set<std::string_view> added;
    for (const AddedToken& token : strings_.added) added.insert(token.text);
    PieceTable table;
    for (const std::string* text : by_id()) table.push_back(added.contains(*text) ? *text : bytes_of(*text, what_ + ": vocabulary"));
    return table;
  }

  std::array<TokenId, 256> bytes(const PieceTable& table) const {
    constexpr TokenId kMissing = UINT32_MAX;
    std::array<TokenId, 256> found;
    found.fill(kMissing);
    for (TokenId id = 0; id < strings_.vocabulary.size(); ++id) {
      if (table[id].size() == 1) found[static_cast<uint8_t>(table[id][0])] = id;
    }
    for (size_t byte = 0; byte < found.size(); ++byte) {
      if (found[byte] == kMissing) fail(fmt::format("byte 0x{:02x} is not in the vocabulary, so not every text could be encoded", byte));
    }
    return found;
  }

  TokenId id_of(const std::string& piece, size_t rank) const {
    const auto found = ids_.find(piece);
    if (found == ids_.end()) {
      const auto& [left, right] = strings_.merges[rank];
      fail(fmt::format("merge {}, `{}` and `{}`: `{}` is not in the vocabulary", rank, left, right, piece));
    }
    return found->second;
  }

  std::vector<Merge> merges() const {
    std::vector<Merge> merges;
    std::unordered_set<uint64_t> seen;
    seen.reserve(strings_.merges.size());
    std::string joined;
    for (const auto& [left, right] : strings_.merges) {
      const size_t rank = merges.size();
      joined.assign(left).append(right);
      merges.push_back({id_of(left, rank), id_of(right, rank), id_of(joined, rank), static_cast<uint32_t>(rank)});
      const Merge& merge = merges.back();
      if (!seen.insert(uint64_t{merge.left} << 32 | merge.right).second) fail(fmt::format("merge {}, `{}` and `{}`, is there twice", rank, left, right));
    }
    return merges;
  }

  const BpeStrings& strings_;
  const std::string what_;
  Ids ids_;  // of the vocabulary
};

}  // namespace

void PieceTable::push_back(std::string_view piece) {
  bytes_ += piece;
  ends_.push_back(static_cast<uint32_t>(bytes_.size()));
}

std::string_view PieceTable::operator[](size_t id) const {
  const size_t begin = id ? ends_[id - 1] : 0;
  return std::string_view(bytes_).substr(begin, ends_[id] - begin);
}

BpeVocabulary compile_bpe(const BpeStrings& strings, const std::filesystem::path& folder) { return Compiler(strings, folder).compile(); }

}  // namespace smooth
