// UTF-8, character by character.
#pragma once

#include <unicode/utf8.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace smooth {

inline constexpr char32_t kIllFormed = 0xffffffff;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"  // within ICU's macro

// The character at `at`, which moves on past it; kIllFormed moves past as many bytes as one U+FFFD stands for: the longest run that
// begins a character and does not end it, or one byte that begins none (The Unicode Standard, 3.9, maximal subparts).
inline char32_t next_character(std::string_view text, size_t& at) {
  const char* bytes = text.data();
  int32_t c;
  U8_NEXT(bytes, at, text.size(), c);
  return static_cast<char32_t>(c);  // ICU's sign for ill-formed is -1
}

#pragma GCC diagnostic pop

void append_character(std::string& text, char32_t c);

// Bytes of the whitespace character at `at` of Python's str.split(), 0 if there is none.
size_t whitespace_at(std::string_view text, size_t at);

// U+FFFD for each ill-formed sequence: what Python's bytes.decode("utf-8", "replace") and Rust's String::from_utf8_lossy, hence
// Hugging Face's decoders, do; or for each byte of one, as SentencePiece has it.
std::string well_formed(std::string_view bytes, bool each_byte = false);

}  // namespace smooth
