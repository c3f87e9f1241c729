// Unicode's normalisation form C, characters composed and marks in their canonical order, as of Unicode 9: that is what Hugging
// Face's `tokenizers` has (0.23, every character compared), so what models were trained on. The 61 marks with an order that came
// later stay where they stand, and part what is before them from what is behind.
#pragma once

#include <string>
#include <string_view>

namespace smooth {

// Ill-formed bytes stay as they are.
std::string nfc(std::string_view text);
// Quick, and never wrong when it says yes; a no may be for a text that `nfc` leaves alone.
bool is_nfc(std::string_view text);

}  // namespace smooth
