// Looking at a set: Table 5 of what was built, and one sample as a person reads it.
#pragma once

#include <string>

namespace smooth {

// Samples, mean length and written share of every row and form, beside Table 5's counts.
std::string set_stats(const std::string& folder, const std::string& chat_template);

// One sample (the first if `id` is empty): given and written text by turns, or coloured tokens where targets stand out.
std::string show_sample(const std::string& file, const std::string& id, bool tokens, const std::string& chat_template);

}  // namespace smooth
