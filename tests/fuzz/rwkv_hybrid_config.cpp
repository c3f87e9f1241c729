// The config.json of an ARWKV or QRWKV7 that is accepted is valid, and what is written of it reads back.
#include "model/rwkv_hybrid_config.h"
#include "tests/fuzz/refusal.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return read_or_refuse("input", [&] {
    const smooth::RwkvHybridConfig config = smooth::parse_rwkv_hybrid_config(std::string(text_of(data, size)), "input");
    config.validate();
    const std::string written = smooth::rwkv_hybrid_config_json(config, "float32");
    must(smooth::rwkv_hybrid_config_json(smooth::parse_rwkv_hybrid_config(written, "output"), "float32") == written);
  });
}
