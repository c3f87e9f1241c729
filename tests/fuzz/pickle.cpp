// A file of torch.save that is accepted describes tensors that lie within it.
#include "model/files/torch_file.h"
#include "tests/fuzz/refusal.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return read_or_refuse("input", [&] {
    const std::string_view bytes = text_of(data, size);
    for (const auto& [name, tensor] : smooth::read_torch_file(bytes, "input").tensors) {
      const int64_t width = smooth::dtype_of(tensor.dtype).width, span = smooth::span_of(tensor.shape, tensor.strides, width);
      must(smooth::is_utf8(name) && span >= 0 && tensor.begin >= 0 && tensor.begin <= static_cast<int64_t>(size));
      must(span <= (static_cast<int64_t>(size) - tensor.begin) / width);
    }
  });
}
