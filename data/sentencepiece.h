// SentencePiece models (tokenizer.model), read and trained by Debian's library.
#pragma once

#include <filesystem>
#include <memory>

#include "data/tokenizer.h"

namespace smooth {

// `folder` holds tokenizer.model and, where other tokens than the model's own control tokens are special,
// tokenizer_config.json with `additional_special_tokens`.
std::shared_ptr<const Tokenizer> load_sentencepiece(const std::filesystem::path& folder);

}  // namespace smooth
