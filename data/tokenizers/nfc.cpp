#include "data/tokenizers/nfc.h"

#include <unicode/normalizer2.h>
#include <unicode/uniset.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace smooth {
namespace {

void check(UErrorCode error) {
  if (U_FAILURE(error)) throw std::runtime_error(std::string("ICU cannot normalise a text: ") + u_errorName(error));
}

const icu::Normalizer2& form_c() {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* form = icu::Normalizer2::getNFCInstance(error);
  check(error);
  return *form;
}

const icu::Normalizer2& unicode_9() {
  static const icu::UnicodeSet* known = [] {
    UErrorCode error = U_ZERO_ERROR;
    auto* set = new icu::UnicodeSet("[:age=9.0:]", error);
    check(error);
    return set->freeze();
  }();
  static const icu::FilteredNormalizer2 form(form_c(), *known);
  return form;
}

// ICU counts in 32 bits.
icu::StringPiece piece(std::string_view text) {
  if (text.size() > std::numeric_limits<int32_t>::max()) {
    throw std::runtime_error("a text of " + std::to_string(text.size()) + " bytes is too long to normalise; cut it into parts below 2 GiB");
  }
  return {text.data(), static_cast<int32_t>(text.size())};
}

}  // namespace

bool is_nfc(std::string_view text) {
  // Nothing before U+0300, whose first byte is 0xCC, ever changes.
  const auto high = std::find_if(text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) >= 0xcc; });
  if (high == text.end()) return true;
  // What is normal by today's Unicode is so by version 9: a part of a normal text is normal.
  UErrorCode error = U_ZERO_ERROR;
  const bool normal = form_c().isNormalizedUTF8(piece(text), error);
  check(error);
  return normal;
}

std::string nfc(std::string_view text) {
  std::string normal;
  normal.reserve(text.size());
  icu::StringByteSink<std::string> sink(&normal);
  UErrorCode error = U_ZERO_ERROR;
  unicode_9().normalizeUTF8(0, piece(text), sink, nullptr, error);
  check(error);
  return normal;
}

}  // namespace smooth
