// A page as Markdown. What models wrote and files hold stands in fences that it cannot close, never
// as markup.
#include <fmt/format.h>

#include <algorithm>

#include "eval/report/lines.h"
#include "eval/report/page.h"

namespace smooth {
namespace {

// Three backticks, or one more than the text's longest run of them.
std::string fenced(const std::string& text) {
  size_t longest = 2, run = 0;
  for (const char c : text) longest = std::max(longest, run = c == '`' ? run + 1 : 0);
  const std::string fence(longest + 1, '`');
  return fmt::format("{}text\n{}{}{}\n", fence, text, text.ends_with('\n') ? "" : "\n", fence);
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '*' || c == '_' || c == '[' || c == ']' || c == '#' || c == '\\') out += '\\';
    out += c == '<' ? "&lt;" : c == '\n' ? " " : std::string(1, c);
  }
  return out;
}

std::string marked_text(const std::vector<Stretch>& stretches) {
  std::string out;
  for (const Stretch& stretch : stretches) {
    if (stretch.ink == Ink::kCut)
      out += fmt::format(" [... {} ...] ", stretch.text);
    else if (stretch.ink == Ink::kAsked)
      out += ">>> " + stretch.text + " <<<";
    else
      out += stretch.text;
  }
  return out;
}

struct MarkdownWriter {
  const std::string& prefix;

  std::string operator()(const Heading& heading) const { return "## " + escaped(heading.text) + "\n"; }
  std::string operator()(const Prose& prose) const {
    const std::string text = prose_markdown(prose.text);
    return (prose.lead ? "**" + text + "**" : prose.notice ? "> " + text : text) + "\n";
  }
  std::string operator()(const Table& table) const { return to_markdown(table); }
  std::string operator()(const Gallery& gallery) const {
    std::string out;
    for (const Picture& picture : gallery.pictures)
      out += fmt::format("{}![{}]({}{}.svg)\n\n{}\n", out.empty() ? "" : "\n",
                         escaped(picture.name), prefix, picture.name, prose_markdown(picture.caption));
    return out;
  }
  std::string operator()(const Listing& listing) const {
    if (listing.title.empty()) return fenced(listing.text);
    return fmt::format("<details><summary>{}</summary>\n\n{}\n</details>\n",
                       escape_html(listing.title), fenced(listing.text));
  }
  std::string operator()(const AnnotatedReading& reading) const {
    std::string out = fmt::format("Question: {}\n", escaped(reading.question));
    size_t shown = 0;
    for (const AnnotatedTurn& turn : reading.turns) {
      if (turn.number > shown + 1) out += fmt::format("\n... chunks {} to {} ...\n", shown + 1, turn.number - 1);
      out += fmt::format("\n{}\n\n{}\n{}", turn_title(turn, reading),
                         fenced(marked_text(turn.given)), fenced(marked_text(turn.written)));
      shown = turn.number;
    }
    std::string answers;
    for (const std::string& answer : reading.answers)
      answers += (answers.empty() ? "" : ", ") + answer;
    out += fmt::format("\nAnswer: {}; expected {}: {}.\n", reading.answer.empty() ? "none" : escaped(reading.answer), escaped(answers),
                       !reading.score.empty() ? escaped(reading.score) : reading.right ? "right" : "wrong");
    if (!reading.folded) return fmt::format("### {}\n\n{}", escaped(reading.title), out);
    return fmt::format("<details><summary>{}: {}</summary>\n\n{}\n</details>\n", escape_html(reading.title), escape_html(reading.score), out);
  }
};

}  // namespace

std::string prose_markdown(const std::string& text) {
  std::string out;
  bool code = false;
  for (size_t begin = 0; begin <= text.size(); code = !code) {
    const size_t end = std::min(text.find('`', begin), text.size());
    const std::string piece = text.substr(begin, end - begin);
    out += code ? "`" + piece + "`" : escaped(piece);
    begin = end + 1;
  }
  return out;
}

std::string turn_title(const AnnotatedTurn& turn, const AnnotatedReading& reading) {
  const std::string place = reading.num_turns == 1
                                ? "The whole text"
                                : fmt::format("Chunk {} of {}", turn.number, reading.num_turns);
  return fmt::format("{}: {} tokens read in {}, {} written in {}", place, turn.given_tokens,
                     format_duration(turn.prefill_seconds), turn.written_tokens,
                     format_duration(turn.decode_seconds));
}

std::string to_markdown(const Page& page, const std::string& prefix) {
  std::string out = "# " + page.title + "\n";
  for (const Block& block : page.blocks) out += "\n" + std::visit(MarkdownWriter{prefix}, block);
  return out;
}

}  // namespace smooth
