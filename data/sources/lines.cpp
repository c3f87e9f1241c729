// jsonl and plain lines.
#include <fmt/format.h>

#include <algorithm>

#include "data/sources/cursor.h"
#include "data/sources/formats.h"
#include "data/tokenizers/utf8.h"

namespace smooth {
namespace {

// Calls use(line number, text, was it ended by a newline) until that is false. Lines longer than the intake allows are bad rows.
template <class Use>
void each_line(std::istream& in, Intake& intake, const Use& use) {
  Cursor cursor(in);
  Gathered line(static_cast<size_t>(intake.max_record_bytes()));
  for (int64_t number = 1; cursor.peek() != Cursor::kEnd; ++number) {
    bool ended = false;
    for (line.clear(); !ended && cursor.peek() != Cursor::kEnd;) {
      const std::string_view block = cursor.at_hand();
      const size_t end = block.find('\n');
      ended = end != std::string_view::npos;
      line.add(block.substr(0, end));
      cursor.skip(ended ? end + 1 : block.size());
    }
    if (line.text().ends_with('\r')) line.text().pop_back();
    if (line.too_long()) {
      intake.bad(number, fmt::format("longer than {} bytes; raise max_field_mb if this is right", line.limit()));
    } else if (!use(number, line.text(), ended)) {
      return;
    }
  }
}

bool is_blank(const std::string& line) { return line.find_first_not_of(" \t\r") == std::string::npos; }

}  // namespace

void read_jsonl(std::istream& in, Intake& intake) {
  each_line(in, intake, [&](int64_t number, const std::string& line, bool ended) {
    if (is_blank(line)) return true;
    if (!ended && line.back() != '}') {
      intake.bad(number, "the last line has no end; is the file truncated?");
      return true;
    }
    return intake.good_json(number, line);
  });
}

void read_lines(std::istream& in, Intake& intake) {
  each_line(in, intake, [&](int64_t number, std::string& line, bool) {
    if (is_blank(line)) return true;
    for (size_t at = line.find('\xf0'); at != std::string::npos; at = line.find('\xf0', at + 1)) {
      size_t next = at;
      if (next_character(line, next) == kIllFormed) line[at] = ' ';
    }
    Record record = {{"line", line}};
    return intake.good(number, record);
  });
}

}  // namespace smooth
