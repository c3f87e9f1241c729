// A raw set on disk: which of its files hold training data, and their records one after another.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "configs/config.h"
#include "data/sources/records.h"

namespace smooth {

// The files of training data in a folder, sorted, however deep: those that can be read (see read_records) and whose names, and whose
// folders' names, do not say test, dev, val, valid or validation (nor TREC_10, TREC's test file); where any says train, only those
// that do. A single file may be named instead of a folder. Throws when nothing is left, or when the path itself names a test split.
std::vector<std::filesystem::path> training_files(const std::filesystem::path& path);

class RawSet {
 public:
  explicit RawSet(const SourceConfig& config);

  // Every record of every file, until `take` says that it is enough. Throws when none was good.
  void read(const std::vector<std::string>& columns, const Take& take, const std::string& member = "");

  const std::vector<std::filesystem::path>& files() const { return files_; }
  const std::filesystem::path& file() const { return file_; }  // the one that is being read
  const BadRows& bad_rows() const { return bad_; }
  int64_t good_rows() const { return good_; }

 private:
  SourceConfig config_;
  std::vector<std::filesystem::path> files_;
  std::filesystem::path file_;
  BadRows bad_;
  int64_t good_ = 0;
};

}  // namespace smooth
