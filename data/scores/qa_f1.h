// LongBench's F1 of question answering: words shared, without punctuation and articles.
#pragma once

#include <string_view>

namespace smooth {

double qa_f1(std::string_view prediction, std::string_view answer);

}  // namespace smooth
