// Text from tokens as they come.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "data/tokenizer.h"

namespace smooth {

// Holds back the bytes of a character until the last of them is there. All that it returned, joined, is
// well_formed(decode(ids)).
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
