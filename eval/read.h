// Reading one document with one model, for a person who looks on.
#pragma once

#include <optional>
#include <string>

#include "configs/config.h"

namespace smooth {

struct ReadOptions {
  std::string model;        // model folder or run folder
  std::string document;     // text file
  std::string question;
  std::string instruction = "Read the following text. I will ask you about it.";
  std::string chat_template = "chatml", device = "cpu";
  ReadingConfig reading;
};

// Prints every summary as soon as it is written, then the answer. Standard output holds the answer's text last.
void read_document(const ReadOptions& options);

}  // namespace smooth
