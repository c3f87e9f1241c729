// Exchanges wait on disk while their readings go on, so that what an evaluation holds in memory does not grow with what
// was read and written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "data/reading.h"

namespace smooth {

class Spool {
 public:
  explicit Spool(const std::filesystem::path& file);  // has no name any more once it is open: nothing stays behind
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  void add(size_t row, const Exchange& exchange);
  std::vector<Exchange> exchanges(size_t row) const;  // in the order they came

 private:
  struct Piece {
    int64_t offset, size;
  };
  int file_;
  std::filesystem::path path_;
  int64_t end_ = 0;
  std::vector<std::vector<Piece>> rows_;
};

}  // namespace smooth
