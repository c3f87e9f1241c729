// A page as HTML. Every text goes through escape_html on its way.
#include <fmt/format.h>

#include "eval/report/code_spans.h"
#include "eval/report/lines.h"
#include "eval/report/page.h"
#include "eval/report/page_style.h"
#include "eval/report/plot.h"

namespace smooth {
namespace {

std::string stretches_html(const std::vector<Stretch>& stretches) {
  std::string out;
  for (const Stretch& stretch : stretches) {
    const std::string text = escape_html(stretch.text);
    switch (stretch.ink) {
      case Ink::kPlain:
        out += text;
        break;
      case Ink::kAsked:
        out += "<mark>" + text + "</mark>";
        break;
      case Ink::kOther:
        out += "<mark class=\"other\">" + text + "</mark>";
        break;
      case Ink::kValue:
        out += "<mark class=\"value\">" + text + "</mark>";
        break;
      case Ink::kCut:
        out += " <span class=\"cut\">… " + text + " …</span> ";
        break;
    }
  }
  return out;
}

std::string part(const char* name, const std::string& html) {
  return fmt::format("<dt>{}</dt><dd>{}</dd>\n", name, html);
}

// The summary by its parts; what is none stands as it was written.
std::string written_html(const AnnotatedTurn& turn, const std::vector<std::string>& answers) {
  if (!turn.summary) return fmt::format("<pre>{}</pre>", stretches_html(turn.written));
  const auto marked = [&](const std::string& text) {
    return stretches_html(mark_values(text, answers));
  };
  std::string clues;
  for (const std::string& clue : turn.summary->clues)
    clues += fmt::format("<li>{}</li>", marked(clue));
  std::string out = "<dl>\n" + part("Target", escape_html(turn.summary->target)) +
                    part("Clues", "<ul>" + clues + "</ul>") +
                    part("Reason", marked(turn.summary->reason));
  out += turn.summary->stop ? part("Answer", marked(turn.summary->answer)) +
                                  part("Then", "<b class=\"stop\">stops</b>")
                            : part("Then", "<b class=\"go\">reads on</b>");
  return out + "</dl>";
}

std::string turn_html(const AnnotatedTurn& turn, const AnnotatedReading& reading) {
  return fmt::format(
      "<section class=\"turn\"><h4>{}</h4>\n<div class=\"given\">{}</div>\n<div "
      "class=\"written\">{}</div></section>\n",
      escape_html(turn_title(turn, reading)), stretches_html(turn.given),
      written_html(turn, reading.marked));
}

struct HtmlWriter {
  std::string operator()(const Heading& heading) const {
    return fmt::format("<h2>{}</h2>\n", escape_html(heading.text));
  }
  std::string operator()(const Prose& prose) const {
    return fmt::format("<p{}>{}</p>\n", prose.lead ? " class=\"lead\"" : prose.notice ? " class=\"notice\"" : "",
                       prose_html(prose.text));
  }
  std::string operator()(const Table& table) const { return to_html(table); }
  std::string operator()(const Gallery& gallery) const {
    std::string out = "<div class=\"gallery\">\n";
    for (const Picture& picture : gallery.pictures)
      out += fmt::format("<figure>{}<figcaption>{}</figcaption></figure>\n", picture.svg,
                         prose_html(picture.caption));
    return out + "</div>\n";
  }
  std::string operator()(const Listing& listing) const {
    const std::string text =
        fmt::format("<pre class=\"scroll\" tabindex=\"0\">{}</pre>\n", escape_html(listing.text));
    if (listing.title.empty()) return text;
    return fmt::format("<details><summary>{}</summary>{}</details>\n", escape_html(listing.title),
                       text);
  }
  std::string operator()(const AnnotatedReading& reading) const {
    std::string out = fmt::format("<p class=\"question\">{}</p>\n", escape_html(reading.question));
    size_t shown = 0;
    for (const AnnotatedTurn& turn : reading.turns) {
      if (turn.number > shown + 1)
        out +=
            fmt::format("<p class=\"cut\">… chunks {} to {} …</p>\n", shown + 1, turn.number - 1);
      out += turn_html(turn, reading);
      shown = turn.number;
    }
    out += verdict_html(reading);
    const std::string title = escape_html(reading.title);
    if (!reading.folded) return fmt::format("<article class=\"reading\"><h3>{}</h3>\n{}</article>\n", title, out);
    return fmt::format("<details class=\"reading\"><summary>{} <small>{}</small></summary>\n{}</details>\n", title, escape_html(reading.score), out);
  }

 private:
  static std::string verdict_html(const AnnotatedReading& reading) {
    std::string answers;
    for (const std::string& answer : reading.answers) answers += (answers.empty() ? "" : ", ") + answer;
    const char* verdict = !reading.score.empty() && !reading.right ? "graded" : reading.right ? "right" : "wrong";
    return fmt::format("<p class=\"verdict {}\"><b>{}</b> {} <small>expected {}</small></p>\n", verdict,
                       escape_html(reading.score.empty() ? verdict : reading.score),
                       reading.answer.empty() ? "no answer" : escape_html(reading.answer), escape_html(answers));
  }
};

}  // namespace

std::string escape_html(const std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string prose_html(const std::string& text) { return with_code(text, escape_html, "<code>", "</code>"); }

std::string to_html(const Page& page) {
  std::string body;
  for (const Block& block : page.blocks) body += std::visit(HtmlWriter{}, block);
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light "
      "dark\">\n<title>{0}</title>\n<style>\n{1}{2}</style>\n</head>\n"
      "<body>\n<main>\n<h1>{0}</h1>\n{3}</main>\n</body>\n</html>\n",
      escape_html(page.title), kPageStyle, plot_style(), body);
}

}  // namespace smooth
