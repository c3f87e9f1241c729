// What the readers of every format give: one record after another, each checked, and what becomes of those that are bad.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace smooth {

using Record = nlohmann::ordered_json;  // of a parquet row or a line of csv: an object of the columns that were asked for

// Why a record is not what it should be. Whoever knows the file and the row adds them.
struct BadRecord : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What becomes of bad rows: the first one stops the reading with "FILE: row N: REASON", or all are skipped and counted.
class BadRows {
 public:
  explicit BadRows(bool skip) : skip_(skip) {}
  void found(const std::string& file, int64_t row, const std::string& reason);  // throws std::runtime_error unless they are skipped
  int64_t count() const { return count_; }
  const std::string& first() const { return first_; }  // its message; empty if there was none

 private:
  bool skip_;
  int64_t count_ = 0;
  std::string first_;
};

// The next record; false: enough. May throw BadRecord.
using Take = std::function<bool(Record&)>;

// One file on its way from its format's reader to whoever wants the records. Rows are numbered from 1: lines of a jsonl or a text
// file, elements of an array, rows of a table without its header.
class Intake {
 public:
  Intake(std::string file, int64_t max_field_bytes, BadRows& bad, Take take)
      : file_(std::move(file)), max_field_bytes_(max_field_bytes), bad_(bad), take_(std::move(take)) {}

  bool good(int64_t row, Record& record);  // false: enough
  bool good_json(int64_t row, std::string_view text);  // the same, of a record that is still text
  void bad(int64_t row, const std::string& reason);
  // A reader throws BadRecord where there is no way on: the row behind the last one is bad, and the file ends there.
  void whole_file(const std::function<void()>& read);
  // No record may be longer than a few of its longest fields.
  int64_t max_record_bytes() const { return 4 * max_field_bytes_; }
  const std::string& file() const { return file_; }

 private:
  std::string file_;
  int64_t max_field_bytes_, row_ = 0;
  BadRows& bad_;
  Take take_;
};

// The first byte of `text` that is no UTF-8, or is a NUL; npos if all is well.
size_t find_bad_byte(std::string_view text);

// Fields of an object; each throws BadRecord naming the field, what was expected and what came.
const Record& field(const Record& record, const std::string& name);
const std::string& text_field(const Record& record, const std::string& name);
std::vector<std::string> texts_field(const Record& record, const std::string& name);  // an array of strings
const Record& list_field(const Record& record, const std::string& name);
bool has_field(const Record& record, const std::string& name);  // there and not null

}  // namespace smooth
