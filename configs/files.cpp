// The part of configs/run.h that touches files.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>
#include <regex>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "configs/run.h"

namespace smooth {
namespace {

namespace fs = std::filesystem;

// What the user can do about an errno; empty where the message says it all.
const char* advice(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
      return "; choose a place where you may write, or change its permissions";
    case ENOSPC:
    case EDQUOT:
      return "; free some space or choose another disk";
    case EMFILE:
      return "; raise the limit of open files (ulimit -n)";
    default:
      return "";
  }
}

[[noreturn]] void file_fail(const char* verb, const fs::path& path, int error) {
  throw std::runtime_error(fmt::format("cannot {} {}: {}{}", verb, path.string(),
                                       std::generic_category().message(error), advice(error)));
}

void create_folder(const fs::path& folder) {
  std::error_code error;
  if (!folder.empty()) fs::create_directories(folder, error);
  if (error) file_fail("create the folder", folder, error.value());
}

// An open file, closed when it goes out of scope.
struct Descriptor {
  explicit Descriptor(int opened) : number(opened) {}
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number;
};

// All of `text`, in one call unless the kernel takes less; 0 or an errno, and how much was written.
int write_all(int file, std::string_view text, size_t& done) {
  for (done = 0; done < text.size();) {
    const ssize_t count = ::write(file, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    done += static_cast<size_t>(count);
  }
  return 0;
}

// A name is on disk only once its folder is.
void flush_folder(const fs::path& folder) {
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.number < 0) file_fail("open the folder", folder, errno);
  // Some network file systems cannot flush folders and say EINVAL; they promise no less by that
  // than without the call.
  if (::fsync(opened.number) && errno != EINVAL) file_fail("flush the folder", folder, errno);
}

// A file under a name of its own that is removed unless it got renamed.
class Temporary {
 public:
  explicit Temporary(const fs::path& target) : target_(target) {
    static std::atomic<int> number = 0;
    do {  // a name may be left from a killed process that had our id
      path_ = target.parent_path() /
              fmt::format(".{}.{}.{}.tmp", target.filename().string(), ::getpid(), number++);
      file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (file_ < 0 && errno == EEXIST);
    if (file_ < 0) file_fail("create a file beside", target, errno);
  }
  ~Temporary() {
    ::close(file_);
    if (!renamed_) ::unlink(path_.c_str());
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  void write(std::string_view text) {
    size_t written = 0;
    if (const int error = write_all(file_, text, written)) file_fail("write", target_, error);
  }
  void rename() {
    if (::fsync(file_)) file_fail("flush", target_, errno);
    if (::rename(path_.c_str(), target_.c_str())) file_fail("replace", target_, errno);
    renamed_ = true;
  }

 private:
  fs::path target_, path_;
  int file_ = -1;
  bool renamed_ = false;
};

off_t file_size(int file, const fs::path& path) {
  struct stat status {};
  if (::fstat(file, &status)) file_fail("look at", path, errno);
  return status.st_size;
}

// Where the last whole line ends.
off_t end_of_lines(int file, const fs::path& path, off_t size) {
  char block[4096];
  for (off_t end = size; end > 0;) {
    const off_t begin = std::max<off_t>(0, end - static_cast<off_t>(sizeof block));
    const ssize_t count = ::pread(file, block, static_cast<size_t>(end - begin), begin);
    if (count != end - begin) file_fail("read", path, count < 0 ? errno : EIO);
    for (off_t i = end - begin; i-- > 0;) {
      if (block[i] == '\n') return begin + i + 1;
    }
    end = begin;
  }
  return 0;
}

template <class Use>
void read_blocks(const fs::path& path, const Use& use) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number < 0) file_fail("read", path, errno);
  char block[1 << 16];
  for (;;) {
    const ssize_t count = ::read(file.number, block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) file_fail("read", path, errno);
    if (count == 0) return;
    use(block, static_cast<size_t>(count));
  }
}

constexpr uint64_t kFnvBasis = 14695981039346656037u, kFnvPrime = 1099511628211u;

uint64_t fnv1a(const char* bytes, size_t count, uint64_t hash) {
  for (size_t i = 0; i < count; ++i)
    hash = (hash ^ static_cast<unsigned char>(bytes[i])) * kFnvPrime;
  return hash;
}

// Is it a name that Temporary makes: .NAME.PROCESS.NUMBER.tmp?
bool is_temporary(const std::string& name) {
  static const std::regex pattern(R"(\..+\.[0-9]+\.[0-9]+\.tmp)");
  return std::regex_match(name, pattern);
}

// Nobody else writes here while the lock is held; but a folder in it may be locked by another.
void remove_temporaries(const fs::path& folder) {
  const std::vector<fs::directory_entry> entries(fs::directory_iterator(folder), {});
  for (const fs::directory_entry& entry : entries) {
    if (entry.is_symlink()) continue;
    if (entry.is_directory() && !fs::exists(entry.path() / ".lock")) {
      remove_temporaries(entry.path());
    } else if (entry.is_regular_file() && is_temporary(entry.path().filename())) {
      fs::remove(entry.path());
    }
  }
}

std::string host_name() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

}  // namespace

