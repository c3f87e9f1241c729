// A tokenizer's folder as Hugging Face lays it out: the vocabulary's files, and beside them what says which tokens
// were added to it. Everything is read at once and kept, so that a checkpoint gets the same files again.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "data/tokenizers/specials.h"

namespace smooth {

// Parses JSON that nobody has checked: throws with file:line:column; refuses nesting deeper than 64, at which other
// people's code recurses.
nlohmann::ordered_json read_json(const std::filesystem::path& file, const std::string& text);

// Members of JSON objects; of another type than asked for, they throw naming file and key.
int64_t json_int(const nlohmann::ordered_json& object, const std::string& key, int64_t otherwise, const std::string& where);
bool json_bool(const nlohmann::ordered_json& object, const std::string& key, bool otherwise, const std::string& where);
// A string, or an object with `content` (an added token written out); empty where it is missing or null.
std::string json_text(const nlohmann::ordered_json& object, const std::string& key, const std::string& where);

struct FolderToken : Special {
  bool normalized = false;  // looked for in the normalised text
  bool special = false;     // decoders leave it out when asked to
  std::string where;        // file and key, for errors
};

class TokenizerFolder {
 public:
  // Reads `vocabulary` (which must be there) and the optional files beside it.
  TokenizerFolder(const std::filesystem::path& folder, const std::vector<std::string>& vocabulary);

  bool has(const std::string& name) const { return content(name) != nullptr; }
  const std::string& text(const std::string& name) const { return *content(name); }  // of a file that it has
  std::filesystem::path file(const std::string& name) const { return folder_ / name; }
  const nlohmann::ordered_json& config() const { return *config_; }  // tokenizer_config.json; {} if there is none
  std::string config_file() const { return file("tokenizer_config.json").string(); }
  // By id: added_tokens of tokenizer.json, added_tokens_decoder of tokenizer_config.json, added_tokens.json. Then, with
  // id -1, those of additional_special_tokens that none of them gives an id: the vocabulary must have them.
  const std::vector<FolderToken>& added() const { return added_; }
  void save(const std::filesystem::path& folder) const;

 private:
  const std::string* content(const std::string& name) const;
  void read_tokenizer_json();
  void read_decoder();
  void read_added_tokens();
  void read_additional();
  void add(FolderToken token);

  std::filesystem::path folder_;
  std::vector<std::pair<std::string, std::string>> files_;  // name and content
  std::shared_ptr<nlohmann::ordered_json> config_;
  std::vector<FolderToken> added_;
};

}  // namespace smooth
