// "Did you mean …?": the word that a misspelt one was meant to be.
#pragma once

#include <string>
#include <vector>

namespace smooth {

// The candidate that is a few typing slips away (inserted, dropped, wrong or swapped letters), else
// the first that contains `word` or is contained in it; empty if none is near.
std::string nearest(const std::string& word, const std::vector<std::string>& candidates);

// "; did you mean WORD?", or nothing.
std::string did_you_mean(const std::string& word);

}  // namespace smooth
