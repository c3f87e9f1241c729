// What is written for TensorBoard, byte by byte; tests/golden/tensorboard_opens.py opens it with TensorBoard itself.
#include "configs/events.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>

#include "configs/run.h"
#include "tests/configs/folder.h"

using namespace smooth;
namespace fs = std::filesystem;

namespace {

// The events of a file, framing checked and taken off.
std::vector<std::string> events_of(const fs::path& folder) {
  std::vector<std::string> events;
  std::vector<fs::path> files(fs::directory_iterator(folder), {});
  REQUIRE(files.size() == 1);
  const std::string bytes = read_file(files[0]);
  for (size_t at = 0; at < bytes.size();) {
    uint64_t length = 0;
    uint32_t crc = 0;
    std::memcpy(&length, bytes.data() + at, 8);
    const std::string event = bytes.substr(at + 12, length);
    std::memcpy(&crc, bytes.data() + at + 12 + length, 4);
    const uint32_t unmasked = crc - 0xa282ead8U;
    CHECK((unmasked << 15 | unmasked >> 17) == crc32c(event));
    events.push_back(event.substr(9));  // without the wall time
    at += length + 16;
  }
  return events;
}

}  // namespace

TEST_CASE("CRC-32C is RFC 3720's", "[events]") {
  CHECK(crc32c("123456789") == 0xe3069283U);
  CHECK(crc32c("") == 0);
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aaU);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43U);
}

TEST_CASE("events are TensorFlow's records", "[events]") {
  const TestFolder folder;
  {
    EventFile file(folder.path, 299);
    file.scalars(300, {{"loss", 1.5}, {"norm", std::nan("")}});
  }
  const std::vector<std::string> events = events_of(folder.path);
  REQUIRE(events.size() == 3);
  CHECK(events[0] == std::string("\x10\x00\x1a\x0d", 4) + "brain.Event:2");
  CHECK(events[1] == "\x10\xac\x02\x3a\x02\x08\x01");
  CHECK(events[2] == std::string("\x10\xac\x02\x2a\x0d\x0a\x0b\x0a\x04loss\x15\x00\x00\xc0\x3f", 18));
}
