// The words for what a field allows, the same in errors and in the reference.
#pragma once

#include <string>

#include "configs/config.h"

namespace smooth {

std::string format_number(double value);  // shortest text that reads back to the same double
std::string range_words(
    const Allowed& allowed);  // "above 0", "at least 1", "from 0 to 1"; empty if there is no range
std::string allowed_words(
    const Allowed& allowed);  // the range, the choices or the path, for a table

}  // namespace smooth
