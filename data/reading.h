// The one reading loop. A Reading is one document being read in one mode: it says what to give next, is told what was
// written, and leaves a transcript that is a training sample and an evaluation trace at once. Teachers that build the
// training set and models that are evaluated are driven by this same class, so what a model sees in both cannot drift
// apart.
//
//   one-step  OS   y = f(instruction, C, question)
//   unsmooth  UR   I_i = f(I_{i-1}, C_i, empty memory)      arXiv 2507.19353, section 2
//   smooth    SR   I_i, M_i = f(C_i, M_{i-1})
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data/summary.h"
#include "data/task.h"

namespace smooth {

enum class Mode { kOneStep, kUnsmooth, kSmooth };
Mode mode_from(const std::string& name);   // "os" | "ur" | "sr"; throws with the valid names
std::string mode_name(Mode mode);

struct ReadingOptions {
  Mode mode = Mode::kSmooth;
  int64_t chunk = 1024;      // estimated tokens
  bool early_stop = true;    // off: <STOP> is forbidden before the last chunk
  int64_t max_summary_tokens = 512, max_answer_tokens = 128;
};

// What an author is given: take `text` in (memory emptied first if `forget`), then write until a marker.
struct Turn {
  bool forget = false;
  std::string text;
  bool may_stop = true;       // <STOP> and the answer before it are allowed
  bool last = false;
  bool one_step = false;      // a plain answer is wanted, ended by the turn's end, not a summary
  int64_t max_tokens = 512;
  int64_t begin = 0, end = 0; // bytes of the context in it
};

// A turn with what was written on it: `given` carries no loss, `written` does.
struct Exchange {
  bool forget = false;
  bool plain = false;  // given without a chat template
  std::string given, written;
  int64_t begin = 0, end = 0;
  int64_t given_tokens = 0, written_tokens = 0;
  double prefill_seconds = 0, decode_seconds = 0;
};

struct Transcript {
  std::string id, row, mode;
  int64_t chunk = 0;
  bool early_stop = true;
  std::vector<Exchange> exchanges;
  std::string answer;                 // the final answer; empty if none was given
  std::string error;                  // why the reading failed; empty if it did not
  std::vector<std::string> answers;   // the references
  int64_t length = 0;
};

class Reading {
 public:
  Reading(const Task& task, const ReadingOptions& options);   // keeps a reference to the task
  std::optional<Turn> next();                                 // nothing when the reading has ended
  void wrote(const std::string& text, Exchange cost = {});    // the author's answer to the turn of next()
  void fail(const std::string& error);                        // ends it without an answer
  Exchange take();                                            // the newest exchange, out of the transcript
  const Transcript& transcript() const& { return transcript_; }
  Transcript transcript() && { return std::move(transcript_); }

 private:
  Turn one_step() const;
  std::string given(size_t chunk) const;
  const Task& task_;
  ReadingOptions options_;
  std::vector<std::string_view> chunks_;
  size_t next_ = 0;
  bool ended_ = false;
  std::string summary_;       // I_{i-1} of unsmooth reading
  Turn turn_;
  Transcript transcript_;
};

// Who writes: a rule teacher or a language model behind an API. Models of this framework answer many readings at once
// instead (eval/author.h).
class Author {
 public:
  virtual ~Author() = default;
  virtual std::string write(const Turn& turn) = 0;
};

// Runs the loop to its end.
Transcript read(const Task& task, const ReadingOptions& options, Author& author);

std::string to_json(const Transcript& transcript);            // one line
std::string to_json(const Exchange& exchange);                // one line, as in a transcript's
Transcript transcript_from_json(const std::string& line);     // throws naming the field
Exchange exchange_from_json(const std::string& line);

}  // namespace smooth
