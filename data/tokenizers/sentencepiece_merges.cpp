// sentencepiece 0.1.97, src/bpe_model.cc: of all pairs of neighbours whose joined text is a piece, the one whose piece has the highest
// score is joined, the leftmost of equals, until none is left; what is then no piece is spelled in bytes. Every pair that makes
// a piece is listed here once, so that only ids are compared; for that the parts of pieces must be pieces down to the characters.
#include "data/tokenizers/sentencepiece_merges.h"

#include <algorithm>
#include <map>

#include "data/tokenizers/utf8.h"

namespace smooth {
namespace {

using sentencepiece::SentencePieceProcessor;

constexpr char32_t kBlankCharacter = 0x2581;
constexpr TokenId kNoPiece = 1u << 31;  // + its code point: a character that is no piece
constexpr TokenId kIllFormedSymbol = ~0u;

// sentencepiece_model.proto: ModelProto.SentencePiece.Type and TrainerSpec.ModelType.
enum Type { kNormal = 1, kUserDefined = 4, kUnused = 5 };
constexpr uint64_t kBpe = 2;

// Calls use(number, value, bytes) for each field of a message of protocol buffers that the library has read already.
template <class Use>
void each_field(std::string_view message, const Use& use) {
  size_t at = 0;
  const auto varint = [&] {
    uint64_t value = 0;
    for (int shift = 0; at < message.size() && shift < 64; shift += 7) {
      const auto byte = static_cast<uint8_t>(message[at++]);
      value |= uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) break;
    }
    return value;
  };
  while (at < message.size()) {
    const uint64_t key = varint();
    const uint64_t kind = key & 7;
    const uint64_t value = kind == 0 || kind == 2 ? varint() : 0;
    const size_t length = std::min<size_t>(kind == 2 ? value : kind == 5 ? 4 : kind == 1 ? 8 : 0, message.size() - at);
    use(key >> 3, value, message.substr(at, length));
    at += length;
  }
}

bool is_bpe(std::string_view proto) {
  bool found = false;
  each_field(proto, [&](uint64_t number, uint64_t, std::string_view trainer) {
    if (number != 2) return;
    each_field(trainer, [&](uint64_t field, uint64_t value, std::string_view) {
      if (field == 3) found = value == kBpe;
    });
  });
  return found;
}

// By id.
std::vector<int> types_of(std::string_view proto) {
  std::vector<int> types;
  each_field(proto, [&](uint64_t number, uint64_t, std::string_view piece) {
    if (number != 1) return;
    types.push_back(kNormal);
    each_field(piece, [&](uint64_t field, uint64_t value, std::string_view) {
      if (field == 3) types.back() = static_cast<int>(value);
    });
  });
  return types;
}

std::vector<Merge> merges_of(const SentencePieceProcessor& model, const std::vector<int>& types) {
  std::unordered_map<std::string, TokenId> normal;
  std::map<float, uint32_t, std::greater<>> ranks;  // of scores
  for (int id = 0; id < model.GetPieceSize(); ++id) {
    if (types[static_cast<size_t>(id)] != kNormal) continue;
    normal[model.IdToPiece(id)] = static_cast<TokenId>(id);
    ranks[model.GetScore(id)] = 0;
  }
  uint32_t rank = 0;
  for (auto& [score, place] : ranks) place = rank++;
  std::vector<Merge> merges;
  for (const auto& [piece, id] : normal) {
    for (size_t at = 1; at < piece.size(); ++at) {
      const auto left = normal.find(piece.substr(0, at)), right = normal.find(piece.substr(at));
      if (left == normal.end() || right == normal.end()) continue;
      merges.push_back({left->second, right->second, id, ranks.at(model.GetScore(static_cast<int>(id)))});
    }
  }
  return merges;
}

}  // namespace

std::optional<SentencePieceMerges> SentencePieceMerges::of(const SentencePieceProcessor& model, std::string_view proto) {
  if (!is_bpe(proto)) return std::nullopt;
  const std::vector<int> types = types_of(proto);
  if (types.size() != static_cast<size_t>(model.GetPieceSize()) || std::count(types.begin(), types.end(), kUnused) > 0) return std::nullopt;
  SentencePieceMerges merges(merges_of(model, types));
  if (!merges.take_characters(model, types)) return std::nullopt;
  return merges;
}

