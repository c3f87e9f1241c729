// Small files of transcripts and the config that trains on them, with a tokenizer of bytes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "configs/config.h"
#include "data/layout.h"
#include "data/reading.h"
#include "tests/configs/folder.h"
#include "tests/data/bytes.h"

namespace smooth {

inline Layout bytes_layout() { return Layout(std::make_shared<ByteTokenizer>(special_texts()), "plain"); }

// 30 tokens and those of `given`: it, a newline, 11 of a summary, a newline, "next", a newline, 11 of an answer, in one document.
// Where memory is emptied twice the second document has "next", a newline and 11 tokens.
inline Transcript transcript_of(const std::string& id, const std::string& given, bool forget_twice = false) {
  Transcript transcript;
  transcript.id = id;
  transcript.mode = "sr";
  transcript.exchanges = {{.forget = true, .given = given, .written = "Target: a\n<CONTINUE>"},
                          {.forget = forget_twice, .given = "next", .written = "Answer: b\n<STOP>"}};
  return transcript;
}

inline std::string line_of(const std::string& id, const std::string& given, bool forget_twice = false) {
  return to_json(transcript_of(id, given, forget_twice)) + "\n";
}

// The tokenizer's folder holds a file that stands for ByteTokenizer's.
inline TrainDataConfig bytes_config(const TestFolder& folder, const std::vector<std::string>& files, int64_t context = 200) {
  TrainDataConfig config;
  folder.file("bytes/tokenizer.model", "bytes");
  config.files = files;
  config.tokenizer = (folder.path / "bytes").string();
  config.chat_template = "plain";
  config.context = context;
  return config;
}

}  // namespace smooth
