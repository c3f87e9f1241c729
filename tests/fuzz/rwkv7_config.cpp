// An RWKV-7's config.json that is accepted is valid, and what is written of it reads back.
#include "model/rwkv7_config.h"
#include "tests/fuzz/refusal.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return read_or_refuse("input", [&] {
    const smooth::Rwkv7Config config = smooth::parse_rwkv7_config(std::string(text_of(data, size)), "input");
    config.validate();
    must(config.heads() * config.head_dim == config.hidden_size);
    const smooth::Rwkv7Config again = smooth::parse_rwkv7_config(smooth::rwkv7_config_json(config, "float32"), "output");
    must(again.intermediate_size == config.intermediate_size && again.norm_eps == config.norm_eps && again.heads() == config.heads());
  });
}
