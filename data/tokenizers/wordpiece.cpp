// A word becomes the longest piece that begins it, then the longest `##` pieces that continue it; a word of which some
// part is no piece, or of more than 100 characters, is [UNK] as a whole. With tokenizer.json the special tokens that are
// cut out of texts are its added_tokens; with vocab.txt those that BERT and MPNet have. Truncation and padding that
// tokenizer.json asks for are the caller's: see encoder_ids.
#include "data/tokenizers/wordpiece.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <unordered_map>

#include "configs/run.h"
#include "data/tokenizers/bert_text.h"
#include "data/tokenizers/folder.h"
#include "data/tokenizers/json_members.h"
#include "data/tokenizers/trie.h"
#include "data/tokenizers/vocab_merges.h"

namespace smooth {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

[[noreturn]] void refuse(const std::string& where, const std::string& why) { throw std::runtime_error(where + ": " + why); }

struct WordList {
  std::vector<std::string> pieces;  // [vocab_size]
  std::string unknown, prefix = "##";
  int64_t longest_word = 100;  // characters
  BertText text;
  bool cleanup = true;
};

// ---------------------------------------------------------------------------------------- vocab.txt

std::vector<std::string> read_lines(const fs::path& file, const std::string& text) {
  std::vector<std::string> pieces;
  std::unordered_map<std::string, size_t> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string piece = text.substr(begin, end - begin);
    if (piece.ends_with('\r')) piece.pop_back();
    const std::string where = file.string() + ":" + std::to_string(pieces.size() + 1);
    if (piece.empty()) refuse(where, "an empty line; expected one piece a line");
    const auto [other, is_new] = lines.emplace(piece, pieces.size() + 1);
    if (!is_new) refuse(where, "'" + piece + "' stands in line " + std::to_string(other->second) + " already");
    pieces.push_back(std::move(piece));
    begin = end + 1;
  }
  return pieces;
}

WordList from_lines(const TokenizerFolder& folder) {
  WordList vocabulary;
  vocabulary.pieces = read_lines(folder.file("vocab.txt"), folder.text("vocab.txt"));
  const Json& config = folder.config();
  const std::string where = folder.config_file();
  vocabulary.text.lowercase = json_bool(config, "do_lower_case", true, where);
  vocabulary.text.handle_chinese_chars = json_bool(config, "tokenize_chinese_chars", true, where);
  vocabulary.text.strip_accents = json_bool(config, "strip_accents", vocabulary.text.lowercase, where);
  if (!json_bool(config, "do_basic_tokenize", true, where)) refuse(where, "do_basic_tokenize: false is not implemented");
  if (config.contains("never_split") && !config["never_split"].empty())
    refuse(where, "never_split is not implemented; list such words as added tokens");
  vocabulary.unknown = json_text(config, "unk_token", where);
  if (vocabulary.unknown.empty()) vocabulary.unknown = "[UNK]";
  return vocabulary;
}

// ---------------------------------------------------------------------------------------- tokenizer.json

const Json& part(const Json& object, const std::string& key, const std::string& type, const std::string& where) {
  static const Json none;
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return none;
  const std::string found_type = json_text(*found, "type", where + ": " + key);
  if (found_type != type) refuse(where, key + ": type '" + found_type + "' is not implemented for WordPiece; expected " + type);
  return *found;
}

std::vector<std::string> read_vocab(const std::vector<JsonMember>& model, const std::string& where) {
  const std::string_view text = find_member(model, "vocab");
  if (!text.starts_with('{')) refuse(where, "model.vocab: expected an object of pieces and ids");
  const auto entries = parse_vocabulary(text, where + ": model.vocab");
  std::vector<std::string> pieces(entries.size());
  for (const auto& [piece, id] : entries) {
    if (id < 0 || id >= static_cast<int64_t>(pieces.size()))
      refuse(where, "model.vocab: '" + piece + "' has id " + std::to_string(id) + "; " + std::to_string(pieces.size()) +
                        " pieces need the ids from 0, each once");
    std::string& entry = pieces[static_cast<size_t>(id)];
    if (!entry.empty() || piece.empty())
      refuse(where, "model.vocab: '" + piece + "' and '" + entry + "' share id " + std::to_string(id) + ", or are empty");
    entry = piece;
  }
  return pieces;
}

// All but the member that is as long as the rest of the file.
Json tree_without(const std::string& key, const std::vector<JsonMember>& members, const std::string& where) {
  Json json = Json::object();
  for (const JsonMember& member : members) {
    if (member.key != key) json[member.key] = parse_json(member.value, where + ": " + member.key);
  }
  return json;
}

