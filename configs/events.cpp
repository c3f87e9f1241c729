#include "configs/events.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <stdexcept>

namespace smooth {
namespace {

template <class Number>
std::string little_endian(Number x) {
  std::string bytes(sizeof x, '\0');
  std::memcpy(bytes.data(), &x, sizeof x);
  return bytes;
}

// TFRecord's mask (tensorflow/core/lib/hash/crc32c.h): a checksum of bytes that hold checksums is a poor one.
uint32_t masked(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8U; }

// Protocol buffers' wire format: a field is its number and type, then a varint, eight or four bytes, or a length with so many bytes.
std::string varint(uint64_t x) {
  std::string bytes;
  for (; x >= 0x80; x >>= 7) bytes += static_cast<char>(x | 0x80);
  return bytes + static_cast<char>(x);
}
std::string field(int number, uint64_t x) { return varint(static_cast<uint64_t>(number) << 3) + varint(x); }
std::string field(int number, double x) { return varint(static_cast<uint64_t>(number) << 3 | 1) + little_endian(x); }
std::string field(int number, float x) { return varint(static_cast<uint64_t>(number) << 3 | 5) + little_endian(x); }
std::string field(int number, const std::string& x) { return varint(static_cast<uint64_t>(number) << 3 | 2) + varint(x.size()) + x; }

// Event: 1 wall_time, 2 step; and 3 file_version, 5 summary or 7 session_log.
std::string event(int64_t step, int number, const std::string& content) {
  const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  return field(1, now) + field(2, static_cast<uint64_t>(step)) + field(number, content);
}

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  static const std::array<uint32_t, 256> table = [] {
    std::array<uint32_t, 256> made{};
    for (uint32_t i = 0; i < made.size(); ++i) {
      made[i] = i;
      for (int bit = 0; bit < 8; ++bit) made[i] = made[i] >> 1 ^ ((made[i] & 1) != 0 ? 0x82f63b78U : 0);
    }
    return made;
  }();
  uint32_t crc = ~0U;
  for (const char byte : bytes) crc = crc >> 8 ^ table[(crc ^ static_cast<uint8_t>(byte)) & 0xff];
  return ~crc;
}

EventFile::EventFile(const std::filesystem::path& folder, int64_t step) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::string name = "events.out.tfevents." + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now).count()) + "." + host_name() + "." +
                           std::to_string(getpid()) + "." + std::to_string(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count() % 1000000000);
  path_ = folder / name;
  add(event(0, 3, "brain.Event:2"));
  add(event(step + 1, 7, field(1, uint64_t{1})));  // SessionLog: status START
}

EventFile::~EventFile() {
  if (file_ >= 0) close(file_);
}

void EventFile::scalars(int64_t step, const std::vector<std::pair<std::string, double>>& values) {
  std::string summary;
  for (const auto& [tag, value] : values) {
    if (std::isfinite(value)) summary += field(1, field(1, tag) + field(2, static_cast<float>(value)));  // Value: 1 tag, 2 simple_value
  }
  add(event(step, 5, summary));
  write();
}

void EventFile::add(const std::string& event) {
  const std::string length = little_endian(static_cast<uint64_t>(event.size()));
  unwritten_ += length + little_endian(masked(crc32c(length))) + event + little_endian(masked(crc32c(event)));
}

void EventFile::write() {
  if (file_ < 0) {
    std::filesystem::create_directories(path_.parent_path());
    file_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file_ < 0) throw std::runtime_error("cannot open " + path_.string() + ": " + std::strerror(errno));
  }
  while (!unwritten_.empty()) {
    const ssize_t count = ::write(file_, unwritten_.data(), unwritten_.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw std::runtime_error("cannot append to " + path_.string() + ": " + std::strerror(errno) + (errno == ENOSPC ? "; free some space or choose another disk" : ""));
    unwritten_.erase(0, static_cast<size_t>(count));
  }
}

}  // namespace smooth
