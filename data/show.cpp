#include "data/show.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "configs/run.h"
#include "data/layout.h"

namespace smooth {
namespace fs = std::filesystem;

namespace {

struct PaperRow {
  const char* row;
  int64_t samples, mean_length;
};

// Table 5 of the paper.
constexpr PaperRow kTable5[] = {{"hotpotqa", 5652, 4249}, {"narrativeqa", 4348, 10173}, {"govreport", 8114, 12411}, {"qmsum", 742, 15245},
                                {"trec", 3259, 7759}, {"triviaqa", 3370, 13942}, {"samsum", 3371, 12100}, {"passage-count", 3333, 15777},
                                {"passage-retrieval", 3333, 8254}, {"niah-a", 1667, 20117}, {"niah-b", 1667, 10403}, {"lcc", 10000, 3331}};

std::string paper_of(const std::string& row) {
  for (const PaperRow& paper : kTable5) {
    if (row == paper.row) return fmt::format("{:>9} {:>11}", paper.samples, paper.mean_length);
  }
  return fmt::format("{:>9} {:>11}", "-", "-");
}

// The tokenizer that the set was built with, from its manifest: in the set, or at a path of its own.
std::shared_ptr<const Tokenizer> tokenizer_of(const fs::path& folder) {
  return load_tokenizer(folder / nlohmann::json::parse(read_file(folder / "manifest.json")).at("tokenizer").get<std::string>());
}

std::string as_turns(const Transcript& transcript) {
  std::string text = fmt::format("{}  row {}  mode {}  chunk {}  answers", transcript.id, transcript.row, transcript.mode, transcript.chunk);
  for (const std::string& answer : transcript.answers) text += " " + answer;
  for (const Exchange& exchange : transcript.exchanges) {
    text += fmt::format("\n\n--- given{}\n{}\n--- written\n{}", exchange.forget ? " (empty memory)" : "", exchange.given, exchange.written);
  }
  return text + "\n";
}

// Targets in green, the rest dim; a mark between tokens.
std::string as_tokens(const Transcript& transcript, const Layout& layout) {
  std::string text;
  for (const Example& document : layout.examples(transcript)) {
    for (size_t t = 0; t < document.ids.size(); ++t) {
      text += fmt::format("{}{}\033[0m\033[90m|\033[0m", document.target[t] ? "\033[1;32m" : "\033[2m", layout.tokenizer()->piece(document.ids[t]));
    }
    text += "\n\n";
  }
  return text;
}

}  // namespace

std::string set_stats(const std::string& folder, const std::string& chat_template) {
  const Layout layout(tokenizer_of(folder), chat_template);
  std::string table = fmt::format("{:<16} {:<5} {:>8} {:>12} {:>9} {:>9} {:>9} {:>11}\n", "row", "form", "samples", "mean tokens", "longest",
                                  "written", "paper's n", "paper's len");
  const auto manifest = nlohmann::json::parse(read_file(fs::path(folder) / "manifest.json"));
  for (const auto& entry : manifest.at("rows")) {
    std::ifstream lines(fs::path(folder) / entry.at("file").get<std::string>());
    int64_t samples = 0, tokens = 0, longest = 0, written = 0;
    for (std::string line; std::getline(lines, line); ++samples) {
      int64_t length = 0;
      for (const Example& document : layout.examples(transcript_from_json(line))) {
        length += static_cast<int64_t>(document.ids.size());
        written += std::count(document.target.begin(), document.target.end(), 1);
      }
      tokens += length;
      longest = std::max(longest, length);
    }
    const std::string row = entry.at("row");
    table += fmt::format("{:<16} {:<5} {:>8} {:>12.1f} {:>9} {:>7.1f} % {}\n", row, entry.at("form").get<std::string>(), samples,
                         static_cast<double>(tokens) / static_cast<double>(std::max<int64_t>(1, samples)), longest,
                         100.0 * static_cast<double>(written) / static_cast<double>(std::max<int64_t>(1, tokens)), paper_of(row));
  }
  return table;
}

std::string show_sample(const std::string& file, const std::string& id, bool tokens, const std::string& chat_template) {
  std::ifstream lines(file);
  if (!lines) throw std::runtime_error(file + ": cannot be opened");
  for (std::string line; std::getline(lines, line);) {
    const Transcript transcript = transcript_from_json(line);
    if (!id.empty() && transcript.id != id) continue;
    if (!tokens) return as_turns(transcript);
    return as_tokens(transcript, Layout(tokenizer_of(fs::path(file).parent_path()), chat_template));
  }
  throw std::runtime_error(file + ": holds no sample " + id);
}

}  // namespace smooth