WordList from_json(const TokenizerFolder& folder) {
  const std::string where = folder.file("tokenizer.json").string();
  const auto members = json_members(folder.text("tokenizer.json"), where), model_members = json_members(find_member(members, "model"), where + ": model");
  Json json = tree_without("model", members, where);
  json["model"] = tree_without("vocab", model_members, where + ": model");
  const Json& model = part(json, "model", "WordPiece", where);
  WordList vocabulary;
  vocabulary.pieces = read_vocab(model_members, where);
  vocabulary.unknown = json_text(model, "unk_token", where + ": model");
  vocabulary.prefix = json_text(model, "continuing_subword_prefix", where + ": model");
  vocabulary.longest_word = json_int(model, "max_input_chars_per_word", 100, where + ": model");
  if (vocabulary.prefix.empty())
    refuse(where, "model.continuing_subword_prefix: an empty prefix is not implemented; expected ##");
  const Json& normalizer = part(json, "normalizer", "BertNormalizer", where);
  if (normalizer.is_null()) refuse(where, "normalizer: a word list without BertNormalizer is not implemented");
  vocabulary.text.clean_text = json_bool(normalizer, "clean_text", true, where + ": normalizer");
  vocabulary.text.handle_chinese_chars = json_bool(normalizer, "handle_chinese_chars", true, where + ": normalizer");
  vocabulary.text.lowercase = json_bool(normalizer, "lowercase", true, where + ": normalizer");
  vocabulary.text.strip_accents = json_bool(normalizer, "strip_accents", vocabulary.text.lowercase, where + ": normalizer");
  if (part(json, "pre_tokenizer", "BertPreTokenizer", where).is_null())
    refuse(where, "pre_tokenizer: expected BertPreTokenizer, found none");
  const Json& decoder = part(json, "decoder", "WordPiece", where);
  vocabulary.cleanup = json_bool(decoder, "cleanup", true, where + ": decoder");
  return vocabulary;
}

WordList vocabulary_of(const TokenizerFolder& folder) {
  const bool json = folder.has("tokenizer.json");
  WordList vocabulary = json ? from_json(folder) : from_lines(folder);
  if (std::find(vocabulary.pieces.begin(), vocabulary.pieces.end(), vocabulary.unknown) == vocabulary.pieces.end())
    refuse(folder.file(json ? "tokenizer.json" : "vocab.txt").string(),
           "the unknown token '" + vocabulary.unknown + "' is no piece; name the one that is as unk_token");
  return vocabulary;
}

// ---------------------------------------------------------------------------------------- the tokenizer

