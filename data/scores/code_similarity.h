// LongBench's code similarity: the first line of code that a prediction holds, beside the answer. The official script's number
// depends on whether the package python-Levenshtein is installed (it is 1.5 to 3 points more with it), so both are here.
#pragma once

#include <string>
#include <string_view>

namespace smooth {

// `backend` is difflib (without that package) or levenshtein (with it). A hundredth is the smallest step, as there.
double code_similarity(std::string_view prediction, std::string_view answer, const std::string& backend);

}  // namespace smooth
