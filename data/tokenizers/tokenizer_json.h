// Hugging Face's tokenizer.json, as far as a byte-level BPE needs it. Only Qwen2's pipeline is known: added tokens, NFC,
// kQwen2Pattern, bytes, merges. A file that asks for anything else is refused with its key, never half obeyed.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

#include "data/tokenizers/vocab_merges.h"

namespace smooth {

// A text that is cut out before anything else happens and has an id of its own.
struct AddedToken {
  std::string text;
  int64_t id = 0;
  bool normalized = false;  // looked for after normalisation rather than before
  bool special = false;     // decoders leave it out when asked to
};

struct BpeStrings {
  Vocabulary vocabulary;  // in the files' alphabet
  StringPairs merges;
  std::vector<AddedToken> added;
};

BpeStrings parse_tokenizer_json(std::string_view text, const std::string& file);
// Is it a byte-level tokenizer, by its pre-tokenizer or decoder? Other formats have files of the same name.
bool is_byte_level(std::string_view text, const std::string& file);
// The same file with further added tokens; all else stays as it was, byte by byte.
std::string with_added_tokens(const std::string& text, const std::string& file, const std::vector<AddedToken>& tokens);

// An added token's flags, in tokenizer.json and tokenizer_config.json alike; `key` names it in messages.
AddedToken parse_added_token(const nlohmann::ordered_json& entry, int64_t id, const std::string& file, const std::string& key);
nlohmann::ordered_json added_token_json(const AddedToken& token);
// Throws unless what the file says is one of the values that are implemented.
void expect(const std::string& file, const std::string& key, const nlohmann::ordered_json& found, const std::vector<nlohmann::ordered_json>& known);

}  // namespace smooth
