// What Python's str does, on UTF-8: the official scores are defined by it, down to the last sigma. As of Python 3.11, hence of
// Unicode 14: to it, later characters have no case and are neither letters nor digits. Ill-formed bytes stay as they are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace smooth {

std::string lower(std::string_view text);                           // text.lower()
std::vector<std::string_view> split(std::string_view text);         // text.split(): words between white space
std::string_view strip(std::string_view text);                      // text.strip()
std::vector<std::string_view> digit_runs(std::string_view text);    // re.findall(r"\d+", text)
std::string_view first_line(std::string_view text);                 // text.lstrip("\n").split("\n")[0]
std::u32string characters(std::string_view text);                   // its code points

bool is_word(char32_t c);   // \w
bool is_digit(char32_t c);  // \d

}  // namespace smooth
