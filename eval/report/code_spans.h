// `code` within a caption or a sentence, marked as a page or a paper marks it.
#pragma once

#include <algorithm>
#include <string>

namespace smooth {

// What `escape` makes of the pieces between backquotes, every second one between `open` and `close`.
template <class Escape>
std::string with_code(const std::string& text, const Escape& escape, const std::string& open, const std::string& close) {
  std::string out;
  bool code = false;
  for (size_t begin = 0; begin <= text.size(); code = !code) {
    const size_t end = std::min(text.find('`', begin), text.size());
    const std::string piece = escape(text.substr(begin, end - begin));
    out += code ? open + piece + close : piece;
    begin = end + 1;
  }
  return out;
}

}  // namespace smooth
