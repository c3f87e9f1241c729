#include "data/show.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "configs/run.h"

namespace smooth {
namespace fs = std::filesystem;

namespace {

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

Layout layout_of_set(const fs::path& folder, const std::string& chat_template) {
  const auto manifest = nlohmann::json::parse(read_file(folder / "manifest.json"));
  return Layout(load_tokenizer(folder / manifest.at("tokenizer").get<std::string>()), chat_template.empty() ? manifest.value("chat_template", "chatml") : chat_template);
}

std::string show_sample(const std::string& file, const std::string& id, bool tokens, const std::string& chat_template) {
  std::ifstream lines(file);
  if (!lines) throw std::runtime_error(file + ": cannot be opened");
  for (std::string line; std::getline(lines, line);) {
    const Transcript transcript = transcript_from_json(line);
    if (!id.empty() && transcript.id != id) continue;
    if (!tokens) return as_turns(transcript);
    return as_tokens(transcript, layout_of_set(fs::path(file).parent_path(), chat_template));
  }
  throw std::runtime_error(file + ": holds no sample " + id);
}

}  // namespace smooth
