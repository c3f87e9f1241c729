// A SentencePiece model in the words of Hugging Face's `tokenizers`, so that transformers opens the folder of one trained here.
#pragma once

#include <sentencepiece_processor.h>

#include <string>
#include <vector>

namespace smooth {

// tokenizer.json of a model with byte fallback, without normalisation and dummy prefix (train_sentencepiece). `specials`, which
// are pieces of it, become added tokens.
std::string sentencepiece_json(const sentencepiece::SentencePieceProcessor& model, const std::string& model_type,
                               const std::vector<std::string>& specials);

}  // namespace smooth
