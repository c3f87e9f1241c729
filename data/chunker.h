// The paper's chunker (A.1.1): split on the strongest delimiter, merge neighbours up to the limit, go on inside what is
// still too long with the next delimiter.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace smooth {

// Int(1.5 x words): the paper's size of a text. Words are what Python's str.split() gives (runs of non-whitespace,
// Unicode whitespace included).
int64_t estimated_tokens(std::string_view text);

// Chunks of at most `limit` estimated tokens; joined they are `text`, byte for byte (a delimiter stays at the end of
// the piece before it). Only a single word may exceed the limit. An empty text has no chunks. Linear in the text.
std::vector<std::string_view> chunk(std::string_view text, int64_t limit);

}  // namespace smooth
