// What the tests of checkpoint files share: a folder that goes away, and equality of bits.
#pragma once

#include <ATen/ATen.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <string>

#include "configs/run.h"

namespace smooth {

// A folder of one test's own.
class Scratch {
 public:
  Scratch() {
    static std::atomic<int> number = 0;
    folder_ = std::filesystem::temp_directory_path() / ("smooth-files-" + std::to_string(getpid()) + "-" + std::to_string(number++));
    std::filesystem::create_directories(folder_);
  }
  ~Scratch() { std::filesystem::remove_all(folder_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::string path(const std::string& name) const { return folder_ / name; }
  std::string write(const std::string& name, const std::string& content) const {
    write_file(folder_ / name, content);
    return folder_ / name;
  }

 private:
  std::filesystem::path folder_;
};

// Type, shape and every bit; not the strides.
inline bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  if (a.scalar_type() != b.scalar_type() || a.sizes() != b.sizes()) return false;
  const at::Tensor x = a.contiguous(), y = b.contiguous();
  return x.nbytes() == 0 || std::memcmp(x.const_data_ptr(), y.const_data_ptr(), x.nbytes()) == 0;
}

}  // namespace smooth
