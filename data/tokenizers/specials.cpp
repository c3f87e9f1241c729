#include "data/tokenizers/specials.h"

#include <unicode/uchar.h>

#include <algorithm>

#include "data/tokenizers/utf8.h"

namespace smooth {

void Specials::add(const Special& special) {
  const auto shorter = [&](const Special& other) { return other.text.size() < special.text.size(); };
  all_.insert(std::find_if(all_.begin(), all_.end(), shorter), special);
  starts_[static_cast<uint8_t>(special.text.at(0))] = true;
}

int64_t Specials::id(std::string_view text) const {
  const auto found = std::find_if(all_.begin(), all_.end(), [&](const Special& special) { return special.text == text; });
  return found == all_.end() ? -1 : found->id;
}

const Special* Specials::at_place(std::string_view text) const {
  const auto found =
      std::find_if(all_.begin(), all_.end(), [&](const Special& special) { return text.starts_with(special.text); });
  return found == all_.end() ? nullptr : &*found;
}

size_t Specials::leading_space(std::string_view text) {
  size_t at = 0;
  for (size_t next = 0; next < text.size(); at = next) {
    const char32_t c = next_character(text, next);
    if (c == kIllFormed || !u_isUWhiteSpace(static_cast<UChar32>(c))) break;
  }
  return at;
}

size_t Specials::trailing_space(std::string_view text) {
  size_t end = text.size();
  while (end > 0) {
    size_t begin = end - 1;
    while (begin > 0 && (text[begin] & 0xc0) == 0x80) --begin;
    size_t next = begin;
    const char32_t c = next_character(text, next);
    if (next != end || c == kIllFormed || !u_isUWhiteSpace(static_cast<UChar32>(c))) break;
    end = begin;
  }
  return text.size() - end;
}

}  // namespace smooth