// tokenizers' decoder for WordPiece, `cleanup`: applied to each token by itself.
std::string without_gaps(std::string text) {
  static const std::vector<std::pair<std::string, std::string>> gaps = {
      {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},   {" n't", "n't"},
      {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [from, to] : gaps) {
    for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
      text.replace(at, from.size(), to);
  }
  return text;
}

size_t characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

class WordPiece : public Tokenizer {
 public:
  explicit WordPiece(const fs::path& folder)
      : folder_(folder, {fs::exists(folder / "tokenizer.json") ? "tokenizer.json" : "vocab.txt"}),
        vocabulary_(vocabulary_of(folder_)),
        heads_(entries("")),
        tails_(entries(vocabulary_.prefix)) {
    unknown_ = id_of(vocabulary_.unknown);
    for (const FolderToken& token : folder_.added()) add(token);
    for (const std::string text : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<s>", "<pad>", "</s>", "<unk>", "<mask>"}) {
      const int64_t id = id_of(text);
      if (id < 0) continue;
      named_.add({.text = text, .id = id});
      if (!folder_.has("tokenizer.json") && specials_.id(text) < 0) specials_.add({.text = text, .id = id});
    }
  }

  std::vector<int64_t> encode(const std::string& text) const override {
    std::vector<int64_t> ids;
    const auto special = [&](int64_t id) { ids.push_back(id); };
    const auto plain = [&](std::string_view part, bool) {
      for (const std::string_view word : bert_words(part)) add_word(word, ids);
    };
    const auto raw = [&](std::string_view part, bool) {
      const std::string normal = vocabulary_.text.normalise(part);
      normalized_.split(normal, plain, special);
    };
    specials_.split(text, raw, special);
    return ids;
  }

  std::string decode(const std::vector<int64_t>& ids) const override {
    std::string text;
    for (size_t i = 0; i < ids.size(); ++i) {
      const std::string& piece = token(ids[i]);
      const std::string joined = i == 0 ? piece : continues(piece) ? piece.substr(vocabulary_.prefix.size()) : " " + piece;
      text += vocabulary_.cleanup ? without_gaps(joined) : joined;
    }
    return text;
  }

  std::string piece(int64_t id) const override {
    const std::string& text = token(id);
    return continues(text) ? text.substr(vocabulary_.prefix.size()) : " " + text;
  }
  int64_t vocab_size() const override { return static_cast<int64_t>(vocabulary_.pieces.size()); }
  int64_t special_id(const std::string& text) const override {
    const int64_t id = specials_.id(text);
    return id >= 0 ? id : named_.id(text);
  }
  void save(const std::string& folder) const override { folder_.save(folder); }

 private:
  // The pieces that begin with `prefix`, without it.
  std::vector<std::pair<std::string_view, int64_t>> entries(const std::string& prefix) const {
    std::vector<std::pair<std::string_view, int64_t>> entries;
    for (size_t id = 0; id < vocabulary_.pieces.size(); ++id) {
      const std::string& piece = vocabulary_.pieces[id];
      if (piece.size() > prefix.size() && piece.starts_with(prefix))
        entries.emplace_back(std::string_view(piece).substr(prefix.size()), static_cast<int64_t>(id));
    }
    return entries;
  }

  int64_t id_of(const std::string& text) const {
    const auto found = std::find(vocabulary_.pieces.begin(), vocabulary_.pieces.end(), text);
    return found == vocabulary_.pieces.end() ? -1 : found - vocabulary_.pieces.begin();
  }

  const std::string& token(int64_t id) const {
    if (id < 0 || id >= vocab_size())
      throw std::out_of_range("token id " + std::to_string(id) + " is outside the vocabulary of " + std::to_string(vocab_size()));
    return vocabulary_.pieces[static_cast<size_t>(id)];
  }

  bool continues(const std::string& piece) const { return piece.starts_with(vocabulary_.prefix); }

  void add(FolderToken token) {
    const int64_t known = id_of(token.text);
    if (token.id < 0) token.id = known;
    if (token.id < 0) refuse(token.where, "'" + token.text + "' is no piece and has no id; give it one in added_tokens_decoder");
    if (known >= 0 && known != token.id)
      refuse(token.where,
             "'" + token.text + "' is id " + std::to_string(known) + " in the vocabulary, not " + std::to_string(token.id));
    if (known < 0 && token.id != vocab_size())
      refuse(token.where, "'" + token.text + "' has id " + std::to_string(token.id) + ", the next free one is " +
                              std::to_string(vocab_size()));
    if (known < 0) vocabulary_.pieces.push_back(token.text);
    if (token.normalized) {
      token.text = vocabulary_.text.normalise(token.text);
      if (token.text.empty()) refuse(token.where, "nothing is left of it when it is normalised; set normalized to false");
      normalized_.add(token);
    } else {
      specials_.add(token);
    }
  }

  void add_word(std::string_view word, std::vector<int64_t>& ids) const {
    const size_t before = ids.size();
    const bool fits = static_cast<int64_t>(word.size()) <= vocabulary_.longest_word ||
                      static_cast<int64_t>(characters(word)) <= vocabulary_.longest_word;
    Trie::Match match = fits ? heads_.longest(word) : Trie::Match{};
    while (match.length > 0) {
      ids.push_back(match.id);
      word.remove_prefix(match.length);
      if (word.empty()) return;
      match = tails_.longest(word);
    }
    ids.resize(before);
    ids.push_back(unknown_);
  }

  TokenizerFolder folder_;
  WordList vocabulary_;
  Trie heads_, tails_;
  int64_t unknown_ = -1;
  Specials specials_, normalized_;  // cut out of the raw text, and of the normalised one
  Specials named_;                  // what encoders call by name, cut out or not
};

}  // namespace

bool has_wordpiece(const fs::path& folder) {
  const fs::path json = folder / "tokenizer.json";
  if (!fs::exists(json)) return fs::exists(folder / "vocab.txt");
  const std::string text = read_file(json), where = json.string();
  const std::string_view model = find_member(json_members(text, where), "model");
  if (!model.starts_with('{')) return false;
  const std::string_view type = find_member(json_members(model, where + ": model"), "type");
  return !type.empty() && parse_json(type, where + ": model.type") == "WordPiece";
}

std::shared_ptr<const Tokenizer> load_wordpiece(const fs::path& folder) { return std::make_shared<WordPiece>(folder); }

std::vector<int64_t> encoder_ids(const Tokenizer& tokenizer, const std::string& text, int64_t max_length) {
  const bool bert = tokenizer.special_id("[CLS]") >= 0 && tokenizer.special_id("<s>") < 0;  // MPNet's list holds BERT's names too
  const int64_t begin = tokenizer.special_id(bert ? "[CLS]" : "<s>"), end = tokenizer.special_id(bert ? "[SEP]" : "</s>");
  if (begin < 0 || end < 0)
    throw std::runtime_error("the tokenizer has neither [CLS] and [SEP] nor <s> and </s>, which an encoder is fed");
  if (max_length < 2)
    throw std::runtime_error("max_length " + std::to_string(max_length) + " leaves no room for the two special tokens");
  std::vector<int64_t> ids = tokenizer.encode(text);
  ids.resize(std::min(ids.size(), static_cast<size_t>(max_length) - 2));
  ids.insert(ids.begin(), begin);
  ids.push_back(end);
  return ids;
}

}  // namespace smooth
