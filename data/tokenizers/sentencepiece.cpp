// The library finds the pieces, or sentencepiece_merges.h does as it would; what a piece stands for is spelled out here, so that
// `piece` has exact bytes. Text is UTF-8; a literal U+2581 in it is SentencePiece's own sign for a blank and comes back as one.
//
// Tokens beyond the model's pieces are those that the folder's other files add (data/tokenizers/folder.h): a published
// model's own, and the markers. A special token is cut out first; whether the text after it gets the blank that models
// with a dummy prefix put before a text is tokenizer_config.json's `legacy`, as in Hugging Face's LlamaTokenizer: true
// (the default, and Mistral's v0.1 and v0.2): every part between specials gets it; false: only a part that begins the
// text. `add_prefix_space: false`: none does. `add_bos_token` (true unless it says otherwise, as there) and `add_eos_token` (false) frame a
// text.
#include "data/tokenizers/sentencepiece.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <unordered_set>

#include "configs/run.h"
#include "data/tokenizers/folder.h"
#include "data/tokenizers/model_proto.h"
#include "data/tokenizers/sentencepiece_merges.h"
#include "data/tokenizers/utf8.h"
#include "data/tokenizers/word_cache.h"

namespace smooth {
namespace {

constexpr std::string_view kBlank = "\xe2\x96\x81";      // U+2581
constexpr std::string_view kUnknown = " \xe2\x81\x87 ";  // the library's surface of <unk>

void check(const sentencepiece::util::Status& status, const std::string& what) {
  if (!status.ok()) throw std::runtime_error(what + ": " + status.ToString());
}

void read_model(sentencepiece::SentencePieceProcessor& processor, const std::string& model, const std::string& file) {
  std::string why;
  try {
    const auto status = processor.LoadFromSerializedProto(model);
    if (status.ok()) return;
    why = status.ToString();
  } catch (const std::exception& error) {  // of the library's tries
    why = error.what();
  }
  throw std::runtime_error(file + ": " + why);
}

std::string with_blanks(std::string_view piece) {
  std::string text;
  for (size_t at = 0; at < piece.size();) {
    const bool blank = piece.substr(at, kBlank.size()) == kBlank;
    text.push_back(blank ? ' ' : piece[at]);
    at += blank ? kBlank.size() : 1;
  }
  return text;
}

// Which parts of a text get the dummy prefix, where the model has one.
enum class Prefix { kEvery, kFirst, kNone };

class SentencePiece : public Tokenizer {
 public:
  explicit SentencePiece(const std::filesystem::path& path) : folder_(path, {"tokenizer.model"}) {
    const std::string file = folder_.file("tokenizer.model").string();
    const std::string& model = folder_.text("tokenizer.model");
    check_model_proto(model, file);
    read_model(processor_, model, file);
    for (int id = 0; id < processor_.GetPieceSize(); ++id) {
      pieces_.push_back(bytes_of(id));
      is_byte_.push_back(processor_.IsByte(id));
      if (processor_.IsControl(id) || processor_.IsUnknown(id)) special_.insert(id);
    }
    for (const FolderToken& token : folder_.added()) add(token);
    for (int id = 0; id < processor_.GetPieceSize(); ++id) {
      const std::string& piece = processor_.IdToPiece(id);
      if (processor_.IsControl(id) && specials_.id(piece) < 0) specials_.add({.text = piece, .id = id});
    }
    const std::vector<std::string> probe = processor_.EncodeAsPieces("a");
    by_word_ = words_are_independent(!probe.empty() && with_blanks(probe[0])[0] == ' ');
    if (dummy_prefix_) prefix_ = prefix_of(folder_);
    // A second normalizer_spec (field 3) with add_dummy_prefix (its field 3) false is merged into the model's own.
    read_model(unprefixed_, model + "\x1a\x02\x18" + '\0', file);
    if (by_word_) merges_ = SentencePieceMerges::of(unprefixed_, model);
    newline_alone_ = newlines_are_alone();
    if (json_bool(folder_.config(), "add_bos_token", true, folder_.config_file())) bos_ = processor_.bos_id();
    if (json_bool(folder_.config(), "add_eos_token", false, folder_.config_file())) eos_ = processor_.eos_id();
  }

  std::vector<int64_t> encode(const std::string& text) const override {
    std::vector<int64_t> ids;
    const auto plain = [&](std::string_view part, bool first) {
      encode_plain(part, prefix_ == Prefix::kEvery || (prefix_ == Prefix::kFirst && first), ids);
    };
    specials_.split(text, plain, [&](int64_t id) { ids.push_back(id); });
    return ids;
  }

