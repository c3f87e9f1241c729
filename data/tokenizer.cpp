#include "data/tokenizer.h"

#include <filesystem>
#include <stdexcept>

#include "data/tokenizers/sentencepiece.h"
#include "data/tokenizers/wordpiece.h"
#include "data/tokenizers/world.h"

namespace smooth {

std::shared_ptr<const Tokenizer> load_tokenizer(const std::string& folder) {
  const std::filesystem::path path(folder);
  // Folders of Llama and Mistral hold a tokenizer.json too: tokenizer.model is what the model was trained with.
  if (std::filesystem::exists(path / "tokenizer.model")) return load_sentencepiece(path);
  if (world_vocabulary(path)) return load_world(path);
  if (has_wordpiece(path)) return load_wordpiece(path);
  throw std::runtime_error(folder +
                           ": no tokenizer here; looked for tokenizer.model (SentencePiece), rwkv_vocab*.txt (RWKV World), "
                           "tokenizer.json of type WordPiece, vocab.txt (WordPiece)");
}

}  // namespace smooth
