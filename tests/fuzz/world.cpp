// RWKV World: the vocabulary, and what the files beside it add.
#include "tests/fuzz/folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const smooth::FuzzFolder folder({"rwkv_vocab.txt", "tokenizer_config.json", "added_tokens.json"});
  return smooth::load_and_use(folder, data, size);
}
