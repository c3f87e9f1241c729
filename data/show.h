// One sample as a person reads it.
#pragma once

#include <string>

namespace smooth {

// The sample of that id (the first if `id` is empty): given and written text by turns, or coloured tokens where targets stand out.
std::string show_sample(const std::string& file, const std::string& id, bool tokens, const std::string& chat_template);

}  // namespace smooth