  std::vector<int64_t> encode_framed(const std::string& text) const override {
    std::vector<int64_t> ids = encode(text);
    if (bos_ >= 0) ids.insert(ids.begin(), bos_);
    if (eos_ >= 0) ids.push_back(eos_);
    return ids;
  }

  std::string decode(const std::vector<int64_t>& ids) const override {
    std::string text;
    for (size_t i = 0; i < ids.size();) {
      std::string run;  // of byte pieces, which may be characters together
      while (i < ids.size() && is_byte(ids[i])) run += bytes(ids[i++]);
      text += well_formed(run, true);
      if (i < ids.size()) text += bytes(ids[i++]);
    }
    // The dummy prefix is part of a piece: neither the byte <0x20> nor the blank of <unk> is it.
    const bool added = dummy_prefix_ && prefix_ != Prefix::kNone && text.starts_with(' ');
    return added && !is_byte(ids[0]) && bytes(ids[0]) != kUnknown ? text.substr(1) : text;
  }

  std::string piece(int64_t id) const override { return bytes(id); }
  int64_t vocab_size() const override { return static_cast<int64_t>(pieces_.size()); }
  int64_t special_id(const std::string& text) const override { return specials_.id(text); }
  bool is_special(int64_t id) const override { return special_.contains(id); }
  void save(const std::string& folder) const override { folder_.save(folder); }

 private:
  static Prefix prefix_of(const TokenizerFolder& folder) {
    if (!json_bool(folder.config(), "add_prefix_space", true, folder.config_file())) return Prefix::kNone;
    return json_bool(folder.config(), "legacy", true, folder.config_file()) ? Prefix::kEvery : Prefix::kFirst;
  }

  std::string bytes_of(int id) const {
    const std::string& piece = processor_.IdToPiece(id);
    if (processor_.IsUnknown(id)) return std::string(kUnknown);
    if (processor_.IsControl(id)) return piece;
    if (processor_.IsByte(id)) return std::string(1, static_cast<char>(std::stoi(piece.substr(3, 2), nullptr, 16)));  // <0xE3>
    return with_blanks(piece);
  }

  const std::string& bytes(int64_t id) const {
    if (id < 0 || id >= vocab_size()) {
      throw std::out_of_range("token id " + std::to_string(id) + " is outside the vocabulary of " + std::to_string(vocab_size()));
    }
    return pieces_[id];
  }

  bool is_byte(int64_t id) const { return id >= 0 && id < static_cast<int64_t>(is_byte_.size()) && is_byte_[id]; }

  void add(FolderToken token) {
    const auto refuse = [&](const std::string& why) { throw std::runtime_error(token.where + ": " + why); };
    const int64_t size = processor_.GetPieceSize(), piece = processor_.PieceToId(token.text);
    const bool is_piece =
        !processor_.IsUnknown(static_cast<int>(piece)) || processor_.IdToPiece(static_cast<int>(piece)) == token.text;
    if (token.id < 0 && !is_piece)
      refuse("'" + token.text + "' is no piece of tokenizer.model and has no id; give it one in added_tokens_decoder, " +
             std::to_string(size) + " or more");
    if (token.id < 0) token.id = piece;
    if (token.id < size && (!is_piece || token.id != piece))
      refuse("id " + std::to_string(token.id) + " is '" + token.text + "' here and '" +
             processor_.IdToPiece(static_cast<int>(token.id)) + "' in tokenizer.model");
    if (token.id >= size && is_piece)
      refuse("'" + token.text + "' is piece " + std::to_string(piece) + " of tokenizer.model already");
    if (token.id >= vocab_size()) pieces_.resize(token.id + 1);  // an id that nobody names has no text
    if (token.id >= size) pieces_[token.id] = token.text;
    if (token.special) special_.insert(token.id);
    specials_.add(token);
  }

  // May a text be cut before its blanks, word by word? Not if a piece reaches from a word over a blank, nor if text is
  // normalised, nor if blanks are unknown (unknown characters in a row are one id).
  bool words_are_independent(bool dummy_prefix) {
    dummy_prefix_ = dummy_prefix;
    if (processor_.IsUnknown(processor_.PieceToId(kBlank))) return false;
    for (int id = 0; id < processor_.GetPieceSize(); ++id) {
      const std::string piece = with_blanks(processor_.IdToPiece(id));
      for (size_t at = 1; at < piece.size(); ++at) {
        if (piece[at] == ' ' && piece[at - 1] != ' ') return false;
      }
    }
    const std::string probe = "A  a\t\n\xef\xac\x81 \xef\xbc\xa1 e\xcc\x81  ";  // a ligature, a wide letter, a combining accent
    std::string seen;
    for (const std::string& piece : processor_.EncodeAsPieces(probe)) seen += surface(piece);
    return seen == (dummy_prefix_ ? " " : "") + probe;
  }

