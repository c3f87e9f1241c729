// Text from tokens as they come, and the one rule for bytes that are no UTF-8.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "data/tokenizer.h"

namespace smooth {

// U+FFFD for each maximal part of an ill-formed sequence (The Unicode Standard, 3.9, U+FFFD substitution of maximal subparts):
// what Python's bytes.decode("utf-8", "replace") and Rust's String::from_utf8_lossy, hence Hugging Face's decoders, do.
std::string replace_ill_formed(std::string_view bytes);

// Holds back the bytes of a character until the last of them is there. All that it returned, joined, is
// replace_ill_formed(decode(ids)).
class StreamDecoder {
 public:
  explicit StreamDecoder(std::shared_ptr<const Tokenizer> tokenizer) : tokenizer_(std::move(tokenizer)) {}
  std::string add(int64_t id);
  std::string finish();  // what was held back; the decoder begins anew

 private:
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::string held_;  // a character's first bytes
  bool begun_ = false;
};

}  // namespace smooth
