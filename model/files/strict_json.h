// JSON from a file that may be hostile: no key twice, no nesting deeper than its format has.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace smooth {

// Throws std::runtime_error with the reason. A scalar has depth 0, `{}` depth 1.
nlohmann::json parse_strict_json(std::string_view text, int max_depth);

}  // namespace smooth
