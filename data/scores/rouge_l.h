// ROUGE-L as the Python package `rouge` 1.0.1 has it, which is LongBench's: neither the sentence level of the paper (Lin 2004) nor
// what Google's rouge_score computes.
#pragma once

#include <string_view>

namespace smooth {

double rouge_l(std::string_view prediction, std::string_view answer);

}  // namespace smooth
