// TensorBoard's event files: records in TFRecord's framing, each an Event of tensorflow/core/util/event.proto, of which scalars are all
// that is needed here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smooth {

// CRC-32C (Castagnoli, RFC 3720, B.4).
uint32_t crc32c(std::string_view bytes);

class EventFile {
 public:
  // A new file in `folder`, whose first steps are those after `step`: TensorBoard forgets what earlier files there say of later ones.
  // It is made with the first record.
  EventFile(const std::filesystem::path& folder, int64_t step);
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  // One record, written at once. A value that is no number is left out. What the disk does not take is thrown, and goes first the next time.
  void scalars(int64_t step, const std::vector<std::pair<std::string, double>>& values);
  void write();  // what is not written yet

 private:
  void add(const std::string& event);

  std::filesystem::path path_;
  int file_ = -1;
  std::string unwritten_;  // may begin within a record
};

}  // namespace smooth
