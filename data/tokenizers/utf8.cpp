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

size_t whitespace_at(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) -> uint8_t { return at + i < text.size() ? static_cast<uint8_t>(text[at + i]) : 0; };
  const uint8_t first = byte(0);
  if (first < 0x80) return (first >= 9 && first <= 13) || (first >= 0x1c && first <= 0x20) ? 1 : 0;
  if (first == 0xc2) return byte(1) == 0x85 || byte(1) == 0xa0 ? 2 : 0;  // U+0085, U+00A0
  if (first == 0xe1) return byte(1) == 0x9a && byte(2) == 0x80 ? 3 : 0;  // U+1680
  if (first == 0xe3) return byte(1) == 0x80 && byte(2) == 0x80 ? 3 : 0;  // U+3000
  if (first != 0xe2) return 0;
  if (byte(1) == 0x81) return byte(2) == 0x9f ? 3 : 0;  // U+205F
  if (byte(1) != 0x80) return 0;
  const uint8_t last = byte(2);  // U+2000 to U+200A, U+2028, U+2029, U+202F
  return (last >= 0x80 && last <= 0x8a) || last == 0xa8 || last == 0xa9 || last == 0xaf ? 3 : 0;
}

}  // namespace smooth
