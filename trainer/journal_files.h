// The files of a journal, and what becomes of lines for which the disk has no space.
#pragma once

#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "configs/events.h"

namespace smooth {

class JournalFiles {
 public:
  // In the folder `run`. What cannot be written, as on a full disk, is thrown; with `waits` it is told and kept until it can be.
  JournalFiles(const std::filesystem::path& run, bool waits);

  void append(const std::string& file, const std::string& line);
  void curves(int64_t step, const std::vector<std::pair<std::string, double>>& values);
  // Writes what has waited. Empty, or why it cannot be written.
  std::string flush();

 private:
  void wait_or_throw(const std::string& trouble);

  std::filesystem::path run_;
  bool waits_, told_ = false;
  std::deque<std::pair<std::string, std::string>> lines_;  // file, line
  std::unique_ptr<EventFile> events_;
};

}  // namespace smooth
