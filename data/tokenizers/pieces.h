// Qwen2's pre-tokenizer: text is cut into pieces, and no token reaches over the end of a piece. A scanner by hand of one
// regular expression; the expression itself, run by ICU, is its readable twin in tests/data/pieces.cpp.
#pragma once

#include <cstddef>
#include <string_view>

namespace smooth {

inline constexpr const char* kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// Where the piece that begins at `begin`, a place inside the UTF-8 `text`, ends. The smallest ill-formed run of bytes counts as
// one character that is neither letter, number nor blank.
size_t piece_end(std::string_view text, size_t begin);

}  // namespace smooth
