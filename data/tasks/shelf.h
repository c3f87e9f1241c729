// Lists of texts on disk, each read again by its number: raw sets are larger than memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace smooth {

class Shelf {
 public:
  explicit Shelf(const std::string& folder);  // empty: the system's for temporary files. The file has no name: nothing stays behind
  ~Shelf();
  Shelf(const Shelf&) = delete;
  Shelf& operator=(const Shelf&) = delete;

  int64_t add(const std::vector<std::string_view>& texts);  // gives back its number: 0, 1, ...
  std::vector<std::string> texts(int64_t number) const;     // may be called by several threads at once
  int64_t size() const { return static_cast<int64_t>(ends_.size()); }

 private:
  void flush();
  int file_ = -1;
  std::string folder_, waiting_;  // what is not yet written
  int64_t written_ = 0;
  std::vector<int64_t> ends_;  // bytes
};

}  // namespace smooth
