// Where the units of a context begin: passages, examples, paragraphs, files, as LongBench marks them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace smooth {

// Bytes of `context` at which a unit begins. `dataset` is a row of Table 5 or a task of LongBench; those of one piece have none. A border that
// a chunker respects keeps "Paragraph 7:" with its text, and an example with its answer.
std::vector<int64_t> unit_borders(const std::string& dataset, std::string_view context);

}  // namespace smooth
