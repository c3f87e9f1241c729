// Sources: PKWARE APPNOTE.TXT 6.3 (zip, zip64), Python's pickletools, torch/serialization.py. Members are stored, their data at
// multiples of 64 bytes as PyTorch's own writer leaves them, so that a mapped file can be used in place.
#include "model/files/torch_save.h"

#include <ATen/ATen.h>

#include <array>
#include <cstring>
#include <set>
#include <stdexcept>

#include "configs/run.h"
#include "model/files/stored.h"

namespace smooth {
namespace {

constexpr uint64_t kNarrow = 0xffffffff;  // a field of 32 bits that says: see the zip64 extra
constexpr int64_t kAlignment = 64;

// Little-endian numbers end to end.
class Bytes {
 public:
  Bytes& u8(uint64_t value) { return number(value, 1); }
  Bytes& u16(uint64_t value) { return number(value, 2); }
  Bytes& u32(uint64_t value) { return number(value, 4); }
  Bytes& u64(uint64_t value) { return number(value, 8); }
  Bytes& text(std::string_view value) {
    bytes_ += value;
    return *this;
  }
  const std::string& str() const { return bytes_; }

 private:
  Bytes& number(uint64_t value, int width) {
    for (int i = 0; i < width; ++i) bytes_ += static_cast<char>(value >> (8 * i));
    return *this;
  }
  std::string bytes_;
};

// CRC-32 as zip has it (polynomial 0xedb88320), eight bytes a turn.
class Crc32 {
 public:
  Crc32() {
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (value & 1 ? 0xedb88320 : 0);
      table_[0][i] = value;
    }
    for (size_t k = 1; k < 8; ++k) {
      for (size_t i = 0; i < 256; ++i) table_[k][i] = (table_[k - 1][i] >> 8) ^ table_[0][table_[k - 1][i] & 255];
    }
  }
  uint32_t operator()(std::string_view bytes) const {
    uint32_t crc = ~uint32_t{0};
    size_t i = 0;
    for (; i + 8 <= bytes.size(); i += 8) {
      uint64_t word;
      std::memcpy(&word, bytes.data() + i, sizeof word);
      word ^= crc;
      crc = 0;
      for (size_t k = 0; k < 8; ++k) crc ^= table_[7 - k][(word >> (8 * k)) & 255];
    }
    for (; i < bytes.size(); ++i) crc = (crc >> 8) ^ table_[0][(crc ^ static_cast<uint8_t>(bytes[i])) & 255];
    return ~crc;
  }

 private:
  std::array<std::array<uint32_t, 256>, 8> table_{};
};

class ZipWriter {
 public:
  explicit ZipWriter(const Append& append) : append_(append) {}

  void add(const std::string& name, std::string_view data) {
    const uint64_t size = data.size(), crc = crc_(data);
    std::string extra = size >= kNarrow ? Bytes().u16(1).u16(16).u64(size).u64(size).str() : "";
    const int64_t begin = at_ + 30 + static_cast<int64_t>(name.size() + extra.size()) + 4;
    const int64_t padding = (kAlignment - begin % kAlignment) % kAlignment;
    extra += Bytes().text("FB").u16(padding).str() + std::string(padding, 'Z');
    const std::string common = fields(crc, size).u16(name.size()).str();
    const int64_t place = at_;
    write(Bytes().u32(0x04034b50).u16(45).text(common).u16(extra.size()).text(name).text(extra).str());
    write(data);
    const std::string wide = zip64(size, place);
    directory_.u32(0x02014b50).u16(45).u16(45).text(common).u16(wide.size()).u16(0).u16(0).u16(0).u32(0)
        .u32(std::min<uint64_t>(place, kNarrow)).text(name).text(wide);
    ++members_;
  }

  void finish() {
    const uint64_t begin = at_, size = directory_.str().size();
    write(directory_.str());
    const bool wide = begin >= kNarrow || members_ >= 0xffff;
    if (wide) {
      const uint64_t end = at_;
      write(Bytes().u32(0x06064b50).u64(44).u16(45).u16(45).u32(0).u32(0).u64(members_).u64(members_).u64(size).u64(begin).str());
      write(Bytes().u32(0x07064b50).u32(0).u64(end).u32(1).str());
    }
    const uint64_t shown = wide ? 0xffff : members_;
    write(Bytes().u32(0x06054b50).u16(0).u16(0).u16(shown).u16(shown).u32(size).u32(wide ? kNarrow : begin).u16(0).str());
  }

