#include "data/tokenizers/bpe_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "configs/run.h"
#include "data/tokenizers/json_members.h"
#include "data/tokenizers/tokenizer_config.h"

namespace smooth {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTokenizer = "tokenizer.json";
constexpr const char* kVocabulary = "vocab.json";
constexpr const char* kMerges = "merges.txt";
constexpr const char* kAdded = "added_tokens.json";
constexpr const char* kConfig = "tokenizer_config.json";
constexpr const char* kTemplate = "chat_template.jinja";  // carried along

std::string named(const BpeFiles& files, const char* name) { return (files.folder / name).string(); }

// vocab.json and merges.txt do not say how text is cut: their class does. Without a configuration it is Qwen2's.
void check_class(const std::string& name, const std::string& file) {
  if (name.empty() || name == "Qwen2Tokenizer" || name == "Qwen2TokenizerFast") return;
  throw std::runtime_error(fmt::format("{}: tokenizer_class: found {}, but vocab.json and merges.txt are read for Qwen2Tokenizer only; "
                                       "save the tokenizer as tokenizer.json (save_pretrained of its fast class does)", file, name));
}

// tokenizer_config.json repeats what tokenizer.json lists, and may add to it.
void merge_added(const std::vector<AddedToken>& more, std::vector<AddedToken>& added, const std::string& file) {
  for (const AddedToken& token : more) {
    const auto known = std::find_if(added.begin(), added.end(), [&](const AddedToken& other) { return other.text == token.text; });
    if (known == added.end()) {
      added.push_back(token);
    } else if (known->id != token.id) {
      throw std::runtime_error(fmt::format("{}: added_tokens_decoder: {} is {}, but {} in tokenizer.json; make them equal", file, token.text, token.id, known->id));
    }
  }
}

// Hugging Face gives a new id to whatever has a role and no id yet.
void check_roles(const std::vector<std::string>& roles, const BpeStrings& strings, const std::string& file) {
  for (const std::string& role : roles) {
    const bool is_added = std::any_of(strings.added.begin(), strings.added.end(), [&](const AddedToken& token) { return token.text == role; });
    if (is_added) continue;
    throw std::runtime_error(fmt::format("{}: {} is given a role but has no id; list it in added_tokens_decoder", file, role));
  }
}

// Only the classes before tokenizer.json read this file; added_tokens_decoder holds the same.
void check_added_file(const std::string& text, const std::vector<AddedToken>& added, const std::string& file) {
  for (const auto& token : parse_vocabulary(text, file)) {
    const bool known = std::any_of(added.begin(), added.end(), [&](const AddedToken& other) { return std::pair(other.text, other.id) == token; });
    if (!known) throw std::runtime_error(fmt::format("{}: {} with id {} is not in tokenizer_config.json's added_tokens_decoder; list it there", file, token.first, token.second));
  }
}

}  // namespace

bool holds_bpe(const fs::path& folder) {
  const fs::path file = folder / kTokenizer;
  if (fs::exists(file)) return is_byte_level(read_file(file), file);
  return fs::exists(folder / kVocabulary) && fs::exists(folder / kMerges);
}

BpeFiles read_bpe_files(const fs::path& folder) {
  BpeFiles files{folder, {}};
  std::vector<const char*> names = {kConfig, kTemplate};
  if (fs::exists(folder / kTokenizer)) {
    names.push_back(kTokenizer);
  } else {
    names.insert(names.end(), {kVocabulary, kMerges, kAdded});
  }
  for (const char* name : names) {
    if (fs::exists(folder / name)) files.text[name] = read_file(folder / name);
  }
  return files;
}

BpeStrings parse_bpe_files(const BpeFiles& files) {
  const auto& text = files.text;
  TokenizerConfig config;
  if (text.contains(kConfig)) config = parse_tokenizer_config(text.at(kConfig), named(files, kConfig));
  BpeStrings strings;
  if (text.contains(kTokenizer)) {
    strings = parse_tokenizer_json(text.at(kTokenizer), named(files, kTokenizer));
  } else {
    check_class(config.tokenizer_class, named(files, kConfig));
    strings.vocabulary = parse_vocabulary(text.at(kVocabulary), named(files, kVocabulary));
    strings.merges = parse_merges_txt(text.at(kMerges), named(files, kMerges));
  }
  merge_added(config.added, strings.added, named(files, kConfig));
  check_roles(config.roles, strings, named(files, kConfig));
  if (text.contains(kAdded)) check_added_file(text.at(kAdded), strings.added, named(files, kAdded));
  return strings;
}

BpeFiles with_added_tokens(BpeFiles files, const std::vector<AddedToken>& tokens) {
  auto& text = files.text;
  text.erase(kAdded);  // what it held is in added_tokens_decoder
  if (text.contains(kTokenizer)) text[kTokenizer] = with_added_tokens(text[kTokenizer], named(files, kTokenizer), tokens);
  const std::string none = R"({"tokenizer_class": "Qwen2Tokenizer"})";
  const std::string config = text.contains(kConfig) ? text[kConfig] : none;
  text[kConfig] = with_added_tokens_decoder(config, named(files, kConfig), tokens);
  return files;
}

}  // namespace smooth
