// A decoder's config.json that is accepted is valid, and what is written of it reads back.
#include "model/decoder_config.h"
#include "tests/fuzz/refusal.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return read_or_refuse("input", [&] {
    const smooth::DecoderConfig config = smooth::parse_decoder_config(std::string(text_of(data, size)), "input");
    config.validate();
    const smooth::DecoderConfig again = smooth::parse_decoder_config(smooth::decoder_config_json(config, "float32"), "output");
    must(again.windows == config.windows && again.head_dim == config.head_dim && again.rope_theta == config.rope_theta);
  });
}
