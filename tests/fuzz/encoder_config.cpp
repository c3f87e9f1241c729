// An encoder's config.json that is accepted has heads that divide its width, and room for a text.
#include "model/encoder_config.h"
#include "tests/fuzz/refusal.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return read_or_refuse("input", [&] {
    const smooth::EncoderConfig config = smooth::parse_encoder_config(std::string(text_of(data, size)), "input");
    must(config.hidden_size % config.num_attention_heads == 0 && config.longest() > 0 && config.layer_norm_eps > 0);
  });
}
