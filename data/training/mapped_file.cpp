#include "data/training/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace smooth {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& what, int error) {
  throw std::runtime_error(file.string() + ": " + what + ": " + std::generic_category().message(error));
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& file) {
  const int handle = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (handle < 0) fail(file, "cannot be opened", errno);
  struct stat status {};
  const bool regular = ::fstat(handle, &status) == 0 && S_ISREG(status.st_mode);
  size_ = regular ? static_cast<size_t>(status.st_size) : 0;
  void* const bytes = size_ > 0 ? ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, handle, 0) : nullptr;
  const int error = errno;
  ::close(handle);
  if (!regular) throw std::runtime_error(file.string() + ": is not a file");
  if (bytes == MAP_FAILED) fail(file, "cannot be mapped into memory", error);
  data_ = bytes;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

void MappedFile::release() const {
  if (data_ != nullptr) ::madvise(data_, size_, MADV_DONTNEED);
}

}  // namespace smooth
