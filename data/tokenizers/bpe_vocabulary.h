// A byte-level BPE's strings checked and turned into what encoding and decoding need: bytes by id, merges of ids.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "data/tokenizers/merges.h"
#include "data/tokenizers/tokenizer_json.h"

namespace smooth {

// The bytes of every id, end to end.
class PieceTable {
 public:
  void push_back(std::string_view piece);
  std::string_view operator[](size_t id) const;
  size_t size() const { return ends_.size(); }

 private:
  std::string bytes_;
  std::vector<uint32_t> ends_;
};

struct BpeVocabulary {
  PieceTable pieces;
  std::array<TokenId, 256> bytes;  // the id of each byte
  std::vector<Merge> merges;
  std::vector<AddedToken> added;
};

// Every id from 0 on is one piece or added token, every byte is a piece, and merges are of pieces and into pieces; throws naming
// `folder` and the id or merge that is not so.
BpeVocabulary compile_bpe(const BpeStrings& strings, const std::filesystem::path& folder);

}  // namespace smooth