void write_file(const fs::path& path, const std::string& text) {
  write_file(path, [&](const Append& append) { append(text); });
}

void write_file(const fs::path& path, const std::function<void(const Append&)>& produce) {
  create_folder(path.parent_path());
  Temporary temporary(path);
  produce([&](std::string_view bytes) { temporary.write(bytes); });
  temporary.rename();
  flush_folder(path.has_parent_path() ? path.parent_path() : ".");
}

std::string read_file(const fs::path& path) {
  std::string text;
  read_blocks(path, [&](const char* block, size_t count) { text.append(block, count); });
  return text;
}

LineFile::LineFile(const fs::path& path) : path_(path) {
  create_folder(path.parent_path());
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  if (file.number < 0) file_fail("open", path, errno);
  const off_t size = file_size(file.number, path);
  const off_t end = end_of_lines(file.number, path, size);
  if (end < size && ::ftruncate(file.number, end))
    file_fail("cut the unfinished last line off", path, errno);
  file_ = std::exchange(file.number, -1);
}

LineFile::LineFile(LineFile&& other) noexcept
    : file_(std::exchange(other.file_, -1)), path_(std::move(other.path_)) {}

LineFile::~LineFile() {
  if (file_ >= 0) ::close(file_);
}

void LineFile::append(const std::string& line) {
  if (line.find('\n') != std::string::npos) {
    throw std::runtime_error(fmt::format(
        "cannot append to {}: expected one line, got a line break in `{:.80}`", path_.string(), line));
  }
  size_t written = 0;
  const int error = write_all(file_, line + "\n", written);
  if (!error) return;
  const off_t size = written ? file_size(file_, path_) : 0;
  if (written && ::ftruncate(file_, size - static_cast<off_t>(written)))
    file_fail("cut half a line off", path_, errno);
  file_fail("append to", path_, error);
}

std::string checksum(std::string_view bytes) {
  return fmt::format("{:016x}", fnv1a(bytes.data(), bytes.size(), kFnvBasis));
}

std::string checksum_file(const fs::path& path) {
  uint64_t hash = kFnvBasis;
  read_blocks(path, [&](const char* block, size_t count) { hash = fnv1a(block, count, hash); });
  return fmt::format("{:016x}", hash);
}

std::string checksum_input(const fs::path& path) {
  static std::mutex mutex;
  static std::map<std::string, std::string> known;
  std::error_code missing;
  const auto changed = fs::last_write_time(path, missing).time_since_epoch().count();
  if (missing) return checksum_file(path);  // which says why
  const std::string key = fmt::format("{} {} {}", fs::canonical(path).string(), fs::file_size(path), changed);
  const std::lock_guard lock(mutex);
  const auto found = known.find(key);
  return found != known.end() ? found->second : known.emplace(key, checksum_file(path)).first->second;
}

FolderLock::FolderLock(const fs::path& folder, IfTaken if_taken) {
  create_folder(folder);
  const fs::path path = folder / ".lock";
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (file.number < 0) file_fail("open", path, errno);
  if (::flock(file.number, LOCK_EX | LOCK_NB)) {
    if (errno != EWOULDBLOCK) file_fail("lock", path, errno);
    const std::string taken = fmt::format("{} is in use by {}", folder.string(), read_file(path));
    if (if_taken == IfTaken::kThrow)
      throw std::runtime_error(taken + "; wait until it has ended, or choose another folder");
    fmt::print(stderr, "smooth: {}; waiting until it has ended\n", taken);
    while (::flock(file.number, LOCK_EX)) {
      if (errno != EINTR) file_fail("lock", path, errno);
    }
  }
  // Whoever finds the lock taken reads this; the lock itself is the kernel's and ends with the
  // process.
  size_t written = 0;
  const std::string holder = fmt::format("process {} on {}", ::getpid(), host_name());
  if (::ftruncate(file.number, 0)) file_fail("write", path, errno);
  if (const int error = write_all(file.number, holder, written)) file_fail("write", path, error);
  remove_temporaries(folder);
  file_ = std::exchange(file.number, -1);
}

FolderLock::~FolderLock() { ::close(file_); }

void clear_folder(const fs::path& folder, const std::vector<std::string>& last) {
  for (const fs::path& path : std::vector<fs::path>(fs::directory_iterator(folder), {})) {
    const std::string name = path.filename();
    if (name != ".lock" && std::find(last.begin(), last.end(), name) == last.end())
      fs::remove_all(path);
  }
  for (const std::string& name : last) fs::remove_all(folder / name);
}

}  // namespace smooth
