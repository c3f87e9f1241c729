#include "configs/nearest.h"

#include <algorithm>
#include <cctype>

namespace smooth {
namespace {

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// Optimal string alignment: Levenshtein's distance in which a swap of neighbours counts as one
// slip.
size_t slips(const std::string& a, const std::string& b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      d[i][j] =
          std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string nearest(const std::string& word, const std::vector<std::string>& candidates) {
  const std::string wanted = lower(word);
  std::string best;
  size_t fewest = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const size_t count = slips(wanted, lower(candidate));
    if (count >= fewest || count >= candidate.size()) continue;
    fewest = count;
    best = candidate;
  }
  constexpr size_t kTelling = 3;  // shorter words are contained in too many others
  for (size_t i = 0; best.empty() && i < candidates.size(); ++i) {
    const std::string candidate = lower(candidates[i]);
    const auto& [shorter, longer] =
        std::minmax(wanted, candidate, [](auto& a, auto& b) { return a.size() < b.size(); });
    if (shorter.size() >= kTelling && longer.find(shorter) != std::string::npos)
      best = candidates[i];
  }
  return best;
}

std::string did_you_mean(const std::string& word) {
  return word.empty() ? "" : "; did you mean " + word + "?";
}

}  // namespace smooth
