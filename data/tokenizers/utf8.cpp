#include "data/tokenizers/utf8.h"

namespace smooth {

void append_character(std::string& text, char32_t c) {
  const auto tail = [&](int shift) { text += static_cast<char>(0x80 | (c >> shift & 63)); };
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += static_cast<char>(0xc0 | c >> 6);
    tail(0);
  } else if (c < 0x10000) {
    text += static_cast<char>(0xe0 | c >> 12);
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xf0 | c >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

std::string well_formed(std::string_view bytes, bool each_byte) {
  std::string text;
  text.reserve(bytes.size());
  size_t kept = 0;
  for (size_t at = 0; at < bytes.size();) {
    const size_t begin = at;
    if (next_character(bytes, at) != kIllFormed) continue;
    if (each_byte) at = begin + 1;
    (text += bytes.substr(kept, begin - kept)) += "\xef\xbf\xbd";
    kept = at;
  }
  return text += bytes.substr(kept);
}

}  // namespace smooth
