#include "data/summary.h"

#include <algorithm>
#include <array>

namespace smooth {
namespace {

constexpr std::array<const char*, 3> kLabels = {"Target:", "Clues:", "Reason:"};

const char* const kBlanks = " \t\r\n";

std::string strip_end(const std::string& text) { return text.substr(0, text.find_last_not_of(kBlanks) + 1); }

std::string strip(const std::string& text) { return strip_end(text.substr(std::min(text.size(), text.find_first_not_of(kBlanks)))); }

// Where `label` stands at the beginning of a line, at or after `from`.
size_t find_label(const std::string& text, const std::string& label, size_t from = 0) {
  for (size_t place = text.find(label, from); place != std::string::npos; place = text.find(label, place + 1)) {
    const size_t line = text.find_last_not_of(" \t", place == 0 ? std::string::npos : place - 1);
    if (place == 0 || line == std::string::npos || text[line] == '\n') return place;
  }
  return std::string::npos;
}

std::vector<std::string> split_clues(const std::string& text) {
  std::vector<std::string> clues;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find("; ", begin), text.size());
    if (const std::string clue = strip(text.substr(begin, end - begin)); !clue.empty()) clues.push_back(clue);
    begin = end + 2;
  }
  return clues;
}

}  // namespace

std::string format(const Summary& summary) {
  std::string clues;
  for (const std::string& clue : summary.clues) clues += (clues.empty() ? "" : "; ") + clue;
  const std::string head = "Target: " + summary.target + "\nClues: " + clues + "\nReason: " + summary.reason + "\n";
  return summary.stop ? head + kAnswerLabel + " " + summary.answer + "\n" + kStop : head + kContinue;
}

std::string without_marker(const std::string& text) {
  const std::string body = strip_end(text);
  for (const std::string& marker : {kContinue, kStop}) {
    if (body.ends_with(marker)) return strip_end(body.substr(0, body.size() - marker.size()));
  }
  return text;
}

Summary parse_summary(const std::string& text) {
  const bool stops = strip(text).ends_with(kStop), continues = strip(text).ends_with(kContinue);
  const std::string body = without_marker(text);
  bool doubled = body.find(kStop) != std::string::npos || body.find(kContinue) != std::string::npos;

  // A part runs from its label's first line to the next label that is there; of doubled labels the last one holds.
  const std::array<std::string, 4> labels = {kLabels[0], kLabels[1], kLabels[2], kAnswerLabel};
  std::array<size_t, 4> place{};
  for (size_t i = 0; i < labels.size(); ++i) {
    place[i] = std::string::npos;
    for (size_t at = find_label(body, labels[i]); at != std::string::npos; at = find_label(body, labels[i], at + 1)) {
      doubled = doubled || place[i] != std::string::npos;
      place[i] = at;
    }
  }
  const auto part = [&](size_t i) -> std::string {
    if (place[i] == std::string::npos) return "";
    size_t end = body.size();
    for (const size_t other : place) {
      if (other != std::string::npos && other > place[i]) end = std::min(end, other);
    }
    const size_t begin = place[i] + labels[i].size();
    return strip(body.substr(begin, end - begin));
  };
  Summary summary;
  summary.target = part(0);
  summary.clues = split_clues(part(1));
  summary.reason = part(2);
  summary.answer = part(3);
  summary.stop = stops;
  const bool answered = place[3] != std::string::npos;
  const bool ordered = std::is_sorted(place.begin(), place.begin() + 3) && place[2] != std::string::npos && (!answered || place[2] < place[3]);
  summary.well_formed = ordered && !doubled && (stops || continues) && answered == stops;
  return summary;
}

}  // namespace smooth
