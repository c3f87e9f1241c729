// Hugging Face's tokenizer_config.json, as far as a byte-level BPE needs it.
#pragma once

#include <string>
#include <vector>

#include "data/tokenizers/tokenizer_json.h"

namespace smooth {

struct TokenizerConfig {
  std::string tokenizer_class;      // empty if the file names none
  std::vector<AddedToken> added;    // added_tokens_decoder
  std::vector<std::string> roles;   // the texts that eos_token, additional_special_tokens and the like name
};

// Refuses what asks for other ids or another text than the tokenizer gives.
TokenizerConfig parse_tokenizer_config(std::string_view text, const std::string& file);
// The same file with further added tokens.
std::string with_added_tokens_decoder(const std::string& text, const std::string& file, const std::vector<AddedToken>& tokens);

}  // namespace smooth
