// What is asked of a summary's form, said in words that its author can act on.
#pragma once

#include <string>

#include "data/reading.h"

namespace smooth {

// What is wrong with `text` as the summary of `turn`; empty if nothing is.
std::string form_problem(const std::string& text, const Turn& turn);

}  // namespace smooth
