#include "data/tokenizers/stream.h"

#include <utility>

#include "data/tokenizers/utf8.h"

namespace smooth {
namespace {

// The length of `bytes` without a character at the end that lacks its last bytes.
size_t complete(std::string_view bytes) {
  for (size_t count = 1; count <= 3 && count <= bytes.size(); ++count) {
    const size_t begin = bytes.size() - count;
    if (!U8_IS_LEAD(bytes[begin])) continue;
    std::string filled(bytes.substr(begin));
    // Could it go on? 80 and BF are the two ends of what may follow a lead; some leads take one of them only.
    for (const char next : {'\x80', '\xbf'}) {
      std::string longer = filled + next;
      longer.append(3, '\x80');
      size_t at = 0;
      if (next_character(longer, at) != kIllFormed && at > count) return begin;
    }
    break;
  }
  return bytes.size();
}

}  // namespace

std::string StreamDecoder::add(int64_t id) {
  std::string piece = tokenizer_->piece(id);
  // A tokenizer that puts a blank before every text takes it off again.
  if (!std::exchange(begun_, true) && piece.starts_with(' ') && tokenizer_->decode({id}) == piece.substr(1)) piece.erase(0, 1);
  held_ += piece;
  const size_t end = complete(held_);
  const std::string text = well_formed(std::string_view(held_).substr(0, end));
  held_.erase(0, end);
  return text;
}

std::string StreamDecoder::finish() {
  begun_ = false;
  return well_formed(std::exchange(held_, {}));
}

}  // namespace smooth
