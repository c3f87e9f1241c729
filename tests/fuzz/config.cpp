// A config.json that is accepted is valid, and what is written of it reads back.
#include "model/decoder_config.h"
#include "model/rwkv_hybrid_config.h"
#include "tests/fuzz/refusal.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  read_or_refuse([&] {
    const smooth::DecoderConfig config = smooth::parse_decoder_config(text, "input");
    config.validate();
    const smooth::DecoderConfig again = smooth::parse_decoder_config(smooth::decoder_config_json(config, "float32"), "output");
    must(again.windows == config.windows && again.head_dim == config.head_dim && again.rope_theta == config.rope_theta);
  });
  return read_or_refuse([&] {
    const smooth::RwkvHybridConfig config = smooth::parse_rwkv_hybrid_config(text, "input");
    config.validate();
    const std::string written = smooth::rwkv_hybrid_config_json(config, "float32");
    must(smooth::rwkv_hybrid_config_json(smooth::parse_rwkv_hybrid_config(written, "output"), "float32") == written);
  });
}
