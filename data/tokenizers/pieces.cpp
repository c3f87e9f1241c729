#include "data/tokenizers/pieces.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "data/tokenizers/utf8.h"

namespace smooth {
namespace {

// What the pattern tells apart. kNewline is \r and \n, which are also \s; kBlank is the rest of \s.
enum Class : uint8_t { kOther, kLetter, kNumber, kBlank, kNewline, kEnd };

// Hugging Face's `tokenizers` has Unicode 16 here (0.23, every character compared). Its letters and numbers that are newer than
// Unicode 15, which Debian 12's ICU has.
using Range = std::pair<UChar32, UChar32>;  // both ends are in it
constexpr Range kNewLetters[] = {
    {0x1c89, 0x1c8a}, {0xa7cb, 0xa7cd}, {0xa7da, 0xa7dc}, {0x105c0, 0x105f3}, {0x10d4a, 0x10d65}, {0x10d6f, 0x10d85},
    {0x10ec2, 0x10ec4}, {0x11380, 0x11389}, {0x1138b, 0x1138b}, {0x1138e, 0x1138e}, {0x11390, 0x113b5}, {0x113b7, 0x113b7},
    {0x113d1, 0x113d1}, {0x113d3, 0x113d3}, {0x11bc0, 0x11be0}, {0x13460, 0x143fa}, {0x16100, 0x1611d}, {0x16d40, 0x16d6c},
    {0x18cff, 0x18cff}, {0x1e5d0, 0x1e5ed}, {0x1e5f0, 0x1e5f0}, {0x2ebf0, 0x2ee5d}};
constexpr Range kNewNumbers[] = {
    {0x10d40, 0x10d49}, {0x116d0, 0x116e3}, {0x11bf0, 0x11bf9}, {0x16130, 0x16139}, {0x16d70, 0x16d79}, {0x1ccf0, 0x1ccf9},
    {0x1e5f1, 0x1e5fa}};

UBool fill(const void* context, UChar32 begin, UChar32 end, UCharCategory category) {
  auto& table = *static_cast<std::vector<Class>*>(const_cast<void*>(context));
  const uint32_t bit = U_MASK(category);
  const Class found = bit & U_GC_L_MASK ? kLetter : bit & U_GC_N_MASK ? kNumber : kOther;
  std::fill(table.begin() + begin, table.begin() + end, found);
  return true;
}

std::vector<Class> all_classes() {
  std::vector<Class> table(UCHAR_MAX_VALUE + 1, kOther);
  u_enumCharTypes(fill, &table);
  for (const auto& [first, last] : kNewLetters) std::fill(table.begin() + first, table.begin() + last + 1, kLetter);
  for (const auto& [first, last] : kNewNumbers) std::fill(table.begin() + first, table.begin() + last + 1, kNumber);
  for (UChar32 c = 0; c <= 0xffff; ++c) {  // every White_Space character is in the first plane
    if (u_isUWhiteSpace(c)) table[c] = c == '\r' || c == '\n' ? kNewline : kBlank;
  }
  return table;
}

// A place in the text and the class of the character there.
class Cursor {
 public:
  Cursor(std::string_view text, size_t at) : text_(text), next_(at) { step(); }

  void step() {
    at_ = next_;
    if (at_ == text_.size()) {
      class_ = kEnd;
      return;
    }
    const auto byte = static_cast<uint8_t>(text_[at_]);
    if (byte < 0x80) {
      class_ = table_[byte];
      ++next_;
      return;
    }
    const char32_t c = next_character(text_, next_);
    class_ = c == kIllFormed ? kOther : table_[c];
  }
  void skip(Class a) {
    while (class_ == a) step();
  }
  Class operator*() const { return class_; }
  size_t at() const { return at_; }
  size_t next() const { return next_; }

 private:
  static const Class* table() {
    static const std::vector<Class> table = all_classes();
    return table.data();
  }
  const Class* table_ = table();
  std::string_view text_;
  size_t at_ = 0, next_;
  Class class_ = kEnd;
};

// (?i:'s|'t|'re|'ve|'m|'ll|'d) after the apostrophe: how many bytes, 0 if none. The long s is an s to a caseless match.
size_t contraction(std::string_view rest) {
  const auto lower = [&](size_t i) { return i < rest.size() ? rest[i] | 0x20 : 0; };
  const int first = lower(0), second = lower(1);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 1;
  if ((first == 'r' || first == 'v') && second == 'e') return 2;
  if (first == 'l' && second == 'l') return 2;
  return rest.substr(0, 2) == "\u017f" ? 2 : 0;
}

// \s*[\r\n]+ | \s+(?!\S) | \s+ from a blank or newline that no letter or symbol takes.
size_t blanks_end(Cursor cursor) {
  size_t last_newline = 0, last_blank = cursor.at();  // the end of the one, the beginning of the other
  size_t count = 0;
  for (; *cursor == kBlank || *cursor == kNewline; cursor.step(), ++count) {
    if (*cursor == kNewline) last_newline = cursor.next();
    last_blank = cursor.at();
  }
  if (last_newline) return last_newline;
  return *cursor == kEnd || count == 1 ? cursor.at() : last_blank;
}

}  // namespace

size_t piece_end(std::string_view text, size_t begin) {
  Cursor cursor(text, begin);
  const Class first = *cursor;
  if (first == kNumber) return cursor.next();
  if (first == kNewline) return blanks_end(cursor);
  if (first != kLetter) {
    if (text[begin] == '\'') {
      if (const size_t length = contraction(text.substr(begin + 1))) return begin + 1 + length;
    }
    Cursor second = cursor;
    second.step();
    const bool symbols = first == kOther || (text[begin] == ' ' && *second == kOther);
    if (*second != kLetter && !symbols) return blanks_end(cursor);
    cursor = second;
    if (*second != kLetter) {  // ` ?[^\s\p{L}\p{N}]+[\r\n]*`
      cursor.skip(kOther);
      cursor.skip(kNewline);
      return cursor.at();
    }
  }
  cursor.skip(kLetter);  // `[^\r\n\p{L}\p{N}]?\p{L}+`
  return cursor.at();
}

}  // namespace smooth
