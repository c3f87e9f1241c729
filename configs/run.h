// What every long command leaves and shows: atomically written files, checksums, a progress bar, the command line's end.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace smooth {

// Writes beside `path` (a unique name in the same folder), flushes to disk and renames into place. Creates the folder.
void write_file(const std::filesystem::path& path, const std::string& text);
// The same for what is too big for one string: `produce` is given a function that appends bytes.
using Append = std::function<void(std::string_view)>;
void write_file(const std::filesystem::path& path, const std::function<void(const Append&)>& produce);
// Whole file; throws std::runtime_error naming the path.
std::string read_file(const std::filesystem::path& path);

// A file that grows by whole lines and survives kill -9: opening it cuts off an unfinished last line.
class LineFile {
 public:
  explicit LineFile(const std::filesystem::path& path);
  LineFile(LineFile&&) noexcept;
  ~LineFile();
  void append(const std::string& line);  // adds the newline, flushes to the kernel

 private:
  int file_ = -1;
  std::filesystem::path path_;
};

// 16 hex digits of FNV-1a (64 bit), for manifests and "is this still the same input".
std::string checksum(std::string_view bytes);
std::string checksum_file(const std::filesystem::path& path);
// The same of a file that stays as it is while it is used, as data and weights do: read again only where its size or time has changed.
std::string checksum_input(const std::filesystem::path& path);

// Exclusive for as long as it lives; when another process holds it, throws naming the folder, or says so and waits. Taking it
// removes what killed writers left of `write_file`, except below folders that have a lock of their own.
class FolderLock {
 public:
  enum class IfTaken { kThrow, kWait };
  explicit FolderLock(const std::filesystem::path& folder, IfTaken if_taken = IfTaken::kThrow);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int file_ = -1;
};

// Empties a folder whose lock is held. What is named in `last` goes last, so that after a kill it still says what the rest is.
void clear_folder(const std::filesystem::path& folder, const std::vector<std::string>& last);

// `label [=====>    ] 120/400  30 %  1 234 tokens/s  0:12 left  note` on a terminal (redrawn at most ten times a second),
// plain lines (every ten seconds and at the end) otherwise. Standard error. `done_before` counts what a resumed run found.
class Progress {
 public:
  Progress(std::string label, int64_t total, std::string unit, int64_t done_before = 0);
  ~Progress();  // ends the line
  void advance(int64_t amount, const std::string& note = "");
  void finish(const std::string& note = "");

 private:
  void draw(bool last);
  std::string label_, unit_, note_;
  int64_t total_, done_, start_;
  bool terminal_, finished_ = false;
  std::chrono::steady_clock::time_point began_, drawn_;
};

std::string format_count(double value);       // 1234567 -> "1.23M"
std::string format_seconds(double seconds);   // 75 -> "1:15"
std::string format_bytes(double bytes);       // 1536 -> "1.5 KiB"

// `smooth: TEXT` to standard error; nothing of a process that be_silent() was called in: of a run's ranks the first one speaks.
void note(const std::string& text);
void be_silent();

// Runs `body` and turns what it throws into an exit status: ConfigError 2, anything else 1; the message goes to
// standard error as "smooth: MESSAGE". The only place where exceptions are caught.
int run_main(const std::function<int()>& body);

}  // namespace smooth