  // Not if it is unknown and not spelled as a byte: unknown characters in a row are one id.
  bool newlines_are_alone() const {
    for (const std::string& piece : pieces_) {
      if (piece.size() > 1 && piece.find('\n') != std::string::npos) return false;
    }
    return !processor_.IsUnknown(processor_.PieceToId("\n")) || processor_.IsByte(processor_.PieceToId("<0x0A>"));
  }

  // Of a piece as the library prints it: <0xE3> is a byte.
  std::string surface(const std::string& piece) const {
    const int id = processor_.PieceToId(piece);
    return processor_.IsByte(id) ? bytes_of(id) : with_blanks(piece);
  }

  void encode_plain(std::string_view text, bool prefixed, std::vector<int64_t>& ids) const {
    if (!by_word_) return encode_whole(prefixed ? processor_ : unprefixed_, text, ids);
    std::unique_ptr<WordCache> cache = caches_.borrow();
    std::vector<TokenId> found;
    // The dummy prefix is a blank before the first word.
    const size_t first = prefixed && dummy_prefix_ ? word_end(text, 0) : 0;
    if (first > 0) encode_word(" " + std::string(text.substr(0, first)), *cache, found);
    for (size_t begin = first; begin < text.size();) {
      const size_t end = word_end(text, begin);
      encode_word(text.substr(begin, end - begin), *cache, found);
      begin = end;
    }
    caches_.give_back(std::move(cache));
    ids.insert(ids.end(), found.begin(), found.end());
  }

  // Most words of a text are repeated: each is encoded once.
  void encode_word(std::string_view word, WordCache& cache, std::vector<TokenId>& ids) const {
    if (word.size() > WordCache::kLongest) return encode_new(word, ids);
    const uint64_t hash = WordCache::hash(word);
    const auto known = cache.find(word, hash);
    ids.insert(ids.end(), known.begin(), known.end());
    if (!known.empty()) return;
    const size_t begin = ids.size();
    encode_new(word, ids);
    cache.add(word, hash, std::span(ids).subspan(begin));
  }

  void encode_new(std::string_view word, std::vector<TokenId>& ids) const {
    if (merges_ && merges_->encode(word, ids)) return;
    std::vector<int64_t> found;
    encode_whole(unprefixed_, word, found);
    ids.insert(ids.end(), found.begin(), found.end());
  }

  // A word with the blanks before it; blanks at the end of the text belong to its last word. A newline that no piece joins to
  // anything is a word.
  size_t word_end(std::string_view text, size_t begin) const {
    if (newline_alone_ && text[begin] == '\n') return begin + 1;
    size_t end = text.find_first_not_of(' ', begin);
    if (end == std::string_view::npos) return text.size();
    const std::string_view stops = newline_alone_ ? " \n" : " ";
    if (newline_alone_ && text[end] == '\n') return end;
    do {
      end = text.find_first_of(stops, end + 1);
      if (end == std::string_view::npos) return text.size();
      if (text[end] == '\n') return end;
    } while (text.substr(end - std::min(end, kBlank.size())).substr(0, kBlank.size()) == kBlank);
    return text.find_first_not_of(' ', end) == std::string_view::npos ? text.size() : end;
  }

  void encode_whole(const sentencepiece::SentencePieceProcessor& processor, std::string_view text, std::vector<int64_t>& ids) const {
    if (text.empty()) return;
    std::vector<int> found;
    check(processor.Encode(text, &found), folder_.file("tokenizer.model").string() + ": SentencePiece could not encode a text");
    ids.insert(ids.end(), found.begin(), found.end());
  }

  TokenizerFolder folder_;
  sentencepiece::SentencePieceProcessor processor_, unprefixed_;
  std::vector<std::string> pieces_;  // [vocab_size], bytes
  std::vector<bool> is_byte_;        // [pieces of the model]
  Specials specials_;
  std::unordered_set<int64_t> special_;
  int64_t bos_ = -1, eos_ = -1;      // around a text; -1: none
  Prefix prefix_ = Prefix::kEvery;
  bool dummy_prefix_ = false, by_word_ = false, newline_alone_ = false;
  std::optional<SentencePieceMerges> merges_;
  mutable WordCaches caches_;
};

}  // namespace

std::shared_ptr<const Tokenizer> load_sentencepiece(const std::filesystem::path& folder) {
  return std::make_shared<SentencePiece>(folder);
}

}  // namespace smooth
