#include "eval/held.h"

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace smooth {
namespace fs = std::filesystem;

namespace {

// A folder under this name is on its way in or out.
fs::path unfinished(const fs::path& held) { return held.string() + ".part"; }

bool is_of_optimizer(const fs::path& file) { return file.filename().string().starts_with("optimizer-"); }

// False when the file is gone.
bool link_or_copy(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_hard_link(from, to, error);
  if (!error) return true;
  fs::copy_file(from, to, error);  // another file system, or one without links
  if (!error) return true;
  if (!fs::exists(from)) return false;
  throw std::runtime_error(fmt::format("cannot copy {} to {}: {}; free some space, or choose an `out` on the run's file system, where links suffice",
                                       from.string(), to.string(), error.message()));
}

bool hold_files(const fs::path& checkpoint, const fs::path& to) {
  std::error_code gone;
  for (const fs::path& file : std::vector<fs::path>(fs::directory_iterator(checkpoint, gone), {})) {
    if (!is_of_optimizer(file) && !link_or_copy(file, to / file.filename())) return false;
  }
  return fs::exists(checkpoint / "DONE");  // which is removed first: while it is there nothing was missing
}

}  // namespace

bool hold_checkpoint(const fs::path& checkpoint, const fs::path& held) {
  if (fs::exists(held)) return true;
  fs::remove_all(unfinished(held));
  if (!fs::exists(checkpoint / "DONE")) return false;
  fs::create_directories(unfinished(held));
  if (!hold_files(checkpoint, unfinished(held))) {
    fs::remove_all(unfinished(held));
    return false;
  }
  fs::rename(unfinished(held), held);
  return true;
}

void release_checkpoint(const fs::path& held) {
  if (fs::exists(held)) fs::rename(held, unfinished(held));
  fs::remove_all(unfinished(held));
}

}  // namespace smooth
