// Python's `random.Random`, bit for bit: RULER's draws are Python's, so ours can be compared with its files.
// Source: CPython Lib/random.py and Modules/_randommodule.c (3.11).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace smooth {

class Random {
 public:
  explicit Random(uint64_t seed);                       // random.seed(int)
  // An independent stream: random.seed() of the integer whose little-endian bytes are seed (8 of them), stream and 1.
  Random(uint64_t seed, const std::string& stream);

  uint32_t word();                                      // 32 random bits
  uint64_t getrandbits(int bits);                       // 1 to 64 bits
  double uniform();                                     // random.random(): [0, 1), 53 bits
  uint64_t below(uint64_t n);                           // _randbelow: [0, n)
  int64_t randint(int64_t low, int64_t high);           // both ends included
  std::vector<int64_t> sample(int64_t n, int64_t k);    // random.sample(range(n), k)
  template <class T>
  const T& choice(const std::vector<T>& items) { return items[below(items.size())]; }
  template <class T>
  void shuffle(std::vector<T>& items) {                 // random.shuffle
    for (size_t i = items.size(); i-- > 1;) std::swap(items[i], items[below(i + 1)]);
  }
  std::string uuid4();                                  // str(uuid.UUID(int=getrandbits(128), version=4))

 private:
  std::array<uint32_t, 624> state_;
  int next_ = 624;
};

}  // namespace smooth
