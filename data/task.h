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
  std::vector<Evidence> evidence;  // of the queried answers only: in the order of the query, then of the text
};

// How much of the context stands before the one needle that is asked for, in per cent of its bytes; nothing where several are, or none.
inline std::optional<double> depth_percent(const Task& task) {
  if (task.evidence.size() != 1) return {};
  return 100 * static_cast<double>(task.evidence[0].begin) / static_cast<double>(task.context.size());
}

}  // namespace smooth
