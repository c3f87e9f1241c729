// The folder of a byte-level BPE tokenizer: which files make it, what they say together, what they are with tokens added.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "data/tokenizers/tokenizer_json.h"

namespace smooth {

struct BpeFiles {
  std::filesystem::path folder;
  // By name: tokenizer.json, or vocab.json and merges.txt; tokenizer_config.json and chat_template.jinja if there are any.
  std::map<std::string, std::string> text;
};

// Either tokenizer.json, if it is byte-level; or, without that file, vocab.json with merges.txt.
bool holds_bpe(const std::filesystem::path& folder);
BpeFiles read_bpe_files(const std::filesystem::path& folder);
BpeStrings parse_bpe_files(const BpeFiles& files);
BpeFiles with_added_tokens(BpeFiles files, const std::vector<AddedToken>& tokens);

}  // namespace smooth
