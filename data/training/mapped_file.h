// A file mapped into memory to be read. Only pages that are touched are held, and the kernel may take them back at any time.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace smooth {

// A file that another process cuts off while it is mapped ends this one with SIGBUS; ours are renamed into place whole.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& file);  // may be empty; throws naming it
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  size_t size() const { return size_; }  // bytes
  template <class T>
  std::span<const T> as() const {
    return {static_cast<const T*>(data_), size_ / sizeof(T)};
  }
  // What was read so far is no longer held by this process; it stays readable, from the page cache or the disk.
  void release() const;

 private:
  void* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace smooth
