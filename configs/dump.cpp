#include "configs/dump.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "configs/allowed.h"

namespace smooth {
namespace {

// Texts that need no quotes anywhere in YAML: names and paths. Other readers' words for true, false
// and null (YAML 1.1) and everything that begins like a number are quoted, so that other programs
// read the same text too.
bool is_plain(const std::string& text) {
  static const std::array<std::string, 11> kReserved = {"null", "true", "false", "yes", "no", "on",
                                                        "off",  "y",    "n",     "nan", "inf"};
  const auto is_letter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; };
  const auto is_name = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') ||
           (c != '\0' && std::string("_./-").find(c) != std::string::npos);
  };
  const bool is_path = text.starts_with("./") || text.starts_with("../") || text.starts_with("/");
  if (text.empty() || !(is_letter(text[0]) || text[0] == '_' || is_path)) return false;
  std::string lower;
  for (const char c : text) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::all_of(text.begin(), text.end(), is_name) &&
         std::find(kReserved.begin(), kReserved.end(), lower) == kReserved.end();
}

}  // namespace

std::string yaml_text(int64_t value) { return std::to_string(value); }
std::string yaml_text(double value) { return format_number(value); }
std::string yaml_text(bool value) { return value ? "true" : "false"; }

std::string yaml_text(const std::string& value) {
  if (is_plain(value)) return value;
  std::string text = "\"";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text += {'\\', c};
    } else if (c == '\n') {
      text += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      text += fmt::format("\\x{:02x}", byte);
    } else {
      text += c;
    }
  }
  return text + "\"";
}

void Dumper::line(const std::string& key, const std::string& value, const std::string& help) {
  text += indent_ + key + ":" + (value.empty() ? "" : " " + value) +
          (comments_ ? "  # " + help : "") + "\n";
}

}  // namespace smooth
