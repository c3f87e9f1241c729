// How a file describes one tensor, before it is a tensor: dtype, shape, strides and place. The parsers of checkpoint files speak
// of these alone and need no ATen, so they compile in seconds and can be fuzzed.
#pragma once

#include <torch/headeronly/core/ScalarType.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace smooth {

struct StoredTensor {
  c10::ScalarType dtype = c10::ScalarType::Undefined;
  std::vector<int64_t> shape, strides;  // strides count elements, as ATen's do
  int64_t begin = 0;                    // byte of the first element in the file
};

using StoredTensors = std::map<std::string, StoredTensor>;

// The names of one dtype in all formats; "" where a format has none.
struct Dtype {
  c10::ScalarType type;
  int64_t width;  // bytes an element
  std::string_view safetensors, storage, torch;
};

std::span<const Dtype> dtypes();  // all that are known
const Dtype& dtype_of(c10::ScalarType type);                            // throws for those that no file holds
const Dtype* find_dtype(std::string_view Dtype::*names, std::string_view name);  // nullptr when there is none

// Elements from the first to behind the last; 0 for an empty tensor. -1 when an extent or stride is negative, there are more than
// 64 dimensions, or a number of bytes would not fit into int64.
int64_t span_of(const std::vector<int64_t>& shape, const std::vector<int64_t>& strides, int64_t width);
std::vector<int64_t> contiguous_strides(const std::vector<int64_t>& shape);

std::string text_of(const std::vector<int64_t>& shape);  // "[2, 3]"
// A name from a file, for a message: shortened, and without control characters.
std::string shown(std::string_view name);
bool is_utf8(std::string_view text);

}  // namespace smooth
