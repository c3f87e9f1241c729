// The array is cut into its elements by brackets and quotes alone, and each element is parsed by itself: a broken one costs no other,
// and no more than one is held.
#include <fmt/format.h>

#include <algorithm>

#include "data/sources/cursor.h"
#include "data/sources/formats.h"

namespace smooth {
namespace {

constexpr size_t kDeepest = 64;

bool is_space(int byte) { return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r'; }

std::string shown(int byte) {
  if (byte == Cursor::kEnd) return "the end of the file; is it truncated?";
  return byte > ' ' && byte < 0x7f ? fmt::format("'{}'", static_cast<char>(byte)) : fmt::format("byte 0x{:02x}", byte);
}

class Array {
 public:
  Array(std::istream& in, Intake& intake) : cursor_(in), intake_(intake), element_(static_cast<size_t>(intake.max_record_bytes())) {}

  void read(const std::string& member) {
    if (peek() == '{') find_member(member);
    take('[');
    if (peek() == ']') return end();
    for (int64_t row = 1;; ++row, cursor_.next()) {
      element_.clear();
      take_value();
      if (element_.too_long()) {
        intake_.bad(row, fmt::format("longer than {} bytes; raise max_field_mb if this is right", element_.limit()));
      } else if (!intake_.good_json(row, element_.text())) {
        return;
      }
      if (peek() == ']') return end();
      if (peek() != ',') throw BadRecord("expected ',' or ']' in front of it, found " + shown(peek()));
    }
  }

 private:
  int peek() {
    while (is_space(cursor_.peek())) cursor_.next();
    return cursor_.peek();
  }
  void take(char expected) {
    if (peek() != expected) throw BadRecord(fmt::format("expected '{}', found {}", expected, shown(peek())));
    cursor_.next();
  }
  // Nothing may follow an array; what follows a member is not looked at.
  void end() {
    if (in_object_) return;
    take(']');
    if (peek() != Cursor::kEnd) throw BadRecord("expected the end of the file behind ']', found " + shown(peek()));
  }

  // Stops in front of the member's value.
  void find_member(const std::string& member) {
    in_object_ = true;
    for (int open = '{';; open = ',') {
      take(static_cast<char>(open));
      element_.clear();
      if (peek() != '"') throw BadRecord(fmt::format("expected a member \"{}\" with a list, found {}", member, shown(peek())));
      take_value();
      take(':');
      if (!element_.too_long() && element_.text() == '"' + member + '"') return;
      peek();
      take_value();
      if (peek() == '}') throw BadRecord(fmt::format("expected a list, or an object with a list \"{}\" in it; found another object", member));
    }
  }

  // Gathers the text of one value, as brackets and quotes delimit it.
  void take_value() {
    size_t depth = 0;
    if (peek() == ',' || peek() == ']' || peek() == '}') throw BadRecord("expected a value, found " + shown(peek()));
    do {
      const int byte = cursor_.peek();
      if (byte == Cursor::kEnd) throw BadRecord("the file ends within this record; is it truncated?");
      if (byte == '"') {
        take_string();
      } else if (byte == '{' || byte == '[') {
        if (++depth > kDeepest) throw BadRecord(fmt::format("nested deeper than {} levels", kDeepest));
        gather();
      } else if (byte == '}' || byte == ']') {
        --depth;
        gather();
      } else if (depth == 0) {
        take_word();
      } else {
        gather();
      }
    } while (depth > 0);
  }
  void gather() { element_.add(static_cast<char>(cursor_.next())); }
  void take_word() {
    for (int byte = cursor_.peek(); byte != Cursor::kEnd && !is_space(byte) && byte != ',' && byte != ']' && byte != '}'; byte = cursor_.peek()) {
      gather();
    }
  }
  void take_string() {
    gather();
    for (bool escaped = false;;) {
      const std::string_view block = cursor_.at_hand();
      if (block.empty()) throw BadRecord("the file ends within a string of this record; is it truncated?");
      size_t at = 0;
      if (!escaped) at = std::min(block.find_first_of("\"\\"), block.size() - 1);
      const char last = block[at];
      element_.add(block.substr(0, at + 1));
      cursor_.skip(at + 1);
      if (last == '"' && !escaped) return;
      escaped = last == '\\' && !escaped;
    }
  }

  Cursor cursor_;
  Intake& intake_;
  Gathered element_;
  bool in_object_ = false;
};

}  // namespace

void read_json_array(std::istream& in, const std::string& member, Intake& intake) {
  Array(in, intake).read(member);
}

}  // namespace smooth
