#include "data/tokenizers/bpe.h"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

#include "configs/run.h"
#include "data/summary.h"
#include "data/tokenizers/added_tokens.h"
#include "data/tokenizers/bpe_files.h"
#include "data/tokenizers/bpe_vocabulary.h"
#include "data/tokenizers/nfc.h"
#include "data/tokenizers/pieces.h"
#include "data/tokenizers/stream.h"
#include "data/tokenizers/utf8.h"
#include "data/tokenizers/word_cache.h"

namespace smooth {
namespace {

class Bpe : public Tokenizer {
 public:
  explicit Bpe(BpeFiles files) : Bpe(files, compile_bpe(parse_bpe_files(files), files.folder)) {}
  Bpe(BpeFiles files, BpeVocabulary vocabulary)
      : files_(std::move(files)), pieces_(std::move(vocabulary.pieces)), bytes_(vocabulary.bytes), merges_(vocabulary.merges) {
    for (const AddedToken& token : vocabulary.added) {
      ids_[token.text] = token.id;
      if (token.special) special_.insert(token.id);
      // What is looked for in normalised text must be normalised itself.
      if (token.normalized) {
        in_normal_.add(nfc(token.text), static_cast<TokenId>(token.id));
      } else {
        in_raw_.add(token.text, static_cast<TokenId>(token.id));
      }
    }
  }

  std::vector<int64_t> encode(const std::string& text) const override {
    std::unique_ptr<WordCache> cache = caches_.borrow();
    std::vector<TokenId> ids;
    ids.reserve(text.size() / 4);
    cut(in_raw_, text, ids, [&](std::string_view raw) {
      if (is_nfc(raw)) return encode_normal(raw, *cache, ids);
      encode_normal(nfc(raw), *cache, ids);
    });
    caches_.give_back(std::move(cache));
    return {ids.begin(), ids.end()};
  }

  std::string decode(const std::vector<int64_t>& ids) const override {
    std::string bytes;
    for (const int64_t id : ids) bytes += bytes_of(id);
    return well_formed(bytes);
  }

  std::string piece(int64_t id) const override { return std::string(bytes_of(id)); }
  int64_t vocab_size() const override { return pieces_.size(); }

  int64_t special_id(const std::string& text) const override {
    const auto found = ids_.find(text);
    return found == ids_.end() ? -1 : found->second;
  }

  bool is_special(int64_t id) const override { return special_.contains(id); }

  void save(const std::string& folder) const override {
    for (const auto& [name, text] : files_.text) write_file(std::filesystem::path(folder) / name, text);
  }

  const BpeFiles& files() const { return files_; }

 private:
  std::string_view bytes_of(int64_t id) const {
    if (id < 0 || id >= vocab_size()) {
      throw std::out_of_range(fmt::format("token id {} is outside the vocabulary of {}", id, vocab_size()));
    }
    return pieces_[id];
  }

  // Added tokens as their ids, what lies between them as `use` has it.
  template <class Use>
  static void cut(const AddedTokens& added, std::string_view text, std::vector<TokenId>& ids, const Use& use) {
    for (size_t begin = 0; begin < text.size();) {
      const AddedTokens::Match match = added.find(text, begin);
      if (match.begin > begin) use(text.substr(begin, match.begin - begin));
      if (match.end > match.begin) ids.push_back(match.id);
      begin = match.end;
    }
  }

  void encode_normal(std::string_view normal, WordCache& cache, std::vector<TokenId>& ids) const {
    cut(in_normal_, normal, ids, [&](std::string_view text) {
      for (size_t begin = 0; begin < text.size();) {
        const size_t end = piece_end(text, begin);
        encode_piece(text.substr(begin, end - begin), cache, ids);
        begin = end;
      }
    });
  }

  void encode_piece(std::string_view piece, WordCache& cache, std::vector<TokenId>& ids) const {
    if (piece.size() > WordCache::kLongest) {
      std::vector<TokenId> symbols;
      for (const char byte : piece) symbols.push_back(bytes_[static_cast<uint8_t>(byte)]);
      return merges_.apply(symbols, ids);
    }
    const uint64_t hash = WordCache::hash(piece);
    const auto known = cache.find(piece, hash);
    ids.insert(ids.end(), known.begin(), known.end());
    if (!known.empty()) return;
    const size_t begin = ids.size();
    std::array<TokenId, WordCache::kLongest> symbols;
    for (size_t i = 0; i < piece.size(); ++i) symbols[i] = bytes_[static_cast<uint8_t>(piece[i])];
    merges_.apply(std::span(symbols).first(piece.size()), ids);
    cache.add(piece, hash, std::span(ids).subspan(begin));
  }

  BpeFiles files_;
  PieceTable pieces_;
  std::array<TokenId, 256> bytes_;
  Merges merges_;
  AddedTokens in_raw_, in_normal_;
  std::unordered_map<std::string, int64_t> ids_;  // of added tokens
  std::unordered_set<int64_t> special_;
  mutable WordCaches caches_;
};

}  // namespace

std::shared_ptr<const Tokenizer> load_bpe(const std::filesystem::path& folder) {
  return std::make_shared<Bpe>(read_bpe_files(folder));
}

std::shared_ptr<const Tokenizer> with_markers(const std::shared_ptr<const Tokenizer>& tokenizer) {
  std::vector<AddedToken> missing;
  for (const std::string& marker : {kContinue, kStop}) {
    if (tokenizer->special_id(marker) >= 0) continue;
    // Not special, as Qwen's own <tool_call>: servers leave special tokens out of the text, which readers must see.
    missing.push_back({.text = marker, .id = tokenizer->vocab_size() + static_cast<int64_t>(missing.size())});
  }
  if (missing.empty()) return tokenizer;
  const auto bpe = std::dynamic_pointer_cast<const Bpe>(tokenizer);
  if (!bpe) throw std::runtime_error("the tokenizer has no token " + missing[0].text + ", and only byte-level BPE can be given one; train a tokenizer that has it");
  return std::make_shared<Bpe>(with_added_tokens(bpe->files(), missing));
}

}  // namespace smooth
