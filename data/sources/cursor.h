// The bytes of a stream, one at a time or as many as are at hand, in bounded memory.
#pragma once

#include <istream>
#include <string>
#include <string_view>
#include <vector>

#include "data/sources/records.h"

namespace smooth {

class Cursor {
 public:
  // A UTF-8 byte order mark at the beginning is left out.
  explicit Cursor(std::istream& in) : in_(in), block_(1 << 18) {
    if (at_hand().starts_with("\xef\xbb\xbf")) skip(3);
  }

  // What has been read from the stream and not been skipped; empty at its end.
  std::string_view at_hand() {
    if (at_ == end_) fill();
    return {block_.data() + at_, end_ - at_};
  }
  void skip(size_t bytes) { at_ += bytes; }

  static constexpr int kEnd = -1;
  int peek() {
    if (at_ == end_) fill();
    return at_ == end_ ? kEnd : static_cast<unsigned char>(block_[at_]);
  }
  int next() {
    const int byte = peek();
    if (byte != kEnd) ++at_;
    return byte;
  }

 private:
  void fill() {
    at_ = end_ = 0;
    in_.read(block_.data(), static_cast<std::streamsize>(block_.size()));
    if (in_.bad()) throw BadRecord("the file cannot be read on");
    end_ = static_cast<size_t>(in_.gcount());
  }

  std::istream& in_;
  std::vector<char> block_;
  size_t at_ = 0, end_ = 0;
};

// A text that grows up to a limit; what is beyond it is only noticed.
class Gathered {
 public:
  explicit Gathered(size_t limit) : limit_(limit) {}
  void add(std::string_view more) {
    if (text_.size() + more.size() > limit_) too_long_ = true;
    if (!too_long_) text_ += more;
  }
  void add(char more) { add(std::string_view(&more, 1)); }
  void clear() {
    text_.clear();
    too_long_ = false;
  }
  bool too_long() const { return too_long_; }
  size_t limit() const { return limit_; }
  std::string& text() { return text_; }

 private:
  size_t limit_;
  std::string text_;
  bool too_long_ = false;
};

}  // namespace smooth
