#include "data/tasks/shelf.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace smooth {
namespace {

constexpr size_t kBlock = 1 << 20;

[[noreturn]] void fail(const char* verb, const std::string& folder) {
  throw std::runtime_error(fmt::format("cannot {} a temporary file in {}: {}; choose another folder with `spool`", verb, folder,
                                       std::generic_category().message(errno)));
}

}  // namespace

Shelf::Shelf(const std::string& folder) : folder_(folder.empty() ? std::filesystem::temp_directory_path().string() : folder) {
  std::error_code ignored;  // mkstemp says what is wrong
  std::filesystem::create_directories(folder_, ignored);
  std::string name = folder_ + "/smooth-spool-XXXXXX";
  file_ = ::mkstemp(name.data());
  if (file_ < 0) fail("create", folder_);
  ::unlink(name.c_str());
}

Shelf::~Shelf() { ::close(file_); }

int64_t Shelf::add(const std::vector<std::string_view>& texts) {
  for (const std::string_view text : texts) {
    const uint64_t size = text.size();
    waiting_.append(reinterpret_cast<const char*>(&size), sizeof size);
    waiting_ += text;
  }
  ends_.push_back(written_ + static_cast<int64_t>(waiting_.size()));
  if (waiting_.size() >= kBlock) flush();
  return size() - 1;
}

void Shelf::flush() {
  for (size_t done = 0; done < waiting_.size();) {
    const ssize_t count = ::pwrite(file_, waiting_.data() + done, waiting_.size() - done, written_ + static_cast<int64_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("write", folder_);
    done += static_cast<size_t>(count);
  }
  written_ += static_cast<int64_t>(waiting_.size());
  waiting_.clear();
}

std::vector<std::string> Shelf::texts(int64_t number) const {
  const int64_t begin = number == 0 ? 0 : ends_.at(number - 1), end = ends_.at(number);
  std::string bytes(end - begin, '\0');
  // The last ones may still wait; one list is never in both places.
  if (begin >= written_) {
    bytes = waiting_.substr(begin - written_, end - begin);
  } else {
    for (int64_t done = 0; done < end - begin;) {
      const ssize_t count = ::pread(file_, bytes.data() + done, bytes.size() - done, begin + done);
      if (count < 0 && errno == EINTR) continue;
      if (count == 0) errno = EIO;
      if (count <= 0) fail("read", folder_);
      done += count;
    }
  }
  std::vector<std::string> texts;
  for (size_t at = 0; at < bytes.size();) {
    uint64_t size = 0;
    std::memcpy(&size, bytes.data() + at, sizeof size);
    texts.push_back(bytes.substr(at + sizeof size, size));
    at += sizeof size + size;
  }
  return texts;
}

}  // namespace smooth
