#include "eval/report/annotate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <tuple>

#include "data/scores/metrics.h"
#include "eval/report/lines.h"
#include "eval/report/table.h"

namespace smooth {
namespace {

namespace fs = std::filesystem;

const std::string kNeedle =
    "One of the special magic ";  // NVIDIA/RULER scripts/data/synthetic/constants.py

// More turns than this are not shown one by one.
constexpr size_t kTurnsShown = 12;

struct Found {
  size_t begin, end;
  Ink ink;
};

bool holds_one(const std::string& text, const std::vector<std::string>& answers) {
  return std::any_of(answers.begin(), answers.end(), [&](const std::string& a) {
    return !a.empty() && text.find(a) != std::string::npos;
  });
}

std::vector<Found> find_needles(const std::string& text, const std::vector<std::string>& answers) {
  std::vector<Found> needles;
  for (size_t begin = text.find(kNeedle); begin != std::string::npos;
       begin = text.find(kNeedle, begin + 1)) {
    const size_t stop = text.find_first_of(".\n", begin);
    const size_t end = stop == std::string::npos ? text.size() : stop + (text[stop] == '.');
    needles.push_back(
        {begin, end,
         holds_one(text.substr(begin, end - begin), answers) ? Ink::kAsked : Ink::kOther});
  }
  return needles;
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

std::vector<Found> find_values(const std::string& text, const std::vector<std::string>& answers) {
  std::vector<Found> values;
  const std::string folded = lower(text);
  for (const std::string& answer : answers) {
    if (answer.empty()) continue;
    const std::string value = lower(answer);
    for (size_t at = folded.find(value); at != std::string::npos;
         at = folded.find(value, at + value.size()))
      values.push_back({at, at + value.size(), Ink::kValue});
  }
  std::sort(values.begin(), values.end(),
            [](const Found& a, const Found& b) { return a.begin < b.begin; });
  return values;
}

bool continues_character(char c) { return (c & 0xC0) == 0x80; }

// Text without marks; of a long one the middle is left out, between characters of UTF-8.
void add_plain(const std::string& text, size_t context, std::vector<Stretch>& out) {
  if (text.empty()) return;
  if (text.size() <= 5 * context) return out.push_back({text, Ink::kPlain});
  size_t head = context, tail = text.size() - context;
  while (head < tail && continues_character(text[head])) ++head;
  while (tail > head && continues_character(text[tail])) --tail;
  out.push_back({text.substr(0, head), Ink::kPlain});
  out.push_back(
      {fmt::format("{} characters", display_width(text.substr(head, tail - head))), Ink::kCut});
  out.push_back({text.substr(tail), Ink::kPlain});
}

std::vector<Stretch> stretches(const std::string& text, const std::vector<Found>& found,
                               size_t context) {
  std::vector<Stretch> out;
  size_t done = 0;
  for (const Found& mark : found) {
    if (mark.begin < done) continue;  // an answer inside another
    add_plain(text.substr(done, mark.begin - done), context, out);
    out.push_back({text.substr(mark.begin, mark.end - mark.begin), mark.ink});
    done = mark.end;
  }
  add_plain(text.substr(done), context, out);
  return out;
}

// The line that asks: data/reading.cpp lays out instruction, question, chunk, and for one-step
// reading instruction, context, question.
std::string question_of(const Transcript& transcript) {
  const Exchange& first = transcript.exchanges.front();
  if (transcript.mode == "os") return first.given.substr(first.given.rfind('\n') + 1);
  const size_t question = first.given.find('\n') + 1;
  return first.given.substr(question, first.given.find('\n', question) - question);
}

bool is_right(const Transcript& transcript) {
  return string_match_all(transcript.answer, transcript.answers) == 1;
}

// Whether the first turn whose text has the asked needle lies in the middle half of at least four.
bool needle_in_middle(const Transcript& transcript) {
  const size_t count = transcript.exchanges.size();
  for (size_t i = 0; i < count; ++i) {
    const std::vector<Found> needles =
        find_needles(transcript.exchanges[i].given, transcript.answers);
    const bool asked = std::any_of(needles.begin(), needles.end(),
                                   [](const Found& f) { return f.ink == Ink::kAsked; });
    if (asked) return count >= 4 && 4 * i >= count && 4 * (i + 1) <= 3 * count + 1;
  }
  return false;
}

Transcript parse_line(const std::string& file, int64_t number, const std::string& line) {
  try {
    Transcript transcript = transcript_from_json(line);
    if (transcript.exchanges.empty() && transcript.error.empty()) throw std::runtime_error("exchanges: is empty");
    if (transcript.answers.empty()) throw std::runtime_error("answers: is empty");
    return transcript;
  } catch (const std::runtime_error& error) {  // it knows the field, but not the file
    throw std::runtime_error(fmt::format("{}:{}: {}", file, number, error.what()));
  }
}

// The first of `file`'s first readings that fits.
template <class Fits>
std::optional<Trace> look(const std::string& file, int64_t at_most, Fits fits) {
  std::ifstream stream(file);
  if (!stream) throw std::runtime_error("cannot read " + file);
  int64_t number = 0;
  for (std::string line; number < at_most && std::getline(stream, line) && !stream.eof();) {
    Transcript transcript = parse_line(file, ++number, line);
    if (fits(transcript)) return Trace{file, number, std::move(transcript)};
  }
  return {};
}

// Smaller is better: smooth before unsmooth before one-step; reading on before stopping early; then
// nearest to twice the training length, where a window or a trained context no longer reaches.
auto rank(const Transcript& transcript, int64_t training_length) {
  const int mode = transcript.mode == "sr" ? 0 : transcript.mode == "ur" ? 1 : 2;
  const double multiple = static_cast<double>(transcript.length) /
                          static_cast<double>(std::max<int64_t>(training_length, 1));
  return std::tuple(mode, transcript.early_stop, std::abs(std::log2(std::max(multiple, 1e-9)) - 1));
}

// All cells' files, best first; a file holds readings of one kind, so its first tells.
std::vector<std::string> ranked(const std::vector<std::string>& files, int64_t training_length) {
  std::vector<std::pair<decltype(rank({}, 0)), std::string>> order;
  for (const std::string& file : files)
    if (const auto first = look(file, 1, [](const Transcript&) { return true; }))
      order.emplace_back(rank(first->transcript, training_length), file);
  std::sort(order.begin(), order.end());
  std::vector<std::string> out;
  for (auto& [place, file] : order) out.push_back(std::move(file));
  return out;
}

template <class Fits>
std::optional<Trace> look_in_all(const std::vector<std::string>& files, Fits fits) {
  for (const std::string& file : files)
    if (auto found = look(file, kLooked, fits)) return found;
  return {};
}

// First, last, and those around the asked needle, when there are too many to show.
std::vector<size_t> turns_to_show(const Transcript& transcript) {
  const size_t count = transcript.exchanges.size();
  std::vector<size_t> shown;
  for (size_t i = 0; i < count; ++i) {
    bool near = count <= kTurnsShown || i < 2 || i + 2 >= count;
    for (size_t j = i > 0 ? i - 1 : 0; j <= std::min(i + 1, count - 1) && !near; ++j)
      for (const Found& needle : find_needles(transcript.exchanges[j].given, transcript.answers))
        near |= needle.ink == Ink::kAsked;
    if (near) shown.push_back(i);
  }
  return shown;
}

std::string title_of(const Trace& trace) {
  const Transcript& t = trace.transcript;
  std::string out =
      fmt::format("{}, task {}: {} tokens read in {}", fs::path(trace.file).stem().string(), t.id,
                  t.length, mode_label(t.mode));
  if (t.mode != "os")
    out += fmt::format(", chunks of {}, {}", t.chunk,
                       t.early_stop ? "early stop allowed" : "no early stop");
  return out;
}

}  // namespace

std::vector<Stretch> mark_needles(const std::string& text, const std::vector<std::string>& answers,
                                  size_t context) {
  return stretches(text, find_needles(text, answers), context);
}

std::vector<Stretch> mark_values(const std::string& text, const std::vector<std::string>& answers) {
  return stretches(text, find_values(text, answers), text.size());
}

std::optional<Trace> choose_right(const std::vector<std::string>& files, int64_t training_length) {
  const std::vector<std::string> order = ranked(files, training_length);
  // A needle in the middle is worth another length, but not another mode: one-step readings have no
  // middle turn.
  auto found =
      look_in_all(order, [](const Transcript& t) { return is_right(t) && needle_in_middle(t); });
  return found ? found : look_in_all(order, is_right);
}

std::optional<Trace> choose_wrong(const std::vector<std::string>& files, int64_t training_length) {
  return look_in_all(ranked(files, training_length),
                     [](const Transcript& t) { return t.error.empty() && !is_right(t); });
}

AnnotatedReading annotate(const Trace& trace) {
  const Transcript& transcript = trace.transcript;
  AnnotatedReading reading{title_of(trace),
                           question_of(transcript),
                           {},
                           transcript.exchanges.size(),
                           transcript.answer,
                           transcript.answers,
                           is_right(transcript)};
  for (const size_t i : turns_to_show(transcript)) {
    const Exchange& e = transcript.exchanges[i];
    AnnotatedTurn turn{i + 1,
                       mark_needles(e.given, transcript.answers),
                       mark_values(e.written, transcript.answers),
                       {},
                       e.given_tokens,
                       e.written_tokens,
                       e.prefill_seconds,
                       e.decode_seconds,
                       e.forget};
    const Summary summary = parse_summary(e.written);
    if (transcript.mode != "os" && summary.well_formed) turn.summary = summary;
    reading.turns.push_back(std::move(turn));
  }
  return reading;
}

}  // namespace smooth
