// The paper's chunker (A.1.1): split on the strongest delimiter, merge neighbours up to the limit, go on inside what is
// still too long with the next delimiter. Where a text has units of its own (passages, examples, files), their borders are stronger than
// any delimiter.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace smooth {

// Int(1.5 x words): the paper's size of a text. Words are what Python's str.split() gives (runs of non-whitespace,
// Unicode whitespace included).
int64_t estimated_tokens(std::string_view text);

// Chunks of at most `limit` estimated tokens; joined they are `text`, byte for byte: a delimiter, with the whitespace after
// it, stays at the end of the piece before it. A word may be cut at a "." in it; whitespace that the paper does not list
// (tabs, U+3000) divides last of all, so that no chunk exceeds the limit. Every chunk has a word in it, unless the text has
// none; an empty text has no chunks. Linear in the text.
// `borders`: bytes of the text at which units begin, ascending.
std::vector<std::string_view> chunk(std::string_view text, int64_t limit, const std::vector<int64_t>& borders = {});

}  // namespace smooth
