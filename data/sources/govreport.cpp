#include "data/sources/sets.h"

namespace smooth {
namespace {

void add_line(std::string& text, const std::string& line) {
  if (!line.empty()) text += (text.empty() ? "" : "\n") + line;
}

// A section's title, its paragraphs, the sections within it. A GAO report's cover letter has a title that says nothing.
void add_section(std::string& text, const Record& section) {
  const std::string& title = text_field(section, "section_title");
  if (title != "Letter") add_line(text, title);
  for (const std::string& paragraph : texts_field(section, "paragraphs")) add_line(text, paragraph);
  for (const Record& inner : list_field(section, "subsections")) add_section(text, inner);
}

// {"report": [section, ...], "highlight": [section, ...]}: what GAO recommends is no summary of the report.
Report of_gao(const Record& record) {
  Report report{.id = "gao-" + text_field(record, "id"), .text = "", .summary = ""};
  for (const Record& section : list_field(record, "report")) add_section(report.text, section);
  for (const Record& section : list_field(record, "highlight")) {
    if (text_field(section, "section_title") == "What GAO Recommends") continue;
    for (const std::string& paragraph : texts_field(section, "paragraphs")) add_line(report.summary, paragraph);
  }
  return report;
}

// {"reports": section, "summary": [paragraph, ...]}
Report of_crs(const Record& record) {
  Report report{.id = "crs-" + text_field(record, "id"), .text = "", .summary = ""};
  add_section(report.text, field(record, "reports"));
  for (const std::string& paragraph : texts_field(record, "summary")) add_line(report.summary, paragraph);
  return report;
}

}  // namespace

void read_govreport(RawSet& set, const std::function<bool(Report&)>& take) {
  int64_t number = 0;
  set.read({"report", "summary"}, [&](Record& record) {
    ++number;
    Report report;
    if (has_field(record, "highlight")) {
      report = of_gao(record);
    } else if (has_field(record, "reports")) {
      report = of_crs(record);
    } else {
      report = {.id = std::to_string(number), .text = text_field(record, "report"), .summary = text_field(record, "summary")};
    }
    if (report.text.empty() || report.summary.empty()) throw BadRecord("a report or a summary that is empty");
    return take(report);
  });
}

}  // namespace smooth
