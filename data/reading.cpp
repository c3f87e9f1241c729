#include "data/reading.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "data/chunker.h"

namespace smooth {
namespace {

using Json = nlohmann::ordered_json;

const std::string kEndOfText = "\n[end of text]";

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
  chunks_ = whole ? std::vector<std::string_view>{task.context} : chunk(task.context, options.chunk);
  if (chunks_.empty()) chunks_ = {""};  // nothing to read is still to be answered
  transcript_ = {.id = task.id, .row = task.row, .mode = mode_name(options.mode), .chunk = whole ? 0 : options.chunk,
                 .early_stop = options.early_stop, .exchanges = {}, .answer = "", .answers = task.answers, .length = task.length};
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

// One-step: instruction, the whole context, then the question, as benchmarks lay it out.
Turn Reading::one_step() const {
  return {.forget = true,
          .text = task_.instruction + "\n" + task_.context + "\n" + task_.question,
          .may_stop = true,
          .last = true,
          .one_step = true,
          .max_tokens = options_.max_answer_tokens,
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
  // What unsmooth reading feeds again: the summary without its marker.
  summary_ = text.ends_with(kContinue) ? text.substr(0, text.size() - kContinue.size() - 1) : text;
  ++next_;
}

Transcript read(const Task& task, const ReadingOptions& options, Author& author) {
  Reading reading(task, options);
  while (const std::optional<Turn> turn = reading.next()) reading.wrote(author.write(*turn));
  return reading.transcript();
}

std::string to_json(const Transcript& transcript) {
  Json json = {{"id", transcript.id}, {"row", transcript.row}, {"mode", transcript.mode}, {"chunk", transcript.chunk},
               {"early_stop", transcript.early_stop}, {"length", transcript.length}, {"answers", transcript.answers},
               {"answer", transcript.answer}, {"exchanges", Json::array()}};
  for (const Exchange& e : transcript.exchanges) {
    json["exchanges"].push_back({{"forget", e.forget}, {"given", e.given}, {"written", e.written}, {"begin", e.begin}, {"end", e.end},
                                 {"given_tokens", e.given_tokens}, {"written_tokens", e.written_tokens},
                                 {"prefill_seconds", e.prefill_seconds}, {"decode_seconds", e.decode_seconds}});
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Transcript transcript_from_json(const std::string& line) {
  try {
    const Json json = Json::parse(line);
    Transcript transcript{.id = json.at("id"), .row = json.at("row"), .mode = json.at("mode"), .chunk = json.at("chunk"),
                          .early_stop = json.at("early_stop"), .exchanges = {}, .answer = json.at("answer"),
                          .answers = json.at("answers"), .length = json.at("length")};
    for (const Json& e : json.at("exchanges")) {
      transcript.exchanges.push_back({.forget = e.at("forget"), .given = e.at("given"), .written = e.at("written"),
                                      .begin = e.value("begin", int64_t{0}), .end = e.value("end", int64_t{0}),
                                      .given_tokens = e.value("given_tokens", int64_t{0}), .written_tokens = e.value("written_tokens", int64_t{0}),
                                      .prefill_seconds = e.value("prefill_seconds", 0.0), .decode_seconds = e.value("decode_seconds", 0.0)});
    }
    return transcript;
  } catch (const Json::exception& error) {
    throw std::runtime_error(std::string("not a transcript: ") + error.what());
  }
}

}  // namespace smooth
