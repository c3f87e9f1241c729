#include "model/files/stored.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace smooth {
namespace {

using T = c10::ScalarType;

constexpr std::array<Dtype, 18> kDtypes = {{
    {T::Double, 8, "F64", "DoubleStorage", "float64"},
    {T::Float, 4, "F32", "FloatStorage", "float32"},
    {T::Half, 2, "F16", "HalfStorage", "float16"},
    {T::BFloat16, 2, "BF16", "BFloat16Storage", "bfloat16"},
    {T::Long, 8, "I64", "LongStorage", "int64"},
    {T::Int, 4, "I32", "IntStorage", "int32"},
    {T::Short, 2, "I16", "ShortStorage", "int16"},
    {T::Char, 1, "I8", "CharStorage", "int8"},
    {T::Byte, 1, "U8", "ByteStorage", "uint8"},
    {T::Bool, 1, "BOOL", "BoolStorage", "bool"},
    {T::UInt64, 8, "U64", "", "uint64"},
    {T::UInt32, 4, "U32", "", "uint32"},
    {T::UInt16, 2, "U16", "", "uint16"},
    {T::Float8_e4m3fn, 1, "F8_E4M3", "", "float8_e4m3fn"},
    {T::Float8_e5m2, 1, "F8_E5M2", "", "float8_e5m2"},
    {T::Float8_e8m0fnu, 1, "F8_E8M0", "", "float8_e8m0fnu"},
    {T::ComplexFloat, 8, "C64", "ComplexFloatStorage", "complex64"},
    {T::ComplexDouble, 16, "", "ComplexDoubleStorage", "complex128"},
}};

constexpr size_t kMaxDimensions = 64;

// Bytes of the character that begins here, 0 if none does. Unicode 15, table 3-7.
size_t utf8_length(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto follows = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned first = byte(0), second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF && follows(1)) return 2;
  if ((first & 0xF0) == 0xE0 && follows(1) && follows(2)) {
    const bool overlong = first == 0xE0 && second < 0xA0, surrogate = first == 0xED && second >= 0xA0;
    return overlong || surrogate ? 0 : 3;
  }
  if (first >= 0xF0 && first <= 0xF4 && follows(1) && follows(2) && follows(3)) {
    const bool overlong = first == 0xF0 && second < 0x90, beyond = first == 0xF4 && second >= 0x90;
    return overlong || beyond ? 0 : 4;
  }
  return 0;
}

}  // namespace

std::span<const Dtype> dtypes() { return kDtypes; }

const Dtype& dtype_of(c10::ScalarType type) {
  for (const Dtype& dtype : kDtypes) {
    if (dtype.type == type) return dtype;
  }
  throw std::runtime_error(std::string("tensors of type ") + c10::toString(type) + " are in no checkpoint");
}

const Dtype* find_dtype(std::string_view Dtype::*names, std::string_view name) {
  const auto found = std::find_if(kDtypes.begin(), kDtypes.end(), [&](const Dtype& d) { return d.*names == name; });
  return name.empty() || found == kDtypes.end() ? nullptr : &*found;
}

int64_t span_of(const std::vector<int64_t>& shape, const std::vector<int64_t>& strides, int64_t width) {
  if (shape.size() != strides.size() || shape.size() > kMaxDimensions) return -1;
  int64_t bytes = width, last = 0;
  bool empty = false;
  for (size_t i = 0; i < shape.size(); ++i) {
    int64_t reach = 0;
    if (shape[i] < 0 || strides[i] < 0) return -1;
    empty = empty || shape[i] == 0;
    // Also of an empty tensor the other extents must multiply to a number.
    const int64_t extent = std::max<int64_t>(shape[i], 1);
    if (__builtin_mul_overflow(bytes, extent, &bytes)) return -1;
    if (__builtin_mul_overflow(extent - 1, strides[i], &reach) || __builtin_add_overflow(last, reach, &last)) return -1;
  }
  int64_t span = 0;
  if (__builtin_add_overflow(last, 1, &span) || __builtin_mul_overflow(span, width, &bytes)) return -1;
  return empty ? 0 : span;
}

std::vector<int64_t> contiguous_strides(const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) {
    // What overflows here span_of refuses.
    if (__builtin_mul_overflow(strides[i], std::max<int64_t>(shape[i], 1), &strides[i - 1])) strides[i - 1] = -1;
  }
  return strides;
}

std::string text_of(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (const int64_t size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

std::string shown(std::string_view name) {
  constexpr size_t kLongest = 200;
  std::string text;
  for (const char c : name.substr(0, kLongest)) text += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  if (!is_utf8(text)) {
    for (char& c : text) c = static_cast<unsigned char>(c) < 0x80 ? c : '?';
  }
  return name.size() > kLongest ? text + "..." : text;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace smooth
