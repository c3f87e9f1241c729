// Any bytes as a text, under vocabularies that are good: what is encoded is decoded again, at once or token by token.
#include "data/tokenizers/nfc.h"
#include "data/tokenizers/stream.h"
#include "data/tokenizers/utf8.h"
#include "tests/fuzz/folder.h"

namespace smooth {
namespace {

// Reads the first input of a target's own corpus.
std::shared_ptr<const Tokenizer> seeded(const FuzzFolder& folder, const std::string& seed) {
  std::ifstream file("tests/fuzz/corpus/" + seed, std::ios::binary);
  folder.fill(std::string(std::istreambuf_iterator<char>(file), {}));
  return load_tokenizer(folder.path.string());
}

struct Tokenizers {
  std::shared_ptr<const Tokenizer> bpe = seeded(FuzzFolder({"tokenizer.json", "vocab.json", "merges.txt"}), "bpe/tokenizer");
  std::shared_ptr<const Tokenizer> world = seeded(FuzzFolder({"rwkv_vocab.txt", "tokenizer_config.json"}), "world/added");
  std::shared_ptr<const Tokenizer> wordpiece = seeded(FuzzFolder({"tokenizer.json", "vocab.txt"}), "wordpiece/lines");
  std::shared_ptr<const Tokenizer> unigram = load_tokenizer("tests/golden/sentencepiece/unigram");
  std::shared_ptr<const Tokenizer> sentencepiece_bpe = load_tokenizer("tests/golden/sentencepiece/bpe");
};

// SentencePiece's sign for a blank comes back as one.
std::string with_blanks(std::string text) {
  for (size_t at = text.find("\u2581"); at != std::string::npos; at = text.find("\u2581", at)) text.replace(at, 3, " ");
  return text;
}

// What holds of all that give back their text. Gives back the bytes that the ids stand for.
std::string check(const std::shared_ptr<const Tokenizer>& tokenizer, const std::string& text) {
  use(*tokenizer, text);
  StreamDecoder stream(tokenizer);
  std::string bytes, streamed;
  const std::vector<int64_t> ids = tokenizer->encode(text);
  for (const int64_t id : ids) {
    bytes += tokenizer->piece(id);
    streamed += stream.add(id);
  }
  must(tokenizer->decode(ids) == well_formed(bytes) && streamed + stream.finish() == well_formed(bytes));
  return bytes;
}

void check_all(const std::string& text) {
  static const Tokenizers tokenizers;
  must(check(tokenizers.world, text) == text);
  const std::string normal = nfc(text), bytes = check(tokenizers.bpe, text);
  must(nfc(normal) == normal && (normal == text || !is_nfc(text)));
  // What follows an added token could be one character with the token's last, were the token not cut out first.
  must(bytes == normal || text.find('<') != std::string::npos);
  must(check(tokenizers.unigram, text) == with_blanks(well_formed(text, true)));
  must(check(tokenizers.sentencepiece_bpe, text) == with_blanks(well_formed(text, true)));
  use(*tokenizers.wordpiece, text);
}

}  // namespace
}  // namespace smooth

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  smooth::check_all(std::string(text_of(data, size)));
  return 0;
}
