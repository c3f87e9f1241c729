// Two commands that look at a model from outside any benchmark: its logits for given ids, and text that it goes on with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "configs/config.h"

namespace smooth {

struct ModelChoice {
  std::string model;                           // a model or run folder, or a file of weights
  std::string device = "cpu", dtype = "float32";
  std::optional<int64_t> sliding_window;
  std::string window_edge = "hf";
};

// Logits [T, V] of the ids in a file (separated by blanks), in fp32, as tensor `logits` of a safetensors file.
void write_logits(const ModelChoice& choice, const std::string& ids_file, const std::string& out);

struct GenerateOptions {
  ModelChoice choice;
  std::string tokenizer;        // folder; empty: the model's
  std::string prompt;
  std::string chat_template;    // empty: the prompt as it is
  int64_t max_tokens = 256;
  SamplingConfig sampling;
  uint64_t seed = 0;
  bool ignore_end = false;      // go on past the model's end of text
};

// Streams the text to standard output and the rates of prefill and decode to standard error.
void generate(const GenerateOptions& options);

}  // namespace smooth
