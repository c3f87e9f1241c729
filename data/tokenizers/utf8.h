// UTF-8, character by character.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace smooth {

inline constexpr char32_t kIllFormed = 0xffffffff;

// The character at `at`, which moves on past it; kIllFormed moves past as many bytes as one U+FFFD stands for (Unicode 15,
// table 3-8).
char32_t next_character(std::string_view text, size_t& at);

void append_character(std::string& text, char32_t c);

// U+FFFD for each ill-formed sequence, as Python's errors="replace" has it; or for each byte of one, as SentencePiece has it.
std::string well_formed(std::string_view bytes, bool each_byte = false);

}  // namespace smooth
