// Unicode's normalisation form C: characters composed, marks in their canonical order.
#pragma once

#include <string>
#include <string_view>

namespace smooth {

// Text that is in the form already costs a look at its bytes. Ill-formed bytes stay as they are.
bool is_nfc(std::string_view text);
std::string nfc(std::string_view text);

}  // namespace smooth
