// Where the two differ: `tokenizers` merges by the rank of a pair, SentencePiece by the score of what a pair becomes, so every
// pair that makes a piece is listed; and its Unigram finds <unk> and <0x41> as pieces where a text spells them, SentencePiece
// does not, so such a text is cut behind its first character.
#include "data/tokenizers/sentencepiece_json.h"

#include <nlohmann/json.hpp>
#include <unordered_set>

#include "data/summary.h"
#include "data/tokenizers/tokenizer_json.h"

namespace smooth {
namespace {

using Json = nlohmann::ordered_json;
using sentencepiece::SentencePieceProcessor;

constexpr const char* kBlank = "\xe2\x96\x81";  // U+2581

bool is_text(const SentencePieceProcessor& model, int id) {
  return !model.IsUnknown(id) && !model.IsControl(id) && !model.IsByte(id) && !model.IsUnused(id);
}

// Pieces of a BPE model stand in the order in which they are made; user-defined ones are never merged.
Json bpe(const SentencePieceProcessor& model, const std::unordered_set<std::string>& user_defined) {
  std::unordered_set<std::string> normal;
  Json::object_t vocabulary;
  Json merges = Json::array();
  for (int id = 0; id < model.GetPieceSize(); ++id) {
    const std::string& piece = model.IdToPiece(id);
    vocabulary.emplace_back(piece, id);  // pieces are unique; operator[] would look through all of them
    if (is_text(model, id) && !user_defined.contains(piece)) normal.insert(piece);
  }
  for (int id = 0; id < model.GetPieceSize(); ++id) {
    const std::string& piece = model.IdToPiece(id);
    if (!normal.contains(piece)) continue;
    for (size_t at = 1; at < piece.size(); ++at) {
      const std::string left = piece.substr(0, at), right = piece.substr(at);
      if (normal.contains(left) && normal.contains(right)) merges.push_back({left, right});
    }
  }
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", "<unk>"},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", true},
          {"byte_fallback", true},
          {"ignore_merges", false},
          {"vocab", vocabulary},
          {"merges", merges}};
}

Json unigram(const SentencePieceProcessor& model) {
  Json vocabulary = Json::array();
  for (int id = 0; id < model.GetPieceSize(); ++id) vocabulary.push_back({model.IdToPiece(id), model.GetScore(id)});
  return {{"type", "Unigram"}, {"unk_id", model.unk_id()}, {"vocab", vocabulary}, {"byte_fallback", true}};
}

// The markers are not special, as in data/tokenizers/bpe.cpp.
Json added_tokens(const SentencePieceProcessor& model, const std::vector<std::string>& specials) {
  Json tokens = Json::array();
  const auto add = [&](const std::string& text, int id) {
    Json token = {{"id", id}};
    token.update(added_token_json({.text = text, .id = id, .special = text != kContinue && text != kStop}));
    tokens.push_back(token);
  };
  for (int id = 0; id < model.GetPieceSize(); ++id) {
    if (model.IsControl(id)) add(model.IdToPiece(id), id);
  }
  for (const std::string& special : specials) add(special, model.PieceToId(special));
  return tokens;
}

}  // namespace

std::string sentencepiece_json(const SentencePieceProcessor& model, const std::string& model_type, const std::vector<std::string>& specials) {
  const bool is_bpe = model_type == "bpe";
  std::unordered_set<std::string> user_defined(specials.begin(), specials.end());
  user_defined.insert("\n");
  const Json cut = {{"type", "Split"}, {"pattern", {{"Regex", "<(?=unk>|0x[0-9A-F]{2}>)"}}}, {"behavior", "Isolated"}, {"invert", false}};
  const Json json = {
      {"version", "1.0"},
      {"truncation", nullptr},
      {"padding", nullptr},
      {"added_tokens", added_tokens(model, specials)},
      {"normalizer", {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", kBlank}}},
      {"pre_tokenizer", is_bpe ? Json() : cut},
      {"post_processor", nullptr},
      {"decoder",
       {{"type", "Sequence"},
        {"decoders", Json::array({{{"type", "Replace"}, {"pattern", {{"String", kBlank}}}, {"content", " "}}, {{"type", "ByteFallback"}}, {{"type", "Fuse"}}})}}},
      {"model", is_bpe ? bpe(model, user_defined) : unigram(model)},
  };
  return json.dump(1) + "\n";
}

}  // namespace smooth
