// Encoding is greedy: at each place of the text's bytes the longest token. Nothing is normalised and text is not split
// before, so decoding gives the text back. One token a line of the file, lines end in LF or CRLF:
//
//   ID SPACE PYTHON-LITERAL SPACE NUMBER-OF-BYTES        261 '\n\n' 2        24281 'User' 4        b'\xe4\xb8' 2
//
// Ids are 1, 2, 3, … without a gap (to 65529 in the published file); 0 is the end of a text and not in the file. The
// embedding table of published models has 65536 rows, so that 65530 to 65535 are free: <CONTINUE> and <STOP> become
// 65530 and 65531, written to tokenizer_config.json as added_tokens_decoder.
//
// A trap: fla-hub's folders say eos_token "\n\n". Hugging Face's wrapper makes that a token of its own, 65530, so texts
// that it encoded hold 65530 where RWKV's own tokenizer, and every published RWKV model, has 261. Here "\n\n" is 261,
// whatever eos_token says; a folder that spells out the pair 65530 "\n\n" is refused, for it was saved by that wrapper
// and only its owner knows which of the two ids its model has learned.
#include "data/tokenizers/world.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

#include "data/tokenizers/folder.h"
#include "data/tokenizers/trie.h"
#include "data/tokenizers/utf8.h"

namespace smooth {
namespace fs = std::filesystem;

namespace {

const std::string kReplacement = "\xef\xbf\xbd";  // U+FFFD

// Reads the literals that Python's repr writes: '…' and "…" are text, b'…' and b"…" bytes.
class Literal {
 public:
  Literal(std::string_view text, const std::string& where) : rest_(text), where_(where) {}

  std::string read() {
    bytes_ = rest_.starts_with('b');
    if (bytes_) rest_.remove_prefix(1);
    if (rest_.size() < 2 || (rest_[0] != '\'' && rest_[0] != '"') || rest_.back() != rest_[0])
      refuse("expected a Python literal in quotes");
    const char quote = rest_[0];
    rest_ = rest_.substr(1, rest_.size() - 2);
    while (!rest_.empty()) {
      if (rest_[0] == '\\')
        escape();
      else if (rest_[0] == quote)
        refuse("a quote inside the literal is not escaped");
      else
        character();
    }
    return std::move(value_);
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const { throw std::runtime_error(where_ + ": " + why); }

  void character() {
    size_t at = 0;
    const char32_t c = next_character(rest_, at);
    if (c == kIllFormed) refuse("the literal is not UTF-8");
    if (bytes_ && c > 127) refuse("a bytes literal may hold ASCII characters only; write others as \\xNN");
    value_ += rest_.substr(0, at);
    rest_.remove_prefix(at);
  }

  void escape() {
    static const std::unordered_map<char, char> plain = {{'n', '\n'},  {'t', '\t'},  {'r', '\r'},
                                                         {'\\', '\\'}, {'\'', '\''}, {'"', '"'}};
    if (rest_.size() < 2) refuse("a backslash ends the literal");
    const char kind = rest_[1];
    rest_.remove_prefix(2);
    if (const auto found = plain.find(kind); found != plain.end()) {
      value_ += found->second;
    } else if (kind == 'x') {
      const char32_t c = hex(2);
      if (bytes_)
        value_ += static_cast<char>(c);
      else
        append_character(value_, c);
    } else if (!bytes_ && (kind == 'u' || kind == 'U')) {
      append_character(value_, hex(kind == 'u' ? 4 : 8));
    } else {
      refuse("\\" + std::string(1, kind) + " is no escape that Python's repr writes in such a literal");
    }
  }

  char32_t hex(size_t digits) {
    uint32_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + std::min(digits, rest_.size()), value, 16);
    if (error != std::errc() || end != rest_.data() + digits)
      refuse("an escape has fewer than " + std::to_string(digits) + " hexadecimal digits");
    if (value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) refuse("an escape names no Unicode character");
    rest_.remove_prefix(digits);
    return value;
  }

  std::string_view rest_;
  const std::string& where_;
  std::string value_;
  bool bytes_ = false;
};

int64_t number(std::string_view text, const std::string& what, const std::string& where) {
  int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    throw std::runtime_error(where + ": expected " + what + ", found '" + std::string(text.substr(0, 40)) + "'");
  return value;
}

// The token of a line, whose id must be `id`.
std::string token_of(std::string_view line, int64_t id, const std::string& where) {
  const size_t first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last)
    throw std::runtime_error(where + ": expected 'ID LITERAL BYTES', found '" + std::string(line.substr(0, 40)) + "'");
  const int64_t found = number(line.substr(0, first), "a token id", where);
  if (found != id)
    throw std::runtime_error(where + ": id " + std::to_string(found) + ", expected " + std::to_string(id) +
                             "; ids ascend from 1 without a gap, a line is missing, doubled or out of place");
  const std::string token = Literal(line.substr(first + 1, last - first - 1), where).read();
  const int64_t size = number(line.substr(last + 1), "a number of bytes", where);
  if (size != static_cast<int64_t>(token.size()))
    throw std::runtime_error(where + ": the literal has " + std::to_string(token.size()) + " bytes, the line says " +
                             std::to_string(size));
  if (token.empty()) throw std::runtime_error(where + ": an empty token");
  return token;
}

// [0] is the end of text.
std::vector<std::string> read_vocabulary(const fs::path& file, const std::string& text) {
  std::vector<std::string> tokens = {kWorldEnd};
  std::unordered_map<std::string, int64_t> ids;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = std::string_view(text).substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto id = static_cast<int64_t>(tokens.size());
    const std::string where = file.string() + ":" + std::to_string(id);
    tokens.push_back(token_of(line, id, where));
    const auto [other, is_new] = ids.emplace(tokens.back(), id);
    if (!is_new) throw std::runtime_error(where + ": the same token as id " + std::to_string(other->second));
    begin = end + 1;
  }
  for (int byte = 0; byte < 256; ++byte) {
    if (!ids.contains(std::string(1, static_cast<char>(byte))))
      throw std::runtime_error(file.string() + ": byte " + std::to_string(byte) +
                               " is no token, so not every text can be encoded; the file is cut off");
  }
  return tokens;
}

