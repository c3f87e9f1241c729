#include "model/files/mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace smooth {
namespace {

[[noreturn]] void fail(const std::string& file, const std::string& what, int error) {
  throw std::runtime_error(file + ": " + what + ": " + std::generic_category().message(error));
}

}  // namespace

Mapping::Mapping(const std::string& file) : file_(file) {
  const int handle = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (handle < 0) fail(file, "cannot be opened", errno);
  struct stat status {};
  const int seen = ::fstat(handle, &status);
  const bool regular = seen == 0 && S_ISREG(status.st_mode);
  size_ = regular ? static_cast<size_t>(status.st_size) : 0;
  // NORESERVE: a checkpoint larger than the memory that is left can still be read, as only touched pages are held.
  void* bytes = size_ > 0 ? ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, handle, 0) : MAP_FAILED;
  const int error = errno;
  ::close(handle);
  if (!regular) throw std::runtime_error(file + ": is not a file");
  if (size_ == 0) throw std::runtime_error(file + ": is empty");
  if (bytes == MAP_FAILED) fail(file, "cannot be mapped into memory", error);
  data_ = static_cast<char*>(bytes);
}

Mapping::~Mapping() { ::munmap(data_, size_); }

}  // namespace smooth
