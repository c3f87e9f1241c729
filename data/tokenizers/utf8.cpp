#include "data/tokenizers/utf8.h"

namespace smooth {

// Unicode 15, table 3-7: what may follow the first byte.
char32_t next_character(std::string_view text, size_t& at) {
  const auto first = static_cast<uint8_t>(text[at++]);
  if (first < 0x80) return first;
  const int tail = first < 0xc2 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 0;
  if (tail == 0) return kIllFormed;
  uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  char32_t c = first & (0x3f >> tail);
  for (int i = 0; i < tail; ++i) {
    const auto byte = at < text.size() ? static_cast<uint8_t>(text[at]) : uint8_t{0};
    if (byte < low || byte > high) return kIllFormed;
    c = c << 6 | (byte & 0x3f);
    low = 0x80;
    high = 0xbf;
    ++at;
  }
  return c;
}

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
  for (size_t at = 0; at < bytes.size();) {
    const size_t begin = at;
    if (next_character(bytes, at) != kIllFormed) {
      text += bytes.substr(begin, at - begin);
      continue;
    }
    text += "\xef\xbf\xbd";
    if (each_byte) at = begin + 1;
  }
  return text;
}

}  // namespace smooth
