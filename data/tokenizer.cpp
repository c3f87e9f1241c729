#include "data/tokenizer.h"

#include <filesystem>
#include <stdexcept>

#include "data/sentencepiece.h"

namespace smooth {

std::shared_ptr<const Tokenizer> load_tokenizer(const std::string& folder) {
  const std::filesystem::path path(folder);
  if (std::filesystem::exists(path / "tokenizer.model")) return load_sentencepiece(path);
  throw std::runtime_error(folder + ": no tokenizer here; looked for tokenizer.model (SentencePiece)");
}

}  // namespace smooth
