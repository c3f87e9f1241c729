// A tokenizer without a vocabulary to learn: a token a byte, and special texts after them.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "data/tokenizer.h"

namespace smooth {

class ByteTokenizer : public Tokenizer {
 public:
  explicit ByteTokenizer(std::vector<std::string> specials) : specials_(std::move(specials)) {}

  std::vector<int64_t> encode(const std::string& text) const override {
    std::vector<int64_t> ids;
    for (size_t at = 0; at < text.size();) {
      const size_t special = special_at(text, at);
      const bool found = special < specials_.size();
      ids.push_back(found ? 256 + static_cast<int64_t>(special) : static_cast<uint8_t>(text[at]));
      at += found ? specials_[special].size() : 1;
    }
    return ids;
  }
  std::string decode(const std::vector<int64_t>& ids) const override {
    std::string text;
    for (const int64_t id : ids) text += piece(id);
    return text;
  }
  std::string piece(int64_t id) const override { return id < 256 ? std::string(1, static_cast<char>(id)) : specials_.at(id - 256); }
  int64_t vocab_size() const override { return 256 + static_cast<int64_t>(specials_.size()); }
  int64_t special_id(const std::string& text) const override {
    for (size_t i = 0; i < specials_.size(); ++i) {
      if (specials_[i] == text) return 256 + static_cast<int64_t>(i);
    }
    return -1;
  }
  void save(const std::string&) const override { throw std::logic_error("bytes have no files"); }

 private:
  size_t special_at(const std::string& text, size_t at) const {
    size_t i = 0;
    while (i < specials_.size() && text.compare(at, specials_[i].size(), specials_[i]) != 0) ++i;
    return i;
  }
  std::vector<std::string> specials_;
};

}  // namespace smooth
