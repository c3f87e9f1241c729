// A byte-level BPE's two big tables as files spell them: strings in an alphabet of 256 printable characters.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smooth {

using Vocabulary = std::vector<std::pair<std::string, int64_t>>;
using StringPairs = std::vector<std::pair<std::string, std::string>>;  // by rank

// {"piece": id, ...}. `what` names file and key in messages, here and below.
Vocabulary parse_vocabulary(std::string_view json, const std::string& what);
// ["a b", ...] or [["a", "b"], ...]
StringPairs parse_merges(std::string_view json, const std::string& what);
// merges.txt: a line "#version: ...", then one "a b" a line.
StringPairs parse_merges_txt(std::string_view text, const std::string& what);

// The bytes that a string of the alphabet stands for.
std::string bytes_of(const std::string& piece, const std::string& what);

}  // namespace smooth
