// A tokenizer.model looked over before the library reads it. SentencePiece 0.1.97 trusts what it reads: it follows the normaliser's
// tables out of the file, counts on C strings, and keeps lists of fixed length. What it would read or write beyond, is refused here.
#pragma once

#include <string>
#include <string_view>

namespace smooth {

// Throws naming the file, the part of it and the reason. What is merely wrong, the library refuses itself.
void check_model_proto(std::string_view bytes, const std::string& file);

}  // namespace smooth
