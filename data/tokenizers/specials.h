// Special texts, cut out of a text before the rest of it becomes tokens. At one place the longest wins, as in Hugging
// Face's tokenizers; a special may swallow the white space before or after it (their lstrip and rstrip).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace smooth {

struct Special {
  std::string text;
  int64_t id = -1;
  bool strip_left = false, strip_right = false;
};

class Specials {
 public:
  void add(const Special& special);
  int64_t id(std::string_view text) const;  // -1 if there is none
  const std::vector<Special>& all() const { return all_; }

  // From left to right: plain(part, first) for what lies between specials (never empty; `first`: it begins the text),
  // special(id) for each special.
  template <class Plain, class Found>
  void split(std::string_view text, Plain plain, Found found) const {
    size_t begin = 0;
    bool strip = false;
    const auto rest = [&](size_t end, bool strip_end) {
      std::string_view part = text.substr(begin, end - begin);
      if (strip) part.remove_prefix(leading_space(part));
      if (strip_end) part.remove_suffix(trailing_space(part));
      if (!part.empty()) plain(part, begin == 0);
    };
    for (size_t at = 0; at < text.size();) {
      const Special* special = starts_[static_cast<uint8_t>(text[at])] ? at_place(text.substr(at)) : nullptr;
      if (special == nullptr) {
        ++at;
        continue;
      }
      rest(at, special->strip_left);
      found(special->id);
      strip = special->strip_right;
      begin = at = at + special->text.size();
    }
    rest(text.size(), false);
  }

 private:
  const Special* at_place(std::string_view text) const;
  static size_t leading_space(std::string_view text);  // bytes of Unicode white space
  static size_t trailing_space(std::string_view text);

  std::vector<Special> all_;  // longest first
  std::array<bool, 256> starts_{};
};

}  // namespace smooth
