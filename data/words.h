// The words that the project ships: keys and values of needles, and an English-like haystack.
#pragma once

#include <string>
#include <vector>

#include "data/random.h"

namespace smooth {

// Common English adjectives and nouns, single lower-case ASCII words, sorted by how plain they are: the first ones are
// the ones to take when few are wanted. At least 200 each; no word stands in both, none is in the haystack's grammar.
const std::vector<std::string>& adjectives();
const std::vector<std::string>& nouns();

// One sentence of a small seeded grammar (several hundred words, subject-verb-object with clauses, times and places),
// 4 to 16 words, ends in a full stop: "The old miller carried three baskets of apples to the harbour before noon."
std::string sentence(Random& random);

// RULER's noise: five fixed short sentences as one unit ("The grass is green. ...").
const std::string& noise_sentence();

}  // namespace smooth
