// An index of shards that is accepted names files of its own folder only.
#include "model/files/shard_index.h"
#include "tests/fuzz/refusal.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return read_or_refuse("input", [&] {
    for (const auto& [tensor, file] : smooth::parse_shard_index(text_of(data, size), "input")) {
      must(!file.empty() && file.find('/') == std::string::npos && file != "..");
    }
  });
}
