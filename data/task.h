// One thing to be answered, whoever asks it and whatever reads it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace smooth {

// A place in the context that bears on the answer, known to the generator of the task: what a rule teacher may note
// down once it has read up to `end`. Offsets are bytes of Task::context, [begin, end).
struct Evidence {
  int64_t begin = 0, end = 0;
  std::string subject;  // "the special magic number for brave-otter"
  std::string value;    // "4821"
};

// A prompt that a benchmark prescribes word by word: one-step reading gives it in place of instruction, context and question.
struct Prompt {
  std::string text;
  bool plain = false;      // as it is, without a chat template
  bool one_line = false;   // the answer ends with its first newline, but not before its first token
  int64_t max_tokens = 0;  // of the answer
};

struct Task {
  std::string id;
  std::string row;          // Table 5's row or the benchmark's dataset: "niah-a", "narrativeqa"
  std::string instruction;  // before the context in one-step reading
  std::string context;
  std::vector<int64_t> borders;  // bytes of the context at which its units begin: chunks end there where they can
  std::string question;
  std::vector<std::string> answers;
  std::vector<std::string> classes;
  std::string subject;      // what is to be found, as a Target says it: "the special magic number for brave-otter"
  std::string metric;       // "string-match", "f1", ...
  bool early_stop = true;   // a teacher may stop before the last chunk
  int64_t length = 0;       // tokens of the whole one-step prompt, by the tokenizer that made the task
  std::optional<int64_t> words;  // of a benchmark that counts lengths in words: LongBench's `length`
  std::optional<Prompt> prompt;    // where nothing is left to the reader
  std::vector<Evidence> evidence;  // of the queried answers only: in the order of the query, then of the text
};

}  // namespace smooth
