#include <array>
#include <set>
#include <utility>

#include "data/sources/sets.h"

namespace smooth {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  size_t end = 0, kept = 0;
  std::string replaced;
  while ((end = text.find(from, kept)) != std::string::npos) {
    (replaced += std::string_view(text).substr(kept, end - kept)) += to;
    kept = end + from.size();
  }
  if (kept > 0) text = replaced + text.substr(kept);
}

// Film scripts were saved from web pages: tags go, and what stands for single characters becomes them.
std::string without_html(const std::string& text) {
  std::string plain;
  for (size_t at = 0; at < text.size();) {
    const size_t open = std::min(text.find('<', at), text.size());
    plain += std::string_view(text).substr(at, open - at);
    const size_t close = text.find('>', open);
    const char next = open + 1 < text.size() ? text[open + 1] : ' ';
    const bool tag = close != std::string::npos && (std::isalpha(static_cast<unsigned char>(next)) || next == '/' || next == '!');
    if (open < text.size() && !tag) plain += '<';
    at = tag ? close + 1 : open + 1;
  }
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kNames = {
      {{"&nbsp;", " "}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&amp;", "&"}}};
  for (const auto& [name, character] : kNames) replace_all(plain, name, character);
  return plain;
}

std::string story_text(const Record& document) {
  std::string text = text_field(document, "text");
  if (text.find("</") != std::string::npos) text = without_html(text);
  replace_all(text, "\r\n", "\n");
  return text;
}

}  // namespace

void read_narrativeqa(RawSet& set, const std::function<bool(StoryQuestion&)>& take) {
  std::set<std::string> seen;
  set.read({"document.id", "document.text", "question.text", "answers.text"}, [&](Record& record) {
    const Record& document = field(record, "document");
    StoryQuestion question{.story = text_field(document, "id"), .question = text_field(field(record, "question"), "text"), .answers = {}, .text = ""};
    for (const Record& answer : list_field(record, "answers")) question.answers.push_back(text_field(answer, "text"));
    if (question.answers.empty()) throw BadRecord("field answers: no answer");
    if (!seen.contains(question.story)) {
      question.text = story_text(document);
      if (question.text.empty()) throw BadRecord("field document.text: empty");
      seen.insert(question.story);
    }
    return take(question);
  });
}

}  // namespace smooth
