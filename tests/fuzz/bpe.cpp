// Byte-level BPE: tokenizer.json, or vocab.json with merges.txt, and what the files beside them add; once more with the markers added.
#include "data/tokenizers/bpe.h"
#include "tests/fuzz/folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const smooth::FuzzFolder folder({"tokenizer.json", "vocab.json", "merges.txt", "added_tokens.json", "tokenizer_config.json"});
  const std::string text = folder.fill(text_of(data, size));
  std::shared_ptr<const smooth::Tokenizer> tokenizer, marked;
  read_or_refuse(folder.path.string(), [&] {
    tokenizer = smooth::load_tokenizer(folder.path.string());
    marked = smooth::with_markers(tokenizer);
  });
  if (tokenizer) smooth::use_all(*tokenizer, text);
  if (marked) must(marked->special_id("<STOP>") >= 0 && marked->encode("<STOP>").size() == 1);
  return 0;
}
