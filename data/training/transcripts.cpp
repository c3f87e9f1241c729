#include "data/training/transcripts.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "data/reading.h"

namespace smooth {
namespace {

constexpr int64_t kLinesAThread = 8;  // a long transcript does not keep the other threads waiting, and memory stays small

int64_t number_of_threads(int64_t wanted) { return wanted > 0 ? wanted : std::max<int64_t>(1, std::thread::hardware_concurrency()); }

}  // namespace

Transcripts::Transcripts(std::vector<std::string> files, const Layout& layout, bool all_targets, int64_t threads)
    : files_(std::move(files)), layout_(layout), all_targets_(all_targets), room_(kLinesAThread * number_of_threads(threads)) {
  for (int64_t i = 0; i < number_of_threads(threads); ++i) threads_.emplace_back([this] { work(); });
}

Transcripts::~Transcripts() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

std::optional<Sample> Transcripts::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return done_.contains(given_) || (ended_ && given_ == taken_); });
  if (!done_.contains(given_)) return {};
  Done done = std::move(done_.extract(given_).mapped());
  ++given_;
  bytes_ += done.bytes;
  changed_.notify_all();
  if (done.error) std::rethrow_exception(done.error);
  return std::move(done.sample);
}

void Transcripts::work() {
  while (const std::optional<Line> line = take()) {
    Done done = tokenised(*line);
    const std::lock_guard lock(mutex_);
    done_.emplace(line->number, std::move(done));
    changed_.notify_all();
  }
}

std::optional<Transcripts::Line> Transcripts::take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return ended_ || taken_ < given_ + room_; });
  if (ended_) return {};
  Line line{.number = taken_};
  try {
    ended_ = !read(line);
  } catch (const std::exception&) {  // stands where the line would
    done_.emplace(taken_++, Done{.error = std::current_exception()});
    ended_ = true;
  }
  if (ended_) {
    changed_.notify_all();
    return {};
  }
  ++taken_;
  return line;
}

bool Transcripts::read(Line& line) {
  while (!std::getline(stream_, line.text)) {
    if (stream_.bad()) throw std::runtime_error(files_[file_] + ": cannot be read on after line " + std::to_string(line_));
    if (++file_ == static_cast<int64_t>(files_.size())) return false;
    stream_ = std::ifstream(files_[file_]);
    if (!stream_) throw std::runtime_error(files_[file_] + ": cannot be opened");
    line_ = 0;
  }
  line.file = file_;
  line.line = ++line_;
  return true;
}

Transcripts::Done Transcripts::tokenised(const Line& line) const {
  Done done{.sample = {.file = line.file, .line = line.line}, .bytes = static_cast<int64_t>(line.text.size()) + 1};
  try {
    const Transcript transcript = transcript_from_json(line.text);
    if (transcript.exchanges.empty()) throw std::runtime_error("sample " + transcript.id + " has no exchange");
    done.sample.id = transcript.id;
    done.sample.documents = layout_.examples(transcript, all_targets_);
  } catch (const std::exception& error) {
    done.error = std::make_exception_ptr(std::runtime_error(files_[line.file] + ":" + std::to_string(line.line) + ": " + error.what()));
  }
  return done;
}

}  // namespace smooth
