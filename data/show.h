// One sample as a person reads it.
#pragma once

#include <filesystem>
#include <string>

#include "data/layout.h"

namespace smooth {

// A set's tokenizer, in the set or at a path of its own, with its chat template unless another is given.
Layout layout_of_set(const std::filesystem::path& folder, const std::string& chat_template);

// The sample of that id (the first if `id` is empty), by the chat template (the set's own if it is empty): given and written text by turns, or coloured tokens where targets stand out.
std::string show_sample(const std::string& file, const std::string& id, bool tokens, const std::string& chat_template);

}  // namespace smooth
