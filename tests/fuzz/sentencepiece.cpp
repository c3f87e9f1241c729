// SentencePiece: tokenizer.model, and what the files beside it add.
#include "tests/fuzz/folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const smooth::FuzzFolder folder({"tokenizer_config.json", "added_tokens.json", "tokenizer.model"});
  return smooth::load_and_use(folder, data, size);
}
