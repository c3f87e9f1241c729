#include "data/sources/sets.h"

namespace smooth {
namespace {

std::string language_of(const std::filesystem::path& file) {
  std::string path = file.generic_string();
  for (char& c : path) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const char* language : {"python", "csharp", "java"}) {
    if (path.find(language) != std::string::npos) return language;
  }
  return "";
}

}  // namespace

void read_lcc(RawSet& set, const std::function<bool(CodeContext&)>& take) {
  set.read({"context", "gt"}, [&](Record& record) {
    CodeContext code{.language = language_of(set.file()), .context = text_field(record, "context"), .next_line = text_field(record, "gt")};
    if (code.context.empty() || code.next_line.find_first_not_of(" \t\r\n") == std::string::npos) throw BadRecord("no code, or no next line");
    return take(code);
  });
}

}  // namespace smooth
