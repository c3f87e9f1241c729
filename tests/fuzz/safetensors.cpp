// A safetensors header that is accepted describes tensors that lie within the file and do not overlap.
#include <algorithm>

#include "model/files/safetensors_header.h"
#include "tests/fuzz/refusal.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return read_or_refuse("input", [&] {
    const std::string_view bytes = text_of(data, size);
    std::vector<std::pair<int64_t, int64_t>> places;
    for (const auto& [name, tensor] : smooth::read_safetensors_header(bytes, "input")) {
      const int64_t width = smooth::dtype_of(tensor.dtype).width, span = smooth::span_of(tensor.shape, tensor.strides, width);
      must(smooth::is_utf8(name) && span >= 0 && tensor.begin >= 8);
      places.emplace_back(tensor.begin, tensor.begin + span * width);
    }
    std::sort(places.begin(), places.end());
    for (size_t i = 0; i < places.size(); ++i) {
      must(places[i].second <= static_cast<int64_t>(i + 1 < places.size() ? places[i + 1].first : size));
    }
  });
}
