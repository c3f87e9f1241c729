// One character of UTF-8 at a time.
#pragma once

#include <unicode/utf8.h>

#include <cstdint>
#include <string_view>

namespace smooth {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"  // within ICU's macro

// The character at `at`, which moves behind it; -1 for the longest run of bytes that begins a character and does not end it, or
// for one byte that begins none.
inline int32_t next_character(std::string_view text, size_t& at) {
  const char* bytes = text.data();
  int32_t c;
  U8_NEXT(bytes, at, text.size(), c);
  return c;
}

#pragma GCC diagnostic pop

}  // namespace smooth
