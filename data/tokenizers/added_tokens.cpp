#include "data/tokenizers/added_tokens.h"

#include <algorithm>

namespace smooth {

void AddedTokens::add(const std::string& text, TokenId id) {
  const auto first = static_cast<uint8_t>(text.at(0));
  auto& tokens = by_first_byte_[first];
  const auto place = std::find_if(tokens.begin(), tokens.end(), [&](const Token& other) { return other.text.size() < text.size(); });
  tokens.insert(place, {text, id});
  begins_[first] = true;
  none_ = false;
}

AddedTokens::Match AddedTokens::find(std::string_view text, size_t from) const {
  if (none_) return {text.size(), text.size(), 0};
  for (size_t at = from; at < text.size(); ++at) {
    const auto first = static_cast<uint8_t>(text[at]);
    if (!begins_[first]) continue;
    for (const Token& token : by_first_byte_[first]) {
      if (text.substr(at, token.text.size()) == token.text) return {at, at + token.text.size(), token.id};
    }
  }
  return {text.size(), text.size(), 0};
}

}  // namespace smooth