// False if some piece is not made of pieces, or some byte is none.
bool SentencePieceMerges::take_characters(const SentencePieceProcessor& model, const std::vector<int>& types) {
  int num_bytes = 0;
  for (int id = 0; id < model.GetPieceSize(); ++id) {
    const std::string& piece = model.IdToPiece(id);
    const auto token = static_cast<TokenId>(id);
    if (model.IsByte(id)) {
      bytes_[static_cast<size_t>(std::stoi(piece.substr(3, 2), nullptr, 16))] = token;  // <0xE3>
      ++num_bytes;
    } else if (types[static_cast<size_t>(id)] == kUserDefined) {
      user_defined_.emplace_back(piece, token);
      begins_user_defined_[static_cast<uint8_t>(piece.at(0))] = true;
    } else if (types[static_cast<size_t>(id)] == kNormal) {
      size_t at = 0;
      const char32_t c = next_character(piece, at);
      if (at == piece.size()) characters_[c] = token;
    }
  }
  if (num_bytes != 256) return false;
  const auto longer = [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); };
  std::stable_sort(user_defined_.begin(), user_defined_.end(), longer);
  for (TokenId c = 0; c < 128; ++c) {
    const auto found = characters_.find(c == ' ' ? kBlankCharacter : c);
    ascii_[c] = found == characters_.end() ? kNoPiece + c : found->second;
  }
  for (int id = 0; id < model.GetPieceSize(); ++id) {
    const std::string& piece = model.IdToPiece(id);
    for (size_t at = 0; types[static_cast<size_t>(id)] == kNormal && at < piece.size();) {
      if (!characters_.contains(next_character(piece, at))) return false;
    }
  }
  return true;
}

const std::pair<std::string, TokenId>* SentencePieceMerges::user_defined(std::string_view text) const {
  for (const auto& piece : user_defined_) {
    if (text.starts_with(piece.first)) return &piece;
  }
  return nullptr;
}

TokenId SentencePieceMerges::symbol(std::string_view text, size_t& at) const {
  const auto byte = static_cast<uint8_t>(text[at]);
  if (begins_user_defined_[byte]) {
    if (const auto* piece = user_defined(text.substr(at))) {
      at += piece->first.size();
      return piece->second;
    }
  }
  if (byte < 128) {
    ++at;
    return ascii_[byte];
  }
  const char32_t c = next_character(text, at);
  if (c == kIllFormed) return kIllFormedSymbol;
  const auto found = characters_.find(c);
  return found == characters_.end() ? kNoPiece + c : found->second;
}

bool SentencePieceMerges::encode(std::string_view text, std::vector<TokenId>& ids) const {
  constexpr size_t kFew = 64;
  std::array<TokenId, kFew> few;
  std::vector<TokenId> many(text.size() > kFew ? text.size() : 0);
  TokenId* symbols = many.empty() ? few.data() : many.data();
  size_t count = 0;
  for (size_t at = 0; at < text.size();) {
    symbols[count++] = symbol(text, at);
    if (symbols[count - 1] == kIllFormedSymbol) return false;
  }
  const size_t begin = ids.size();
  merges_.apply({symbols, count}, ids);
  const auto is_none = [](TokenId id) { return id >= kNoPiece; };
  if (std::none_of(ids.begin() + static_cast<std::ptrdiff_t>(begin), ids.end(), is_none)) return true;
  const std::vector<TokenId> found(ids.begin() + static_cast<std::ptrdiff_t>(begin), ids.end());
  ids.resize(begin);
  for (const TokenId id : found) {
    std::string character;
    if (is_none(id)) append_character(character, id - kNoPiece);
    for (const char byte : character) ids.push_back(bytes_[static_cast<uint8_t>(byte)]);
    if (!is_none(id)) ids.push_back(id);
  }
  return true;
}

}  // namespace smooth
