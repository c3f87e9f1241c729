#include "data/reading.h"

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <type_traits>

#include "data/chunker.h"
#include "data/tokenizers/json_members.h"

namespace smooth {
namespace {

using Json = nlohmann::ordered_json;

const std::string kEndOfText = "\n[end of text]";

// The library's complaint about a value of the wrong type does not say which field it is.
template <class T>
T field(const Json& json, const std::string& key) {
  try {
    const Json& value = json.at(key);
    // What lies beyond int64 cannot be cast to it.
    if (std::is_same_v<T, int64_t> && !value.is_number_integer()) throw std::runtime_error("not a transcript: field '" + key + "': expected a whole number");
    return value.get<T>();
  } catch (const Json::exception& error) {
    throw std::runtime_error("not a transcript: field '" + key + "': " + error.what());
  }
}

template <class T>
T field_or(const Json& json, const std::string& key, T missing) {
  return json.contains(key) ? field<T>(json, key) : missing;
}

Json json_of(const Exchange& e) {
  Json json = {{"forget", e.forget}, {"given", e.given}, {"written", e.written}, {"begin", e.begin}, {"end", e.end},
               {"given_tokens", e.given_tokens}, {"written_tokens", e.written_tokens},
               {"prefill_seconds", e.prefill_seconds}, {"decode_seconds", e.decode_seconds}};
  if (e.plain) json["plain"] = true;
  return json;
}

Exchange exchange_of(const Json& json) {
  return {.forget = field<bool>(json, "forget"), .plain = field_or<bool>(json, "plain", false), .given = field<std::string>(json, "given"), .written = field<std::string>(json, "written"),
          .begin = field_or<int64_t>(json, "begin", 0), .end = field_or<int64_t>(json, "end", 0),
          .given_tokens = field_or<int64_t>(json, "given_tokens", 0), .written_tokens = field_or<int64_t>(json, "written_tokens", 0),
          .prefill_seconds = field_or<double>(json, "prefill_seconds", 0), .decode_seconds = field_or<double>(json, "decode_seconds", 0)};
}

std::string line_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json object_of(const std::string& line) {
  Json json = parse_json(line, "not a transcript");
  if (!json.is_object()) throw std::runtime_error("not a transcript: not a JSON object");
  return json;
}

}  // namespace

Mode mode_from(const std::string& name) {
  if (name == "os") return Mode::kOneStep;
  if (name == "ur") return Mode::kUnsmooth;
  if (name == "sr") return Mode::kSmooth;
  throw std::runtime_error("mode " + name + " is not known; the modes are os, ur, sr");
}

std::string mode_name(Mode mode) { return mode == Mode::kOneStep ? "os" : mode == Mode::kUnsmooth ? "ur" : "sr"; }

Reading::Reading(const Task& task, const ReadingOptions& options) : task_(task), options_(options) {
  const bool whole = options.mode == Mode::kOneStep;
  if (task.prompt && !whole) throw std::logic_error("a prescribed prompt is read in one step");
  chunks_ = whole ? std::vector<std::string_view>{task.context} : chunk(task.context, options.chunk, task.borders);
  if (chunks_.empty()) chunks_ = {""};  // nothing to read is still to be answered
  transcript_ = {.id = task.id, .row = task.row, .mode = mode_name(options.mode), .chunk = whole ? 0 : options.chunk,
                 .early_stop = options.early_stop, .exchanges = {}, .answer = "", .error = "", .answers = task.answers, .length = task.length};
}

std::optional<Turn> Reading::next() {
  if (ended_) return {};
  if (options_.mode == Mode::kOneStep) return turn_ = one_step();
  const std::string_view piece = chunks_[next_];
  const int64_t begin = piece.empty() ? 0 : piece.data() - task_.context.data();
  turn_ = {.forget = next_ == 0 || options_.mode == Mode::kUnsmooth,
           .text = given(next_),
           .may_stop = options_.early_stop || next_ + 1 == chunks_.size(),
           .last = next_ + 1 == chunks_.size(),
           .one_step = false,
           .max_tokens = options_.max_summary_tokens,
           .begin = begin,
           .end = begin + static_cast<int64_t>(piece.size())};
  return turn_;
}

// One-step: instruction, the whole context, then the question, as benchmarks lay it out; or as one prescribes it.
Turn Reading::one_step() const {
  return {.forget = true,
          .text = task_.prompt ? task_.prompt->text : task_.instruction + "\n" + task_.context + "\n" + task_.question,
          .may_stop = true,
          .last = true,
          .one_step = true,
          .max_tokens = task_.prompt ? task_.prompt->max_tokens : options_.max_answer_tokens,
          .begin = 0,
          .end = static_cast<int64_t>(task_.context.size())};
}

// Smooth reading states the task on the first turn only, since memory keeps it; unsmooth reading states it every time and
// gives the previous summary again. The last chunk is marked as the last.
std::string Reading::given(size_t chunk) const {
  std::string text;
  if (chunk == 0 || options_.mode == Mode::kUnsmooth) text = task_.instruction + "\n" + task_.question + "\n";
  if (options_.mode == Mode::kUnsmooth && !summary_.empty()) text += summary_ + "\n";
  text += chunks_[chunk];
  return chunk + 1 == chunks_.size() ? text + kEndOfText : text;
}

void Reading::wrote(const std::string& text, Exchange cost) {
  cost.forget = turn_.forget;
  cost.plain = task_.prompt && task_.prompt->plain;
  cost.given = turn_.text;
  cost.written = text;
  cost.begin = turn_.begin;
  cost.end = turn_.end;
  transcript_.exchanges.push_back(std::move(cost));
  if (options_.mode == Mode::kOneStep) {
    transcript_.answer = text;
    ended_ = true;
    return;
  }
  const Summary summary = parse_summary(text);
  const bool stopped = summary.stop && turn_.may_stop;
  if (stopped) transcript_.answer = summary.answer;
  ended_ = stopped || turn_.last;
  summary_ = without_marker(text);  // what unsmooth reading feeds again: a marker in it would be a marker's token
  ++next_;
}

void Reading::fail(const std::string& error) {
  transcript_.error = error;
  ended_ = true;
}

Exchange Reading::take() {
  Exchange newest = std::move(transcript_.exchanges.back());
  transcript_.exchanges.pop_back();
  return newest;
}

Transcript read(const Task& task, const ReadingOptions& options, Author& author) {
  Reading reading(task, options);
  while (const std::optional<Turn> turn = reading.next()) reading.wrote(author.write(*turn));
  return reading.transcript();
}

std::string to_json(const Exchange& exchange) { return line_of(json_of(exchange)); }

std::string to_json(const Transcript& transcript) {
  Json json = {{"id", transcript.id}, {"row", transcript.row}, {"mode", transcript.mode}, {"chunk", transcript.chunk},
               {"early_stop", transcript.early_stop}, {"length", transcript.length}, {"answers", transcript.answers},
               {"answer", transcript.answer}, {"exchanges", Json::array()}};
  if (!transcript.error.empty()) json["error"] = transcript.error;
  for (const Exchange& exchange : transcript.exchanges) json["exchanges"].push_back(json_of(exchange));
  return line_of(json);
}

Exchange exchange_from_json(const std::string& line) { return exchange_of(object_of(line)); }

Transcript transcript_from_json(const std::string& line) {
  const Json json = object_of(line);
  Transcript transcript{.id = field<std::string>(json, "id"), .row = field<std::string>(json, "row"), .mode = field<std::string>(json, "mode"),
                        .chunk = field<int64_t>(json, "chunk"), .early_stop = field<bool>(json, "early_stop"), .exchanges = {},
                        .answer = field<std::string>(json, "answer"), .error = field_or<std::string>(json, "error", ""), .answers = field<std::vector<std::string>>(json, "answers"),
                        .length = field<int64_t>(json, "length")};
  for (const Json& exchange : field<std::vector<Json>>(json, "exchanges")) transcript.exchanges.push_back(exchange_of(exchange));
  return transcript;
}

}  // namespace smooth
