#include "data/training/read_ahead.h"

#include <utility>

namespace smooth {

ReadAhead::ReadAhead(int64_t steps, std::function<Step(int64_t)> make) : steps_(steps), make_(std::move(make)), thread_([this] { run(); }) {}

ReadAhead::~ReadAhead() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

ReadAhead::Step ReadAhead::take(int64_t index) {
  std::unique_lock lock(mutex_);
  begin_ = index;
  end_ = index + 1 + steps_;
  std::erase_if(ready_, [&](const auto& made) { return made.first < begin_ || made.first >= end_; });
  changed_.notify_all();
  changed_.wait(lock, [&] { return ready_.contains(index); });
  Made made = std::move(ready_.extract(index).mapped());
  begin_ = index + 1;
  if (made.error) std::rethrow_exception(made.error);
  return std::move(made.step);
}

int64_t ReadAhead::missing() const {
  for (int64_t index = begin_; index < end_; ++index) {
    if (!ready_.contains(index)) return index;
  }
  return -1;
}

ReadAhead::Made ReadAhead::made(int64_t index) const {
  try {
    return {make_(index), nullptr};
  } catch (...) {  // the caller's, when it comes to this step
    return {{}, std::current_exception()};
  }
}

void ReadAhead::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stopped_ || missing() >= 0; });
    if (stopped_) return;
    const int64_t index = missing();
    lock.unlock();
    Made next = made(index);
    lock.lock();
    if (index >= begin_ && index < end_) ready_.emplace(index, std::move(next));  // else the caller has jumped elsewhere
    changed_.notify_all();
  }
}

}  // namespace smooth
