// A set in numbers: Table 5 of what was built beside the paper's, histograms, and what of LongBench stands in it.
#pragma once

#include <string>

namespace smooth {

// Tables in words, for a terminal. Reads every sample of the set's folder and lays it out by the chat template.
std::string set_stats(const std::string& folder, const std::string& chat_template);

}  // namespace smooth
