// RFC 4180, strictly: a quote within a field that is not quoted, or anything between a closing quote and the comma, is an error of
// that row.
#include <fmt/format.h>

#include <algorithm>

#include "data/sources/columns.h"
#include "data/sources/cursor.h"
#include "data/sources/formats.h"

namespace smooth {

namespace {

class Csv {
 public:
  Csv(std::istream& in, Intake& intake) : cursor_(in), intake_(intake), field_(static_cast<size_t>(intake.max_record_bytes())) {}

  void read(const std::vector<std::string>& columns) {
    std::vector<std::string> names;
    if (!next_row(names)) throw BadRecord("empty; expected a header with the columns' names");
    if (!problem_.empty()) throw BadRecord("the header: " + problem_);
    check_columns(columns, names);
    std::vector<bool> wanted;
    for (const std::string& name : names) wanted.push_back(is_wanted(columns, name));
    std::vector<std::string> fields;
    for (int64_t row = 1; next_row(fields); ++row) {
      if (problem_.empty() && fields.size() != names.size()) {
        problem_ = fmt::format("{} fields where the header has {}", fields.size(), names.size());
      }
      if (!problem_.empty()) {
        intake_.bad(row, problem_);
        continue;
      }
      Record record = Record::object();
      for (size_t i = 0; i < names.size(); ++i) {
        if (wanted[i]) record[names[i]] = std::move(fields[i]);
      }
      if (!intake_.good(row, record)) return;
    }
  }

 private:
  // The fields of the next row that is no blank line; false at the end. What is wrong with it goes to problem_.
  bool next_row(std::vector<std::string>& fields) {
    while (cursor_.peek() == '\n' || cursor_.peek() == '\r') cursor_.next();
    fields.clear();
    problem_.clear();
    if (cursor_.peek() == Cursor::kEnd) return false;
    do {
      field_.clear();
      if (cursor_.peek() == '"') {
        quoted();
      } else {
        plain();
      }
      if (field_.too_long()) problem_ = fmt::format("longer than {} bytes; raise max_field_mb if this is right", field_.limit());
      fields.push_back(std::move(field_.text()));
    } while (cursor_.next() == ',');  // or a newline, or the end
    return true;
  }

  // Up to a comma, a newline or the end, which stays.
  void plain() {
    for (int byte = cursor_.peek(); byte != ',' && byte != '\n' && byte != Cursor::kEnd; byte = cursor_.peek()) {
      if (byte == '"') problem_ = "a quote within a field that is not quoted";
      field_.add(static_cast<char>(cursor_.next()));
    }
    if (field_.text().ends_with('\r')) field_.text().pop_back();
  }

  void quoted() {
    cursor_.next();
    for (;;) {
      const std::string_view block = cursor_.at_hand();
      if (block.empty()) {
        problem_ = "the file ends within a quoted field; is it truncated?";
        return;
      }
      const size_t quote = block.find('"');
      field_.add(block.substr(0, quote));
      cursor_.skip(quote == std::string_view::npos ? block.size() : quote + 1);
      if (quote == std::string_view::npos) continue;
      if (cursor_.peek() != '"') break;
      field_.add('"');
      cursor_.next();
    }
    if (cursor_.peek() == '\r') cursor_.next();
    for (int byte = cursor_.peek(); byte != ',' && byte != '\n' && byte != Cursor::kEnd; byte = cursor_.peek()) {
      problem_ = "something between a field's closing quote and the next comma";
      cursor_.next();
    }
  }

  Cursor cursor_;
  Intake& intake_;
  Gathered field_;
  std::string problem_;
};

}  // namespace

void read_csv(std::istream& in, const std::vector<std::string>& columns, Intake& intake) {
  Csv(in, intake).read(columns);
}

}  // namespace smooth
