// WordPiece, the tokenizer of the encoders (BERT, Contriever, MiniLM, MPNet).
#pragma once

#include <filesystem>
#include <memory>

#include "data/tokenizer.h"

namespace smooth {

// `folder` holds tokenizer.json (whose model is WordPiece) or vocab.txt, and where its options differ from BERT's
// uncased ones, tokenizer_config.json.
bool has_wordpiece(const std::filesystem::path& folder);
std::shared_ptr<const Tokenizer> load_wordpiece(const std::filesystem::path& folder);

// What an encoder is fed: [CLS] text [SEP], in MPNet <s> text </s>, of at most `max_length` ids; what is too long loses
// its end. Throws if the tokenizer has neither pair.
std::vector<int64_t> encoder_ids(const Tokenizer& tokenizer, const std::string& text, int64_t max_length);

}  // namespace smooth
