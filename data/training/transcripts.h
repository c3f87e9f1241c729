// Transcripts of files as token ids: laid out and tokenised by several threads, given out in the files' order.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "data/layout.h"
#include "data/training/token_cache.h"

namespace smooth {

class Transcripts {
 public:
  // 0 threads: as many as there are cores. Keeps a reference to the layout.
  Transcripts(std::vector<std::string> files, const Layout& layout, bool all_targets, int64_t threads);
  ~Transcripts();
  Transcripts(const Transcripts&) = delete;
  Transcripts& operator=(const Transcripts&) = delete;

  // Nothing after the last. Throws with file, line and id where a transcript is malformed, whatever comes after it.
  std::optional<Sample> next();
  int64_t bytes() const { return bytes_; }  // of the lines that were given out

 private:
  struct Line {
    int64_t number = 0, file = 0, line = 0;
    std::string text;
  };
  struct Done {
    Sample sample;
    int64_t bytes = 0;
    std::exception_ptr error;
  };
  void work();
  std::optional<Line> take();  // the next line of the files, once there is room for it; nothing when there is no more to do
  bool read(Line& line);
  Done tokenised(const Line& line) const;

  std::vector<std::string> files_;
  const Layout& layout_;
  bool all_targets_;
  int64_t room_;  // lines that may be in hand at a time

  std::mutex mutex_;  // of all that follows
  std::condition_variable changed_;
  std::ifstream stream_;
  int64_t file_ = -1, line_ = 0;   // where the stream is; no file yet
  int64_t taken_ = 0, given_ = 0;  // lines
  std::map<int64_t, Done> done_;
  bool ended_ = false;  // no line is to be taken any more
  int64_t bytes_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace smooth
