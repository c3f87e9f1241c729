// One reading laid open: what was given, with the needles in it, and what was written on it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/reading.h"
#include "data/summary.h"

namespace smooth {

// A stretch of text. `kAsked`: a needle that holds an answer; `kOther`: any other needle; `kValue`:
// an answer's value in what was written; `kCut`: "1,204 characters" that are not shown.
enum class Ink { kPlain, kAsked, kOther, kValue, kCut };
struct Stretch {
  std::string text;
  Ink ink = Ink::kPlain;
};

struct AnnotatedTurn {
  size_t number = 0;  // from 1
  std::vector<Stretch> given, written;
  std::optional<Summary>
      summary;  // nothing where a plain answer was wanted or no summary can be made out
  int64_t given_tokens = 0, written_tokens = 0;
  double prefill_seconds = 0, decode_seconds = 0;
  bool forget = false;
};

struct AnnotatedReading {
  std::string title, question;
  std::vector<AnnotatedTurn> turns;  // may leave some out
  size_t num_turns = 0;
  std::string answer;
  std::vector<std::string> answers, marked;  // marked: those whose places in what was written are shown
  bool right = false;
  std::string score = {};  // where answers are graded: "qa_f1 42.9"
  bool folded = false;     // under its title
};

// RULER's needle sentences in a text, "One of the special magic numbers for KEY is: VALUE.",
// marked; what lies further than `context` characters from a needle and from the ends is cut out
// when that saves enough to matter.
std::vector<Stretch> mark_needles(const std::string& text, const std::vector<std::string>& answers,
                                  size_t context = 240);

// Where answers stand in a text, whatever their case.
std::vector<Stretch> mark_values(const std::string& text, const std::vector<std::string>& answers);

// A line of a trace.
struct Trace {
  std::string file;
  int64_t line = 0;
  Transcript transcript;
};

// A reading in which finding and carrying are both to be seen: answered rightly, smooth if there is
// any, without early stop, once or twice as long as the training length, its needle in the middle
// of the text. Only the first readings of each file are looked at (kLooked).
std::optional<Trace> choose_right(const std::vector<std::string>& files, int64_t training_length);
// A reading that was answered wrongly, of the same kinds in the same order.
std::optional<Trace> choose_wrong(const std::vector<std::string>& files, int64_t training_length);
inline constexpr int64_t kLooked = 100;

AnnotatedReading annotate(const Trace& trace);

// A reading of LongBench, its question apart from the first turn's text: the turns at both ends and those whose text has a reference, which is marked
// in it as in what was written. `score`: 0 to 1.
AnnotatedReading annotate_graded(const Trace& trace, const std::string& metric, double score);

// What was asked, as it stands before the first chunk; after the text in one-step reading.
std::string asked(const Transcript& transcript);

// The reading in line `number` (from 1) of a trace. Throws naming file and line.
Trace read_trace(const std::string& file, int64_t number);

}  // namespace smooth
