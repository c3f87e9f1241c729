// A file mapped into memory. The mapping is private and writable: a tensor that lies in it may be trained in place, which
// copies the pages it touches and never reaches the file.
#pragma once

#include <string>
#include <string_view>

namespace smooth {

// A file that another process cuts off while it is mapped ends this one with SIGBUS; ours are renamed into place whole.
class Mapping {
 public:
  explicit Mapping(const std::string& file);  // throws naming the file
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  const std::string& file() const { return file_; }
  std::string_view bytes() const { return {data_, size_}; }
  char* data() const { return data_; }

 private:
  std::string file_;
  char* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace smooth
