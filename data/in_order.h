// Things that several threads make side by side and one takes in order.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace smooth {

// `wanted`; of 0 as many as OMP_NUM_THREADS says, and where it says nothing one for each core.
inline int64_t worker_threads(int64_t wanted) {
  if (wanted > 0) return wanted;
  const char* said = std::getenv("OMP_NUM_THREADS");
  const int64_t number = said == nullptr ? 0 : std::atoll(said);
  return number > 0 ? number : std::max<int64_t>(1, std::thread::hardware_concurrency());
}

// make(0), make(1), ... make(count - 1). What one of them throws, next() throws in its place.
template <class T>
class InOrder {
 public:
  InOrder(int64_t count, int64_t threads, std::function<T(int64_t)> make) : count_(count), make_(std::move(make)) {
    const int64_t workers = std::min(count, worker_threads(threads));
    room_ = 2 * workers;  // what is made and not yet taken stays small
    for (int64_t i = 0; i < workers; ++i) threads_.emplace_back([this] { work(); });
  }
  ~InOrder() {
    {
      const std::lock_guard lock(mutex_);
      begun_ = count_;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  InOrder(const InOrder&) = delete;
  InOrder& operator=(const InOrder&) = delete;

  T next() {  // `count` times
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return made_.contains(taken_); });
    Made made = std::move(made_.extract(taken_++).mapped());
    changed_.notify_all();
    if (made.error) std::rethrow_exception(made.error);
    return std::move(*made.thing);
  }

 private:
  struct Made {
    std::unique_ptr<T> thing;
    std::exception_ptr error;
  };

  void work() {
    for (std::unique_lock lock(mutex_);;) {
      changed_.wait(lock, [&] { return begun_ == count_ || begun_ < taken_ + room_; });
      if (begun_ == count_) return;
      const int64_t index = begun_++;
      lock.unlock();
      Made made;
      try {
        made.thing = std::make_unique<T>(make_(index));
      } catch (...) {
        made.error = std::current_exception();
      }
      lock.lock();
      made_.emplace(index, std::move(made));
      changed_.notify_all();
    }
  }

  int64_t count_, room_ = 0;
  std::function<T(int64_t)> make_;
  std::mutex mutex_;  // of all that follows
  std::condition_variable changed_;
  int64_t begun_ = 0, taken_ = 0;
  std::map<int64_t, Made> made_;
  std::vector<std::thread> threads_;
};

}  // namespace smooth
