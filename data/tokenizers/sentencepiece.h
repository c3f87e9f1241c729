// SentencePiece models (tokenizer.model), read and trained by Debian's library.
#pragma once

#include <filesystem>
#include <memory>

#include "data/tokenizer.h"

namespace smooth {

// `folder` holds tokenizer.model and, where it has more special tokens than the model's own control tokens,
// tokenizer_config.json (added_tokens_decoder, additional_special_tokens) or added_tokens.json.
std::shared_ptr<const Tokenizer> load_sentencepiece(const std::filesystem::path& folder);

}  // namespace smooth
