// The library finds the pieces; what a piece stands for is spelled out here, so that any run of ids has exact bytes
// (the library's own decoder turns a cut character into U+FFFD). Text is UTF-8; a literal U+2581 in it is
// SentencePiece's own sign for a blank and comes back as one.
#include "data/sentencepiece.h"

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <unordered_map>

#include "configs/run.h"

namespace smooth {
namespace {

using nlohmann::json;

constexpr std::string_view kBlank = "\xe2\x96\x81";      // U+2581
constexpr std::string_view kUnknown = " \xe2\x81\x87 ";  // the library's surface of <unk>

void check(const sentencepiece::util::Status& status, const std::string& what) {
  if (!status.ok()) throw std::runtime_error(what + ": " + status.ToString());
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

class SentencePiece : public Tokenizer {
 public:
  explicit SentencePiece(const std::filesystem::path& folder) : model_(read_file(folder / "tokenizer.model")) {
    const std::string file = (folder / "tokenizer.model").string();
    check(processor_.LoadFromSerializedProto(model_), file);
    for (int id = 0; id < processor_.GetPieceSize(); ++id) pieces_.push_back(bytes_of(id));
    for (int id = 0; id < processor_.GetPieceSize(); ++id) {
      if (processor_.IsControl(id)) add_special(processor_.IdToPiece(id), id);
    }
    const auto config = folder / "tokenizer_config.json";
    if (std::filesystem::exists(config)) read_config(config);
    std::stable_sort(specials_.begin(), specials_.end(),
                     [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
    dummy_prefix_ = with_blanks(processor_.EncodeAsPieces("a").at(0))[0] == ' ';
    by_word_ = words_are_independent();
  }

  std::vector<int64_t> encode(const std::string& text) const override {
    std::vector<int64_t> ids;
    size_t begin = 0;
    for (size_t at = 0; at < text.size(); ++at) {
      if (!starts_special_[static_cast<uint8_t>(text[at])]) continue;
      const auto special = special_at(text, at);
      if (special == specials_.end()) continue;
      encode_plain(std::string_view(text).substr(begin, at - begin), ids);
      ids.push_back(special->second);
      begin = at + special->first.size();
      at = begin - 1;
    }
    encode_plain(std::string_view(text).substr(begin), ids);
    return ids;
  }

  std::string decode(const std::vector<int64_t>& ids) const override {
    std::string text;
    for (const int64_t id : ids) text += bytes(id);
    const bool prefixed = dummy_prefix_ && !text.empty() && text[0] == ' ' && bytes(ids[0]) != kUnknown;
    return prefixed ? text.substr(1) : text;
  }

  std::string piece(int64_t id) const override { return bytes(id); }
  int64_t vocab_size() const override { return static_cast<int64_t>(pieces_.size()); }

  int64_t special_id(const std::string& text) const override {
    for (const auto& [special, id] : specials_) {
      if (special == text) return id;
    }
    return -1;
  }

  void save(const std::string& folder) const override {
    write_file(std::filesystem::path(folder) / "tokenizer.model", model_);
    if (!config_.empty()) write_file(std::filesystem::path(folder) / "tokenizer_config.json", config_);
  }

 private:
  using Special = std::pair<std::string, int64_t>;

  std::string bytes_of(int id) const {
    const std::string& piece = processor_.IdToPiece(id);
    if (processor_.IsUnknown(id)) return std::string(kUnknown);
    if (processor_.IsControl(id)) return piece;
    if (processor_.IsByte(id))
      return std::string(1, static_cast<char>(std::stoi(piece.substr(3, 2), nullptr, 16)));  // <0xE3>
    return with_blanks(piece);
  }

  const std::string& bytes(int64_t id) const {
    if (id < 0 || id >= vocab_size()) {
      throw std::out_of_range("token id " + std::to_string(id) + " is outside the vocabulary of " +
                              std::to_string(vocab_size()));
    }
    return pieces_[id];
  }

  void add_special(const std::string& text, int64_t id) {
    specials_.emplace_back(text, id);
    starts_special_[static_cast<uint8_t>(text[0])] = true;
  }

  void read_config(const std::filesystem::path& path) {
    config_ = read_file(path);
    const json config = json::parse(config_, nullptr, false);
    if (!config.is_object()) throw std::runtime_error(path.string() + ": not a JSON object");
    for (const json& entry : config.value("additional_special_tokens", json::array())) {
      const std::string text = entry.is_object()   ? entry.value("content", "")
                               : entry.is_string() ? entry.get<std::string>()
                                                   : "";
      const int id = processor_.PieceToId(text);
      if (text.empty() || processor_.IsUnknown(id)) {
        throw std::runtime_error(path.string() + ": additional_special_tokens: " + entry.dump() +
                                 " is no piece of tokenizer.model");
      }
      if (!processor_.IsControl(id)) add_special(text, id);
    }
  }

  std::vector<Special>::const_iterator special_at(const std::string& text, size_t at) const {
    return std::find_if(specials_.begin(), specials_.end(), [&](const Special& special) {
      return text.compare(at, special.first.size(), special.first) == 0;
    });
  }

  // May a text be cut before its blanks, word by word? Not if a piece reaches from a word over a blank, nor if text is
  // normalised, nor if blanks are unknown (unknown characters in a row are one id).
  bool words_are_independent() const {
    if (processor_.IsUnknown(processor_.PieceToId(kBlank))) return false;
    for (int id = 0; id < processor_.GetPieceSize(); ++id) {
      const std::string piece = with_blanks(processor_.IdToPiece(id));
      for (size_t at = 1; at < piece.size(); ++at) {
        if (piece[at] == ' ' && piece[at - 1] != ' ') return false;
      }
    }
    const std::string probe =
        "A  a\t\n\xef\xac\x81 \xef\xbc\xa1 e\xcc\x81  ";  // a ligature, a wide letter, a combining accent
    std::string seen;
    for (const std::string& piece : processor_.EncodeAsPieces(probe)) seen += surface(piece);
    return seen == (dummy_prefix_ ? " " : "") + probe;
  }

  // Of a piece as the library prints it: <0xE3> is a byte.
  std::string surface(const std::string& piece) const {
    const int id = processor_.PieceToId(piece);
    return processor_.IsByte(id) ? bytes_of(id) : with_blanks(piece);
  }

  void encode_plain(std::string_view text, std::vector<int64_t>& ids) const {
    if (!by_word_) return encode_whole(text, ids);
    // The library takes a microsecond a token (BPE five), most words of a text are repeated: each is encoded once.
    std::unordered_map<std::string_view, std::pair<size_t, size_t>> seen;  // word -> where its ids stand in `ids`
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = word_end(text, begin);
      // The dummy prefix stands for the blank before a word that is not the first.
      const std::string_view word = text.substr(begin, end - begin).substr(dummy_prefix_ && begin > 0 ? 1 : 0);
      const auto [entry, is_new] = seen.try_emplace(word, ids.size(), 0);
      auto& [first, count] = entry->second;
      if (is_new) {
        encode_whole(word, ids);
        count = ids.size() - first;
      } else {
        for (size_t i = 0; i < count; ++i) ids.push_back(ids[first + i]);
      }
      begin = end;
    }
  }

  // A word with the blanks before it; blanks at the end of the text belong to its last word.
  static size_t word_end(std::string_view text, size_t begin) {
    size_t end = text.find_first_not_of(' ', begin);
    if (end == std::string_view::npos) return text.size();
    do {
      end = text.find(' ', end + 1);
      if (end == std::string_view::npos) return text.size();
    } while (text.substr(end - std::min(end, kBlank.size())).substr(0, kBlank.size()) == kBlank);
    return text.find_first_not_of(' ', end) == std::string_view::npos ? text.size() : end;
  }

  void encode_whole(std::string_view text, std::vector<int64_t>& ids) const {
    if (text.empty()) return;
    std::vector<int> found;
    check(processor_.Encode(text, &found), "SentencePiece could not encode a text");
    ids.insert(ids.end(), found.begin(), found.end());
  }

  std::string model_, config_;
  sentencepiece::SentencePieceProcessor processor_;
  std::vector<std::string> pieces_;  // [vocab_size], bytes
  std::vector<Special> specials_;    // longest first
  std::array<bool, 256> starts_special_{};
  bool dummy_prefix_ = false, by_word_ = false;
};

class Lines : public sentencepiece::SentenceIterator {
 public:
  explicit Lines(const std::vector<std::string>& lines) : lines_(lines) {}
  bool done() const override { return next_ == lines_.size(); }
  void Next() override { ++next_; }
  const std::string& value() const override { return lines_[next_]; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  const std::vector<std::string>& lines_;
  size_t next_ = 0;
};

// One field of the library's comma-separated lists.
std::string quoted(const std::string& text) {
  std::string field = "\"";
  for (const char c : text) field += c == '"' ? "\"\"" : std::string(1, c);
  return field + "\"";
}

}  // namespace

std::shared_ptr<const Tokenizer> load_sentencepiece(const std::filesystem::path& folder) {
  return std::make_shared<SentencePiece>(folder);
}

void train_sentencepiece(const std::string& folder, const std::vector<std::string>& lines,
                         const std::string& model_type, int64_t vocab_size, const std::vector<std::string>& specials) {
  std::string symbols = quoted("\n");
  for (const std::string& special : specials) symbols += "," + quoted(special);
  const std::unordered_map<std::string, std::string> options = {
      {"model_type", model_type},
      {"vocab_size", std::to_string(vocab_size)},
      {"hard_vocab_limit", "false"},  // a small text may not have so many pieces in it
      {"split_digits", "true"},
      {"byte_fallback", "true"},
      {"normalization_rule_name", "identity"},
      {"add_dummy_prefix", "false"},
      {"remove_extra_whitespaces", "false"},
      {"split_by_unicode_script", "false"},
      {"user_defined_symbols", symbols},
      {"max_sentence_length", "1000000000"},  // bytes; the default leaves longer lines out
      {"num_threads", "1"},                   // sums of probabilities in one order: the same bits every time
      {"minloglevel", "2"},
  };
  Lines iterator(lines);
  std::string model;
  check(sentencepiece::SentencePieceTrainer::Train(options, &iterator, &model), "SentencePiece could not be trained");
  const json config = {
      {"tokenizer_class", "LlamaTokenizer"},
      {"additional_special_tokens", specials},
      {"bos_token", "<s>"},
      {"eos_token", "</s>"},
      {"unk_token", "<unk>"},
      {"add_bos_token", false},
      {"add_eos_token", false},
      {"add_prefix_space", false},
      {"legacy", false},
      {"clean_up_tokenization_spaces", false},
      {"spaces_between_special_tokens", false},
  };
  write_file(std::filesystem::path(folder) / "tokenizer.model", model);
  write_file(std::filesystem::path(folder) / "tokenizer_config.json", config.dump(2) + "\n");
}

}  // namespace smooth
