// Every metric by its name. All give a number from 0 to 1.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace smooth {

// The score of a prediction: its best against any of the answers, in LongBench's metrics; RULER's string-match looks for all.
//   qa_f1, rouge-l, classification (needs the classes), count, retrieval, code_sim (takes a backend), string-match
// Throws on another name, and where the official code would throw.
double score(const std::string& metric, const std::string& prediction, const std::vector<std::string>& answers,
             const std::vector<std::string>& classes = {}, const std::string& code_backend = "difflib");

double classification(std::string_view prediction, std::string_view answer, const std::vector<std::string>& classes);
// The share of the prediction's numbers that are the answer; every digit counts, so a number more than asked for costs.
double count(std::string_view prediction, std::string_view answer);
// The same with the number in "Paragraph 7".
double retrieval(std::string_view prediction, std::string_view answer);
// RULER's string_match_all: the fraction of `answers` that are case-insensitive substrings of the prediction, after RULER's
// clean-up (strip, control characters to newlines, strip).
double string_match_all(const std::string& prediction, const std::vector<std::string>& answers);

}  // namespace smooth
