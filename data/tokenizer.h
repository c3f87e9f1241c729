// Text to token ids and back. One interface; which file format a folder holds decides the implementation.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace smooth {

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Ids of plain text: `text` is never read as control tokens, except those that `special_id` knows by exactly their
  // text, which are cut out first, as every chat template needs. No BOS or EOS is added.
  virtual std::vector<int64_t> encode(const std::string& text) const = 0;
  virtual std::string decode(const std::vector<int64_t>& ids) const = 0;
  // The bytes that one token stands for in the middle of a text.
  virtual std::string piece(int64_t id) const = 0;
  virtual int64_t vocab_size() const = 0;  // one more than the largest id with a meaning
  // As Hugging Face's tokenizer(text): with the tokens that it puts around a text by itself, as Llama's <s>.
  virtual std::vector<int64_t> encode_framed(const std::string& text) const { return encode(text); }
  // Does Hugging Face's skip_special_tokens leave it out of a text?
  virtual bool is_special(int64_t) const { return false; }
  std::string decode_without_specials(std::vector<int64_t> ids) const;
  // Id of a special token by its text ("<STOP>", "<|im_end|>"), or -1.
  virtual int64_t special_id(const std::string& text) const = 0;
  // Copies the tokenizer's files into a model folder.
  virtual void save(const std::string& folder) const = 0;
};

// The tokenizer of a model folder; throws naming the folder and the files that it looked for.
std::shared_ptr<const Tokenizer> load_tokenizer(const std::string& folder);

// The files of a tokenizer's folder (which may hold a model too) that its ids follow from.
std::vector<std::string> tokenizer_files(const std::string& folder);

// Trains SentencePiece on `lines` (digits split, byte fallback, no normalisation, no dummy prefix, newlines kept) with
// `specials` as user-defined symbols; writes tokenizer.model into `folder`, and the files by which transformers opens the same
// tokenizer. Deterministic.
void train_sentencepiece(const std::string& folder, const std::vector<std::string>& lines, const std::string& model_type,
                         int64_t vocab_size, const std::vector<std::string>& specials);

}  // namespace smooth
