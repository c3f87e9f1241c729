// Batches of the next steps, made ready by a thread while the caller computes.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "data/batch.h"

namespace smooth {

class ReadAhead {
 public:
  using Step = std::vector<Batch>;
  // `make` is called by the thread alone, for the step that is asked for and then for so many after it.
  ReadAhead(int64_t steps, std::function<Step(int64_t)> make);
  ~ReadAhead();  // waits for the step that is being made
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  // Any step, in any order; from one thread at a time. Throws what `make` threw for it.
  Step take(int64_t index);

 private:
  struct Made {
    Step step;
    std::exception_ptr error;
  };
  void run();
  int64_t missing() const;  // the first step of the window that is not ready; -1 if all are
  Made made(int64_t index) const;

  int64_t steps_;
  std::function<Step(int64_t)> make_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int64_t, Made> ready_;
  int64_t begin_ = 0, end_ = 0;  // the window: steps that are to be ready
  bool stopped_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace smooth
