#include "model/files/zip.h"

#include <cstring>
#include <stdexcept>
#include <vector>

#include "model/files/stored.h"

namespace smooth {
namespace {

constexpr uint32_t kLocalHeader = 0x04034b50, kCentralHeader = 0x02014b50, kEnd = 0x06054b50, kEnd64 = 0x06064b50, kLocator64 = 0x07064b50;
constexpr size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22, kEnd64Size = 56, kLocator64Size = 20, kMaxComment = 65535;
constexpr uint64_t kIn64 = 0xffffffff;  // a 32-bit field that says: look into the zip64 extra field
constexpr unsigned kEncrypted = 1, kSizesFollow = 8;

class Zip {
 public:
  Zip(std::string_view bytes, const std::string& file) : bytes_(bytes), file_(file) {}

  std::map<std::string, ZipMember> read() {
    find_directory();
    uint64_t at = directory_;
    for (uint64_t i = 0; i < count_; ++i) {
      const Central entry = central(at);
      at = entry.next;
      const ZipMember member = local(entry);
      if (!members_.emplace(entry.name, member).second) refuse("member " + shown(entry.name) + " is in it twice");
      check_apart(entry, static_cast<uint64_t>(member.begin + member.size));
    }
    if (at != directory_ + directory_size_) refuse("its directory does not end where it should");
    return members_;
  }

 private:
  struct Central {
    std::string name;
    unsigned flags = 0;
    uint64_t size = 0, local = 0, next = 0;
  };

  [[noreturn]] void refuse(const std::string& why) const { throw std::runtime_error(file_ + ": not a zip archive of torch.save: " + why); }

  template <class T>
  T number(uint64_t at) const {
    T value = 0;
    if (at > bytes_.size() || bytes_.size() - at < sizeof value) refuse("cut off at byte " + std::to_string(at));
    std::memcpy(&value, bytes_.data() + at, sizeof value);
    return value;
  }
  std::string_view text(uint64_t at, uint64_t size) const {
    if (at > bytes_.size() || bytes_.size() - at < size) refuse("cut off at byte " + std::to_string(at));
    return bytes_.substr(at, size);
  }

  // The end record is last but for a comment; a zip64 archive has a locator before it that leads to a second one.
  void find_directory() {
    const uint64_t size = bytes_.size();
    if (size < kEndSize) refuse("it has " + std::to_string(size) + " bytes");
    uint64_t end = size - kEndSize;
    const uint64_t lowest = end > kMaxComment ? end - kMaxComment : 0;
    while (number<uint32_t>(end) != kEnd || number<uint16_t>(end + 20) != size - end - kEndSize) {
      if (end-- == lowest) refuse("it has no directory at its end (file cut off?)");
    }
    count_ = number<uint16_t>(end + 10);
    directory_size_ = number<uint32_t>(end + 12);
    directory_ = number<uint32_t>(end + 16);
    if (end >= kLocator64Size && number<uint32_t>(end - kLocator64Size) == kLocator64) {
      end = number<uint64_t>(end - kLocator64Size + 8);
      if (end > size || size - end < kEnd64Size || number<uint32_t>(end) != kEnd64) refuse("its zip64 directory is not where it should be");
      count_ = number<uint64_t>(end + 32);
      directory_size_ = number<uint64_t>(end + 40);
      directory_ = number<uint64_t>(end + 48);
    }
    if (directory_ > end || directory_size_ > end - directory_ || count_ > directory_size_ / kCentralSize) {
      refuse("its directory of " + std::to_string(count_) + " members does not lie within it");
    }
  }

  Central central(uint64_t at) const {
    if (number<uint32_t>(at) != kCentralHeader) refuse("its directory has no member at byte " + std::to_string(at));
    const uint64_t name = number<uint16_t>(at + 28), extra = number<uint16_t>(at + 30), comment = number<uint16_t>(at + 32);
    Central entry{.name = std::string(text(at + kCentralSize, name)), .flags = number<uint16_t>(at + 8), .size = number<uint32_t>(at + 24),
                  .local = number<uint32_t>(at + 42), .next = at + kCentralSize + name + extra + comment};
    uint64_t compressed = number<uint32_t>(at + 20);
    read_zip64(text(at + kCentralSize + name, extra), {&entry.size, &compressed, &entry.local});
    const auto complain = [&](const std::string& why) { refuse("member " + shown(entry.name) + " " + why); };
    if (entry.flags & kEncrypted) complain("is encrypted");
    if (number<uint16_t>(at + 10) != 0 || compressed != entry.size) complain("is compressed; torch.save only stores (was it zipped again?)");
    return entry;
  }

  // The extra field 1 holds, in order, those 64-bit numbers whose 32-bit fields are full.
  void read_zip64(std::string_view extra, const std::vector<uint64_t*>& numbers) const {
    while (extra.size() >= 4) {
      uint16_t id = 0, size = 0;
      std::memcpy(&id, extra.data(), 2);
      std::memcpy(&size, extra.data() + 2, 2);
      if (size > extra.size() - 4) return;  // padding, as some writers leave it
      std::string_view field = extra.substr(4, size);
      for (uint64_t* number : numbers) {
        if (id != 1 || *number != kIn64) continue;
        if (field.size() < 8) refuse("a zip64 field is too short");
        std::memcpy(number, field.data(), 8);
        field.remove_prefix(8);
      }
      if (id == 1) return;
      extra.remove_prefix(4 + size);
    }
  }

  // The header in front of the member's bytes must tell the same name, and the same size unless it leaves that to the directory.
  ZipMember local(const Central& entry) const {
    const auto complain = [&](const std::string& why) { refuse("member " + shown(entry.name) + " " + why); };
    if (entry.local > directory_ || number<uint32_t>(entry.local) != kLocalHeader) complain("is not where the directory says");
    const uint64_t name = number<uint16_t>(entry.local + 26), extra = number<uint16_t>(entry.local + 28);
    if (text(entry.local + kLocalSize, name) != entry.name) complain("has another name where it lies");
    if (number<uint16_t>(entry.local + 8) != 0) complain("is compressed where it lies, not in the directory");
    const uint64_t size = number<uint32_t>(entry.local + 22), begin = entry.local + kLocalSize + name + extra;
    if (!(entry.flags & kSizesFollow) && size != kIn64 && size != entry.size) {
      complain("has " + std::to_string(size) + " bytes where it lies and " + std::to_string(entry.size) + " in the directory");
    }
    if (begin > directory_ || entry.size > directory_ - begin) complain("goes beyond the archive's end");
    return {static_cast<int64_t>(begin), static_cast<int64_t>(entry.size)};
  }

  // No member's header and bytes may reach into another's.
  void check_apart(const Central& entry, uint64_t end) {
    const auto [place, fresh] = ends_.emplace(entry.local, end);
    const bool before = place != ends_.begin() && std::prev(place)->second > entry.local;
    const bool behind = std::next(place) != ends_.end() && std::next(place)->first < end;
    if (!fresh || before || behind) refuse("member " + shown(entry.name) + " overlaps another");
  }

  std::string_view bytes_;
  const std::string& file_;
  uint64_t directory_ = 0, directory_size_ = 0, count_ = 0;
  std::map<std::string, ZipMember> members_;
  std::map<uint64_t, uint64_t> ends_;  // first byte of a member's header -> behind its last byte
};

}  // namespace

std::map<std::string, ZipMember> read_zip(std::string_view bytes, const std::string& file) { return Zip(bytes, file).read(); }

}  // namespace smooth
