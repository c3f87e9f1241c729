// The project's markers as tokens of a published tokenizer.
#pragma once

#include <string>

namespace smooth {

// Writes the tokenizer of `folder` into the new folder `out`, with those of <CONTINUE> and <STOP> that it lacks added as
// tokens from vocab_size() on.
void add_markers(const std::string& folder, const std::string& out);

}  // namespace smooth
