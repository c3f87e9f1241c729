#include "model/files/safetensors_header.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "model/files/strict_json.h"

namespace smooth {
namespace {

using Json = nlohmann::json;

static_assert(std::endian::native == std::endian::little, "checkpoints are little-endian and mapped as they are");

constexpr uint64_t kMaxHeader = 100'000'000;  // MAX_HEADER_SIZE of tensor.rs
constexpr int kDepth = 3;                     // file, tensor, shape

// A tensor as the header tells it; offsets count from the header's end.
struct Entry {
  std::string name;
  StoredTensor tensor;
  int64_t begin = 0, end = 0;
};

std::string place(const Entry& entry) { return "[" + std::to_string(entry.begin) + ", " + std::to_string(entry.end) + ")"; }

class Header {
 public:
  Header(std::string_view bytes, const std::string& file) : bytes_(bytes), file_(file) {}

  StoredTensors read() {
    std::vector<Entry> entries;
    for (const auto& [name, item] : json().items()) {
      if (name == "__metadata__") {
        check_metadata(item);
      } else {
        entries.push_back(entry(name, item));
      }
    }
    check_cover(entries);
    StoredTensors tensors;
    for (Entry& entry : entries) tensors[entry.name] = std::move(entry.tensor);
    return tensors;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const { throw std::runtime_error(file_ + ": not a safetensors file: " + why); }
  [[noreturn]] void refuse(const std::string& name, const std::string& why) const {
    throw std::runtime_error(file_ + ": tensor " + shown(name) + ": " + why);
  }

  const Json& json() {
    if (bytes_.size() < 8) refuse("it has " + std::to_string(bytes_.size()) + " bytes, the header's length alone takes 8");
    uint64_t length = 0;
    std::memcpy(&length, bytes_.data(), 8);
    const std::string says = "its header should have " + std::to_string(length) + " bytes, ";
    if (length > kMaxHeader) refuse(says + "at most " + std::to_string(kMaxHeader) + " are allowed");
    if (length > bytes_.size() - 8) refuse(says + "the file has " + std::to_string(bytes_.size()) + " (cut off?)");
    data_ = 8 + static_cast<int64_t>(length);
    try {
      json_ = parse_strict_json(bytes_.substr(8, length), kDepth);
    } catch (const std::exception& error) {
      refuse(std::string("its header: ") + error.what());
    }
    if (!json_.is_object()) refuse("its header is no JSON object");
    return json_;
  }

  void check_metadata(const Json& metadata) const {
    if (!metadata.is_object()) refuse("__metadata__ is no object");
    for (const auto& [key, value] : metadata.items()) {
      if (!value.is_string()) refuse("__metadata__." + shown(key) + " is no string");
    }
  }

  std::vector<int64_t> integers(const std::string& name, const Json& item, const char* key) const {
    std::vector<int64_t> numbers;
    if (!item.at(key).is_array()) refuse(name, std::string(key) + " is no list");
    for (const Json& number : item.at(key)) {
      // get<int64_t> would also take fractions, and numbers beyond int64.
      if (!number.is_number_unsigned() || number.get<uint64_t>() > INT64_MAX) {
        refuse(name, std::string(key) + " holds " + shown(number.dump()) + ", expected integers from 0 to " + std::to_string(INT64_MAX));
      }
      numbers.push_back(number.get<int64_t>());
    }
    return numbers;
  }

  Entry entry(const std::string& name, const Json& item) const {
    if (!item.is_object()) refuse(name, "is no JSON object");
    for (const auto& [key, value] : item.items()) {
      if (key != "dtype" && key != "shape" && key != "data_offsets") refuse(name, "unknown key " + shown(key));
    }
    if (item.size() != 3) refuse(name, "expected dtype, shape and data_offsets, found " + std::to_string(item.size()) + " of them");
    const Json& dtype = item.at("dtype");
    const Dtype* known = dtype.is_string() ? find_dtype(&Dtype::safetensors, dtype.get_ref<const std::string&>()) : nullptr;
    if (known == nullptr) refuse(name, "dtype " + shown(dtype.dump()) + " is not one that this framework reads");
    Entry entry;  // not by nested braces: g++ 12 frees members twice when a later one throws
    entry.name = name;
    entry.tensor.dtype = known->type;
    entry.tensor.shape = integers(name, item, "shape");
    entry.tensor.strides = contiguous_strides(entry.tensor.shape);
    const std::vector<int64_t> offsets = integers(name, item, "data_offsets");
    if (offsets.size() != 2) refuse(name, "data_offsets has " + std::to_string(offsets.size()) + " numbers, expected begin and end");
    entry.begin = offsets[0];
    entry.end = offsets[1];
    check_size(entry, known->width);
    entry.tensor.begin = data_ + entry.begin;
    return entry;
  }

  void check_size(const Entry& entry, int64_t width) const {
    const int64_t span = span_of(entry.tensor.shape, entry.tensor.strides, width), have = static_cast<int64_t>(bytes_.size()) - data_;
    const std::string shape = "shape " + text_of(entry.tensor.shape) + " of " + std::string(dtype_of(entry.tensor.dtype).safetensors);
    if (span < 0) refuse(entry.name, shape + " is larger than any file");
    if (entry.end < entry.begin || entry.end - entry.begin != span * width) {
      refuse(entry.name, shape + " takes " + std::to_string(span * width) + " bytes, its data_offsets are " + place(entry));
    }
    if (entry.end > have) {
      refuse(entry.name, "lies at " + place(entry) + " of " + std::to_string(have) + " bytes of tensors (file cut off?)");
    }
  }

  // In the order of their places the tensors follow each other without gap or overlap, and end where the file ends.
  void check_cover(std::vector<Entry>& entries) const {
    std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    int64_t end = 0;
    for (const Entry& entry : entries) {
      const char* what = entry.begin < end ? "overlaps the tensor before it" : "leaves a gap";
      if (entry.begin != end) refuse(entry.name, place(entry) + " " + what + ", which ends at " + std::to_string(end));
      end = entry.end;
    }
    const int64_t have = static_cast<int64_t>(bytes_.size()) - data_;
    if (end != have) {
      refuse("its tensors end at byte " + std::to_string(data_ + end) + ", the file at " + std::to_string(data_ + have) +
             " (something was appended?)");
    }
  }

  std::string_view bytes_;
  const std::string& file_;
  Json json_;
  int64_t data_ = 0;  // where the tensors begin
};

}  // namespace

StoredTensors read_safetensors_header(std::string_view bytes, const std::string& file) { return Header(bytes, file).read(); }

}  // namespace smooth
