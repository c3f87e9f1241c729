// A tokenizer's folder out of one input. Its parts follow each other, each but the last ended by a line "====": first a text, then the
// files in the order of `names`, of which an empty one is not there. So that an input need not spell out all bytes, which every
// vocabulary here must have, `@bytes@` stands for them: ids 0 to 255 of a JSON object, or lines 1 to 256 of RWKV World's vocabulary.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "data/tokenizer.h"
#include "tests/fuzz/refusal.h"

namespace smooth {

inline std::vector<std::string_view> parts_of(std::string_view input, size_t count) {
  constexpr std::string_view kBorder = "====\n";
  std::vector<std::string_view> parts;
  while (parts.size() + 1 < count) {
    size_t end = input.starts_with(kBorder) ? 0 : input.find("\n====\n");
    if (end == std::string_view::npos) break;
    parts.push_back(input.substr(0, end));
    input.remove_prefix(end + kBorder.size() + (end > 0 ? 1 : 0));
  }
  parts.push_back(input);
  parts.resize(count);
  return parts;
}

// "a": 97 in GPT-2's alphabet, where the printable characters of Latin-1 are themselves and the others follow from U+0100 on.
inline std::string json_bytes() {
  std::string text;
  uint32_t next = 0x100;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    char entry[24];
    std::snprintf(entry, sizeof entry, "%s\"\\u%04x\": %u", byte ? ", " : "", printable ? byte : next++, byte);
    text += entry;
  }
  return text;
}

inline std::string world_bytes() {
  std::string text;
  for (int byte = 0; byte < 256; ++byte) {
    char line[24];
    std::snprintf(line, sizeof line, "%d b'\\x%02x' 1%s", byte + 1, byte, byte < 255 ? "\n" : "");
    text += line;
  }
  return text;
}

inline std::string spelled_out(std::string_view file, bool json) {
  static const std::string bytes[] = {world_bytes(), json_bytes()};
  constexpr std::string_view kSign = "@bytes@";
  std::string text(file);
  if (const size_t at = text.find(kSign); at != std::string::npos) text.replace(at, kSign.size(), bytes[json]);
  return text;
}

class FuzzFolder {
 public:
  explicit FuzzFolder(std::vector<std::string> names)
      : path(std::filesystem::temp_directory_path() / ("fuzz-" + std::to_string(getpid()))), names_(std::move(names)) {
    std::filesystem::create_directories(path);
  }
  ~FuzzFolder() { std::filesystem::remove_all(path); }

  // Lays the files out and gives back the text.
  std::string fill(std::string_view input) const {
    const std::vector<std::string_view> parts = parts_of(input, names_.size() + 1);
    for (size_t i = 0; i < names_.size(); ++i) {
      const std::filesystem::path file = path / names_[i];
      const std::string_view part = parts[i + 1];
      if (part.empty()) {
        std::filesystem::remove(file);
      } else {
        std::ofstream(file, std::ios::binary) << spelled_out(part, file.extension() == ".json");
      }
    }
    return std::string(parts[0]);
  }

  const std::filesystem::path path;

 private:
  const std::vector<std::string> names_;
};

// Every id is one of the vocabulary's.
inline void use(const Tokenizer& tokenizer, const std::string& text) {
  const std::vector<int64_t> ids = tokenizer.encode(text);
  for (const int64_t id : ids) must(id >= 0 && id < tokenizer.vocab_size());
  tokenizer.decode(ids);
}

inline void use_all(const Tokenizer& tokenizer, const std::string& text) {
  use(tokenizer, text);
  const int64_t size = tokenizer.vocab_size();
  for (int64_t id = size > 50 ? size - 50 : 0; id < size; ++id) {
    tokenizer.decode({id});
    tokenizer.piece(id);
  }
  must(tokenizer.special_id("<STOP>") < size);
}

// Loads what the folder holds, or sees it refused by its name.
inline int load_and_use(const FuzzFolder& folder, const uint8_t* data, size_t size) {
  const std::string text = folder.fill(text_of(data, size));
  return read_or_refuse(folder.path.string(), [&] { use_all(*load_tokenizer(folder.path.string()), text); });
}

}  // namespace smooth
