#include "data/tokenizer.h"

#include <filesystem>
#include <stdexcept>

#include "data/tokenizers/bpe.h"
#include "data/tokenizers/bpe_files.h"
#include "data/tokenizers/sentencepiece.h"
#include "data/tokenizers/wordpiece.h"
#include "data/tokenizers/world.h"

namespace smooth {

std::string Tokenizer::decode_without_specials(std::vector<int64_t> ids) const {
  std::erase_if(ids, [&](int64_t id) { return is_special(id); });
  return decode(ids);
}

std::shared_ptr<const Tokenizer> load_tokenizer(const std::string& folder) {
  const std::filesystem::path path(folder);
  // Llama's and Mistral's folders hold tokenizer.model and the same once more as a tokenizer.json that is not byte-level; where it is,
  // as in Qwen's, it is the tokenizer, and a tokenizer.model beside it is another's.
  if (holds_bpe(path)) return load_bpe(path);
  if (std::filesystem::exists(path / "tokenizer.model")) return load_sentencepiece(path);
  if (world_vocabulary(path)) return load_world(path);
  if (has_wordpiece(path)) return load_wordpiece(path);
  throw std::runtime_error(folder + ": no tokenizer here; looked for a byte-level tokenizer.json or vocab.json with merges.txt (BPE), "
                           "tokenizer.model (SentencePiece), rwkv_vocab*.txt (RWKV World), tokenizer.json of type WordPiece, vocab.txt (WordPiece)");
}

std::vector<std::string> tokenizer_files(const std::string& folder) {
  const std::filesystem::path path(folder);
  std::vector<std::string> files;
  for (const char* name : {"tokenizer.json", "vocab.json", "merges.txt", "tokenizer.model", "vocab.txt", "tokenizer_config.json", "added_tokens.json"}) {
    if (std::filesystem::exists(path / name)) files.push_back(path / name);
  }
  if (const auto world = world_vocabulary(path)) files.push_back(*world);
  return files;
}

}  // namespace smooth