std::vector<std::pair<std::string_view, int64_t>> entries_of(const std::vector<std::string>& tokens) {
  std::vector<std::pair<std::string_view, int64_t>> entries;
  for (size_t id = 1; id < tokens.size(); ++id) entries.emplace_back(tokens[id], static_cast<int64_t>(id));
  return entries;
}

class World : public Tokenizer {
 public:
  World(const fs::path& folder, const std::string& vocabulary)
      : folder_(folder, {vocabulary}),
        tokens_(read_vocabulary(folder / vocabulary, folder_.text(vocabulary))),
        trie_(entries_of(tokens_)) {
    const auto ordinary = static_cast<int64_t>(tokens_.size());
    specials_.add({.text = kWorldEnd, .id = 0});
    for (const FolderToken& token : folder_.added()) add(token, ordinary);
  }

  std::vector<int64_t> encode(const std::string& text) const override {
    std::vector<int64_t> ids;
    ids.reserve(text.size() / 4);
    const auto plain = [&](std::string_view part, bool) {
      while (!part.empty()) {
        const Trie::Match match = trie_.longest(part);
        ids.push_back(match.id);
        part.remove_prefix(match.length);
      }
    };
    specials_.split(text, plain, [&](int64_t id) { ids.push_back(id); });
    return ids;
  }

  std::string decode(const std::vector<int64_t>& ids) const override {
    std::string bytes;
    for (const int64_t id : ids) bytes += token(id);
    return well_formed(bytes);
  }

  std::string piece(int64_t id) const override { return token(id); }
  int64_t vocab_size() const override { return static_cast<int64_t>(tokens_.size()); }
  int64_t special_id(const std::string& text) const override { return specials_.id(text); }
  bool is_special(int64_t id) const override { return special_.contains(id); }
  void save(const std::string& folder) const override { folder_.save(folder); }

 private:
  const std::string& token(int64_t id) const {
    if (id >= 0 && id < vocab_size()) return tokens_[static_cast<size_t>(id)];
    if (id >= vocab_size() && id < kRows) return kReplacement;  // a row of the table without a meaning
    throw std::out_of_range("token id " + std::to_string(id) + " is outside the World vocabulary of " + std::to_string(kRows));
  }

  void add(const FolderToken& token, int64_t ordinary) {
    const auto refuse = [&](const std::string& why) { throw std::runtime_error(token.where + ": " + why); };
    const auto found = std::find(tokens_.begin(), tokens_.end(), token.text);
    const auto known = found == tokens_.end() ? -1 : static_cast<int64_t>(found - tokens_.begin());
    if (token.id == 0) {
      if (token.text != kWorldEnd) specials_.add({.text = token.text, .id = 0});
      return;
    }
    if (token.id >= ordinary && token.text == "\n\n")
      refuse("\"\\n\\n\" as token " + std::to_string(token.id) +
             " is what Hugging Face's wrapper makes of eos_token; RWKV's own tokenizer, and "
             "the models it trained, have " +
             std::to_string(known) +
             ". Remove the entry, or, if this model was trained on the wrapper's ids, "
             "train it anew on RWKV's");
    if (known >= 0 && known < ordinary)
      refuse("'" + token.text + "' is token " + std::to_string(known) + " of the vocabulary already");
    if (token.id < 0)
      refuse("'" + token.text + "' has no id; give it one in added_tokens_decoder, from " + std::to_string(ordinary) + " upward");
    if (token.id < ordinary)
      refuse("id " + std::to_string(token.id) + " is another token of the vocabulary; ids from " + std::to_string(ordinary) +
             " upward are free");
    if (token.id >= kRows) refuse("id " + std::to_string(token.id) + " is beyond the table's " + std::to_string(kRows) + " rows");
    if (token.id >= vocab_size()) tokens_.resize(static_cast<size_t>(token.id) + 1, kReplacement);
    tokens_[static_cast<size_t>(token.id)] = token.text;
    if (token.special) special_.insert(token.id);
    specials_.add(token);
  }

  static constexpr int64_t kRows = 65536;

  TokenizerFolder folder_;
  std::vector<std::string> tokens_;  // [vocab_size], bytes; vocab_size is one more than the largest id with a meaning
  Trie trie_;
  Specials specials_;
  std::unordered_set<int64_t> special_ = {0};
};

}  // namespace

std::optional<fs::path> world_vocabulary(const fs::path& folder) {
  std::optional<fs::path> found;
  if (!fs::is_directory(folder)) return found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("rwkv_vocab") || !name.ends_with(".txt")) continue;
    if (found)
      throw std::runtime_error(folder.string() + ": " + found->filename().string() + " and " + name +
                               "; leave the one that is the model's");
    found = entry.path();
  }
  return found;
}

std::shared_ptr<const Tokenizer> load_world(const fs::path& folder) {
  return std::make_shared<World>(folder, world_vocabulary(folder).value().filename().string());
}

}  // namespace smooth
