#include "data/sources/records.h"

#include <fmt/format.h>

#include <cstring>

#include "data/tokenizers/json_members.h"
#include "data/tokenizers/utf8.h"

namespace smooth {
namespace {

constexpr size_t kLongestReason = 300;  // a parser may quote the whole record

std::string shortened(const std::string& reason) {
  return reason.size() <= kLongestReason ? reason : well_formed(reason.substr(0, kLongestReason)) + "...";
}

std::string of_byte(std::string_view text, size_t at) {
  return text[at] == '\0' ? fmt::format("byte {} is a NUL", at) : fmt::format("byte {} is not UTF-8", at);
}

void check_text(const std::string& text, const std::string& path, int64_t max_bytes) {
  if (static_cast<int64_t>(text.size()) > max_bytes) {
    throw BadRecord(fmt::format("field {}: {} bytes, more than the {} that a field may have; raise max_field_mb if this is right", path,
                                text.size(), max_bytes));
  }
  const size_t bad = find_bad_byte(text);
  if (bad != std::string::npos) throw BadRecord(fmt::format("field {}: {}", path, of_byte(text, bad)));
}

// Every text in a record. Its depth is bounded by the parsers.
void check(const Record& value, const std::string& path, int64_t max_bytes) {
  if (value.is_string()) check_text(value.get_ref<const std::string&>(), path, max_bytes);
  if (value.is_array()) {
    for (const Record& item : value) check(item, path, max_bytes);
  } else if (value.is_object()) {
    for (const auto& [key, item] : value.items()) check(item, path.empty() ? key : path + "." + key, max_bytes);
  }
}

Record parse(std::string_view text) {
  const size_t bad = find_bad_byte(text);
  if (bad != std::string::npos) throw BadRecord(of_byte(text, bad));
  try {
    return parse_json(text, "JSON");
  } catch (const std::runtime_error& error) {
    throw BadRecord(error.what());
  }
}

std::string fields_of(const Record& record) {
  std::string names;
  for (const auto& [key, value] : record.items()) names += (names.empty() ? "" : ", ") + key;
  return names.empty() ? "none" : names;
}

[[noreturn]] void wrong_type(const std::string& name, const char* expected, const Record& value) {
  throw BadRecord(fmt::format("field {}: expected {}, found {}", name, expected, value.type_name()));
}

}  // namespace

void BadRows::found(const std::string& file, int64_t row, const std::string& reason) {
  const std::string message = fmt::format("{}: row {}: {}", file, row, shortened(reason));
  if (count_ == 0) first_ = message;
  ++count_;
  if (!skip_) throw std::runtime_error(message);
}

void Intake::bad(int64_t row, const std::string& reason) {
  row_ = row;
  bad_.found(file_, row, reason);
}

void Intake::whole_file(const std::function<void()>& read) {
  try {
    read();
  } catch (const BadRecord& error) {
    bad(row_ + 1, error.what());
  }
}

bool Intake::good(int64_t row, Record& record) {
  row_ = row;
  try {
    if (!record.is_object()) throw BadRecord(fmt::format("expected an object, found {}", record.type_name()));
    check(record, "", max_field_bytes_);
    return take_(record);
  } catch (const BadRecord& error) {
    bad(row, error.what());
    return true;
  }
}

bool Intake::good_json(int64_t row, std::string_view text) {
  Record record;
  try {
    record = parse(text);
  } catch (const BadRecord& error) {
    bad(row, error.what());
    return true;
  }
  return good(row, record);
}

size_t find_bad_byte(std::string_view text) {
  constexpr uint64_t kHigh = 0x8080808080808080, kOnes = 0x0101010101010101;
  for (size_t at = 0; at < text.size();) {
    uint64_t eight = 0;
    if (at + 8 <= text.size()) {
      std::memcpy(&eight, text.data() + at, 8);
      // Neither a high bit nor a zero byte (the latter would borrow).
      if (((eight | (eight - kOnes)) & kHigh) == 0) {
        at += 8;
        continue;
      }
    }
    const size_t begin = at;
    const char32_t c = next_character(text, at);
    if (c == kIllFormed || c == 0) return begin;
  }
  return std::string::npos;
}

const Record& field(const Record& record, const std::string& name) {
  if (!record.is_object()) wrong_type(name, "an object around it", record);
  const auto found = record.find(name);
  if (found == record.end()) throw BadRecord(fmt::format("field {} is missing; there are: {}", name, fields_of(record)));
  return *found;
}

const std::string& text_field(const Record& record, const std::string& name) {
  const Record& value = field(record, name);
  if (!value.is_string()) wrong_type(name, "a string", value);
  return value.get_ref<const std::string&>();
}

const Record& list_field(const Record& record, const std::string& name) {
  const Record& value = field(record, name);
  if (!value.is_array()) wrong_type(name, "a list", value);
  return value;
}

std::vector<std::string> texts_field(const Record& record, const std::string& name) {
  std::vector<std::string> texts;
  for (const Record& item : list_field(record, name)) {
    if (!item.is_string()) wrong_type(name, "a list of strings", item);
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

bool has_field(const Record& record, const std::string& name) {
  const auto found = record.find(name);
  return found != record.end() && !found->is_null();
}

}  // namespace smooth
