// CPython 3.11's generator: MT19937 seeded by init_by_array, and the draws of Lib/random.py over it. Not the draws of
// <random>: std::mt19937(seed) starts from another state and std::uniform_int_distribution is not portable.
#include "data/random.h"

#include <bit>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <unordered_set>

namespace smooth {
namespace {

constexpr int kState = 624, kMiddle = 397;

// _randommodule.c, init_by_array (after Matsumoto and Nishimura's mt19937ar.c).
void seed_state(std::array<uint32_t, kState>& state, const std::vector<uint32_t>& key) {
  state[0] = 19650218u;
  for (uint32_t i = 1; i < kState; ++i) {
    state[i] = 1812433253u * (state[i - 1] ^ (state[i - 1] >> 30)) + i;
  }
  size_t i = 1, j = 0;
  const auto advance = [&] {
    if (++i == kState) {
      state[0] = state[kState - 1];
      i = 1;
    }
  };
  for (size_t n = std::max<size_t>(kState, key.size()); n > 0; --n) {
    const uint32_t mixed = (state[i - 1] ^ (state[i - 1] >> 30)) * 1664525u;
    state[i] = (state[i] ^ mixed) + key[j] + static_cast<uint32_t>(j);
    advance();
    j = (j + 1) % key.size();
  }
  for (int n = kState - 1; n > 0; --n) {
    const uint32_t mixed = (state[i - 1] ^ (state[i - 1] >> 30)) * 1566083941u;
    state[i] = (state[i] ^ mixed) - static_cast<uint32_t>(i);
    advance();
  }
  state[0] = 0x80000000u;
}

// The next 624 words (genrand_uint32's refill).
void refill(std::array<uint32_t, kState>& state) {
  const auto twist = [](uint32_t high, uint32_t low) {
    const uint32_t y = (high & 0x80000000u) | (low & 0x7fffffffu);
    return (y >> 1) ^ ((y & 1u) ? 0x9908b0dfu : 0u);
  };
  for (int k = 0; k < kState - kMiddle; ++k) {
    state[k] = state[k + kMiddle] ^ twist(state[k], state[k + 1]);
  }
  for (int k = kState - kMiddle; k < kState - 1; ++k) {
    state[k] = state[k + kMiddle - kState] ^ twist(state[k], state[k + 1]);
  }
  state[kState - 1] = state[kMiddle - 1] ^ twist(state[kState - 1], state[0]);
}

}  // namespace

Random::Random(uint64_t seed) {
  std::vector<uint32_t> key = {static_cast<uint32_t>(seed)};
  if (seed >> 32) key.push_back(static_cast<uint32_t>(seed >> 32));
  seed_state(state_, key);
}

Random::Random(uint64_t seed, const std::string& stream) {
  std::string bytes;
  for (int i = 0; i < 64; i += 8) bytes.push_back(static_cast<char>(seed >> i));
  bytes += stream;
  bytes.push_back('\1');  // so that names that differ in trailing zero bytes are different integers
  std::vector<uint32_t> key((bytes.size() + 3) / 4, 0);
  for (size_t i = 0; i < bytes.size(); ++i) {
    key[i / 4] |= static_cast<uint32_t>(static_cast<uint8_t>(bytes[i])) << (8 * (i % 4));
  }
  seed_state(state_, key);
}

uint32_t Random::word() {
  if (next_ == kState) {
    refill(state_);
    next_ = 0;
  }
  uint32_t y = state_[next_++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

uint64_t Random::getrandbits(int bits) {
  if (bits < 1 || bits > 64) throw std::invalid_argument("Random::getrandbits: 1 to 64 bits");
  if (bits <= 32) return word() >> (32 - bits);
  const uint64_t low = word();  // least significant word first
  return low | static_cast<uint64_t>(word() >> (64 - bits)) << 32;
}

double Random::uniform() {
  const uint32_t a = word() >> 5, b = word() >> 6;
  return (a * 67108864.0 + b) * (1.0 / 9007199254740992.0);
}

uint64_t Random::below(uint64_t n) {
  if (n == 0) throw std::invalid_argument("Random::below: nothing to draw from");
  const int bits = static_cast<int>(std::bit_width(n));  // n = 1 draws too, as Python's does
  uint64_t r = getrandbits(bits);
  while (r >= n) r = getrandbits(bits);
  return r;
}

int64_t Random::randint(int64_t low, int64_t high) {
  if (low > high) throw std::invalid_argument("Random::randint: low is above high");
  const uint64_t width = static_cast<uint64_t>(high) - static_cast<uint64_t>(low) + 1;
  return static_cast<int64_t>(static_cast<uint64_t>(low) + below(width));
}

std::vector<int64_t> Random::sample(int64_t n, int64_t k) {
  if (k < 0 || k > n) throw std::invalid_argument("Random::sample: sample larger than population or negative");
  // Python chooses between a pool and a set by their sizes in memory; the draws differ, so the same choice is made
  // here.
  double set_size = 21;
  if (k > 5) set_size += std::pow(4.0, std::ceil(std::log(static_cast<double>(k * 3)) / std::log(4.0)));
  std::vector<int64_t> result(k);
  if (static_cast<double>(n) <= set_size) {
    std::vector<int64_t> pool(n);
    std::iota(pool.begin(), pool.end(), 0);
    for (int64_t i = 0; i < k; ++i) {
      const uint64_t j = below(n - i);
      result[i] = pool[j];
      pool[j] = pool[n - i - 1];
    }
    return result;
  }
  std::unordered_set<int64_t> selected;
  for (int64_t& item : result) {
    do item = static_cast<int64_t>(below(n));
    while (!selected.insert(item).second);
  }
  return result;
}

std::string Random::uuid4() {
  uint64_t low = word();
  low |= static_cast<uint64_t>(word()) << 32;
  uint64_t high = word();
  high |= static_cast<uint64_t>(word()) << 32;
  low = (low & ~(0xc000ull << 48)) | 0x8000ull << 48;  // variant of RFC 4122
  high = (high & ~0xf000ull) | 4ull << 12;             // version 4
  static const char digits[] = "0123456789abcdef";
  std::string text;
  for (int i = 0; i < 32; ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) text.push_back('-');
    text.push_back(digits[((i < 16 ? high : low) >> (60 - 4 * (i % 16))) & 15]);
  }
  return text;
}

}  // namespace smooth
