#include "data/tasks/units.h"

#include <algorithm>
#include <map>

namespace smooth {
namespace {

bool digits_then_colon(std::string_view text) {
  const size_t end = text.find_first_not_of("0123456789");
  return end != 0 && end != text.npos && text[end] == ':';
}

// Does the line begin with "WORD N:"?
bool is_numbered(std::string_view line, std::string_view word) {
  return line.starts_with(word) && line.substr(word.size()).starts_with(' ') && digits_then_colon(line.substr(word.size() + 1));
}

// RepoBench-P puts a line with its path before each file's code.
bool is_path(std::string_view line) {
  const bool source = line.ends_with(".py") || line.ends_with(".java");
  return source && line.find_first_of(" \t()[]{}=,;:\"'#") == line.npos;
}

using Begins = bool (*)(std::string_view line);

const std::map<std::string, Begins>& units() {
  constexpr Begins passage = [](std::string_view line) { return is_numbered(line, "Passage"); };
  constexpr Begins paragraph = [](std::string_view line) { return is_numbered(line, "Paragraph"); };
  static const std::map<std::string, Begins> units = {
      {"hotpotqa", passage}, {"2wikimqa", passage}, {"musique", passage}, {"multi_news", passage},
      {"passage-count", paragraph}, {"passage_count", paragraph}, {"passage-retrieval", paragraph}, {"passage_retrieval_en", paragraph},
      {"trec", [](std::string_view line) { return line.starts_with("Question:"); }},
      {"triviaqa", [](std::string_view line) { return line == "Passage:"; }},
      {"samsum", [](std::string_view line) { return line.starts_with("Dialogue:"); }},
      {"repobench-p", is_path},
  };
  return units;
}

}  // namespace

std::vector<int64_t> unit_borders(const std::string& dataset, std::string_view context) {
  const auto found = units().find(dataset);
  std::vector<int64_t> borders;
  if (found == units().end()) return borders;
  for (size_t at = 0; at < context.size();) {
    const size_t end = std::min(context.find('\n', at), context.size());
    std::string_view line = context.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (found->second(line)) borders.push_back(static_cast<int64_t>(at));
    at = end + 1;
  }
  return borders;
}

}  // namespace smooth
