#include "eval/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace smooth {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path) { throw std::system_error(errno, std::generic_category(), path.string()); }

}  // namespace

Spool::Spool(const std::filesystem::path& file) : path_(file) {
  std::filesystem::create_directories(path_.parent_path());
  file_ = open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file_ < 0) fail(path_);
  unlink(path_.c_str());
}

Spool::~Spool() { close(file_); }

void Spool::add(size_t row, const Exchange& exchange) {
  const std::string text = to_json(exchange);
  for (size_t done = 0; done < text.size();) {
    const ssize_t count = pwrite(file_, text.data() + done, text.size() - done, end_ + static_cast<int64_t>(done));
    if (count < 0) fail(path_);
    done += static_cast<size_t>(count);
  }
  if (rows_.size() <= row) rows_.resize(row + 1);
  rows_[row].push_back({end_, static_cast<int64_t>(text.size())});
  end_ += static_cast<int64_t>(text.size());
}

std::vector<Exchange> Spool::exchanges(size_t row) const {
  std::vector<Exchange> found;
  if (row >= rows_.size()) return found;
  for (const Piece& piece : rows_[row]) {
    std::string text(piece.size, '\0');
    for (int64_t done = 0; done < piece.size;) {
      const ssize_t count = pread(file_, text.data() + done, piece.size - done, piece.offset + done);
      if (count == 0) errno = EIO;
      if (count <= 0) fail(path_);
      done += count;
    }
    found.push_back(exchange_from_json(text));
  }
  return found;
}

}  // namespace smooth