 private:
  // What the local header and the directory share: flags (names are UTF-8), stored, 1980-01-01, sum and sizes.
  static Bytes fields(uint64_t crc, uint64_t size) {
    const uint64_t narrow = std::min<uint64_t>(size, kNarrow);
    return Bytes().u16(0x0800).u16(0).u16(0).u16(0x21).u32(crc).u32(narrow).u32(narrow);
  }
  static std::string zip64(uint64_t size, uint64_t place) {
    Bytes wide;
    if (size >= kNarrow) wide.u64(size).u64(size);
    if (place >= kNarrow) wide.u64(place);
    return wide.str().empty() ? "" : Bytes().u16(1).u16(wide.str().size()).text(wide.str()).str();
  }
  void write(std::string_view bytes) {
    append_(bytes);
    at_ += static_cast<int64_t>(bytes.size());
  }

  const Append& append_;
  const Crc32 crc_;
  int64_t at_ = 0;
  uint64_t members_ = 0;
  Bytes directory_;
};

void pickle_int(Bytes& pickle, int64_t value) {
  if (value >= 0 && value <= INT32_MAX) {
    pickle.u8('J').u32(static_cast<uint64_t>(value));  // BININT
  } else {
    pickle.u8(0x8a).u8(8).u64(static_cast<uint64_t>(value));  // LONG1
  }
}

void pickle_text(Bytes& pickle, const std::string& text) { pickle.u8('X').u32(text.size()).text(text); }  // BINUNICODE

void pickle_tuple(Bytes& pickle, at::IntArrayRef values) {
  pickle.u8('(');  // MARK .. TUPLE
  for (const int64_t value : values) pickle_int(pickle, value);
  pickle.u8('t');
}

// torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks); the storage by its persistent id
// ("storage", its class, its member's name, "cpu", elements).
void pickle_tensor(Bytes& pickle, const at::Tensor& value, const std::string& key) {
  pickle.text("ctorch._utils\n_rebuild_tensor_v2\n((");
  pickle_text(pickle, "storage");
  pickle.text("ctorch\n").text(dtype_of(value.scalar_type()).storage).text("\n");
  pickle_text(pickle, key);
  pickle_text(pickle, "cpu");
  pickle_int(pickle, value.numel());
  pickle.text("tQ");
  pickle_int(pickle, 0);
  pickle_tuple(pickle, value.sizes());
  pickle_tuple(pickle, contiguous_strides(value.sizes().vec()));
  pickle.u8(0x89);  // False
  pickle.text("ccollections\nOrderedDict\n)RtR");
}

std::string pickle_dict(const std::string& file, const std::vector<Parameter>& tensors) {
  Bytes pickle;
  std::set<std::string> names;
  pickle.u8(0x80).u8(2).text("}(");  // protocol 2, an empty dict, MARK
  for (size_t i = 0; i < tensors.size(); ++i) {
    const auto& [name, value] = tensors[i];
    if (!names.insert(name).second) throw std::runtime_error(file + ": two tensors are to be saved as " + name);
    if (dtype_of(value.scalar_type()).storage.empty()) throw std::runtime_error(file + ": " + name + " is " + c10::toString(value.scalar_type()) + ", which a .pth cannot hold");
    pickle_text(pickle, name);
    pickle_tensor(pickle, value, std::to_string(i));
  }
  return pickle.text("u.").str();  // SETITEMS, STOP
}

}  // namespace

void save_torch_file(const std::string& file, const std::vector<Parameter>& tensors) {
  const std::string pickle = pickle_dict(file, tensors);
  write_file(file, [&](const Append& append) {
    ZipWriter zip(append);
    zip.add("archive/data.pkl", pickle);
    zip.add("archive/byteorder", "little");
    for (size_t i = 0; i < tensors.size(); ++i) {
      const at::Tensor value = tensors[i].value.detach().cpu().contiguous();
      zip.add("archive/data/" + std::to_string(i), {static_cast<const char*>(value.const_data_ptr()), value.nbytes()});
    }
    zip.add("archive/version", "3\n");
    zip.finish();
  });
}

}  // namespace smooth
