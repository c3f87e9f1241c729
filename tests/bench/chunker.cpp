// How fast texts are cut into chunks: bench_chunker [CHUNK], one JSON object out. Processor time of one thread, 32 MB of sentences,
// the fastest of five.
#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <nlohmann/json.hpp>

#include "data/chunker.h"
#include "data/random.h"
#include "data/words.h"

int main(int argc, char** argv) {
  using namespace smooth;
  const int64_t size = argc > 1 ? std::atoll(argv[1]) : 512;
  Random random(1);
  std::string text;
  while (text.size() < 32000000) text += sentence(random) + (random.below(8) == 0 ? "\n\n" : " ");
  double seconds = 1e9;
  size_t chunks = 0;
  for (int round = 0; round < 5; ++round) {
    const std::clock_t begun = std::clock();
    chunks = chunk(text, size).size();
    seconds = std::min(seconds, static_cast<double>(std::clock() - begun) / CLOCKS_PER_SEC);
  }
  const nlohmann::ordered_json json = {{"chunk", size}, {"chunks", chunks}, {"seconds", seconds}, {"mb_per_second", static_cast<double>(text.size()) / 1e6 / seconds}};
  std::cout << json.dump() << "\n";
}
