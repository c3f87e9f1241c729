// Where each row's raw set has its home, and bringing it from there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace smooth {

struct RawFile {
  std::string url, name;   // where it is, and what it is called below the row's folder
  int64_t megabytes = 0;   // about; 0: not known. A file of another size is something else, an error page or another version
};

struct RawHome {
  std::string row;
  std::vector<RawFile> files;
  std::string note;  // the licence, and what is to be done with the files once they are there; a line each
};

// Throws for rows that have no raw set, naming those that have one.
const RawHome& raw_home(const std::string& row);

// The commands that bring a row's files to `folder`, for a shell: curl, resuming, and a check of each file's size.
std::string fetch_commands(const RawHome& home, const std::filesystem::path& folder);

struct FetchOptions {
  int tries = 8;
  double seconds_between = 1;  // doubled after each failure in a row
  double stalled_after = 60;   // seconds without a byte
};

// Brings the files themselves. What is there with its full size is kept; a broken download goes on where it broke, now or at the next
// call (FILE.part). Throws when a file cannot be had or does not have the size that its server or its entry says.
void fetch(const RawHome& home, const std::filesystem::path& folder, const FetchOptions& options = {});

}  // namespace smooth
