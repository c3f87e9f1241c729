// How fast training data are tokenised into the cache, and read from it: bench_loader TOKENIZER [MILLION_TOKENS] [THREADS], one JSON
// object out. Made-up transcripts of 16,000 tokens or so in smooth form, chat template plain; packs of 32,768 tokens, 8 a step; wall
// time. `copied` is the same words copied once, by one thread, from memory: how fast a loader could be at best.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "configs/run.h"
#include "data/training/dataset.h"
#include "data/random.h"
#include "data/reading.h"
#include "data/training/tokenise.h"
#include "data/words.h"

namespace {

using namespace smooth;
namespace fs = std::filesystem;

template <class Body>
double seconds_of(const Body& body) {
  const auto begin = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double peak_mib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// A transcript of `turns` chunks, a thousand tokens or so each.
Transcript transcript_of(Random& random, int64_t number, int64_t turns) {
  Transcript transcript;
  transcript.id = "made-up-" + std::to_string(number);
  transcript.mode = "sr";
  for (int64_t turn = 0; turn < turns; ++turn) {
    std::string chunk;
    while (chunk.size() < 4500) chunk += sentence(random) + " ";
    const std::string end = turn + 1 == turns ? "\nAnswer: 7\n<STOP>" : "\n<CONTINUE>";
    transcript.exchanges.push_back({.forget = turn == 0, .given = chunk, .written = "Target: " + sentence(random) + end});
  }
  return transcript;
}

std::string write_transcripts(const fs::path& folder, int64_t tokens) {
  Random random(1);
  const fs::path file = folder / "made-up.sr.jsonl";
  write_file(file, [&](const Append& append) {
    for (int64_t number = 0, words = 0; words < tokens; ++number) {
      const int64_t turns = random.randint(4, 28);
      append(to_json(transcript_of(random, number, turns)) + "\n");
      words += turns * 1000;
    }
  });
  return file;
}

// Tokens a second through so many steps.
double rate_of(const std::shared_ptr<const TokenCache>& cache, TrainDataConfig config, int64_t read_ahead) {
  config.read_ahead = read_ahead;
  Loader loader(cache, config, 8, "packs", 1);
  int64_t tokens = 0;
  const double seconds = seconds_of([&] {
    for (int64_t i = 0; i < 2 * loader.steps_per_epoch(); ++i) {
      for (const Batch& batch : loader.step(i)) tokens += batch.num_tokens();
    }
  });
  return static_cast<double>(tokens) / seconds;
}

double copied(const std::shared_ptr<const TokenCache>& cache) {
  const int64_t documents = std::min<int64_t>(cache->num_documents(), 64);
  std::vector<std::vector<uint32_t>> held;
  for (int64_t document = 0; document < documents; ++document) held.emplace_back(cache->tokens(document).begin(), cache->tokens(document).end());
  int64_t tokens = 0;
  const double seconds = seconds_of([&] {
    for (int round = 0; round < 20; ++round) {
      Batch batch;
      for (const std::vector<uint32_t>& words : held) batch.add(words);
      tokens += batch.num_tokens();
    }
  });
  return static_cast<double>(tokens) / seconds;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: bench_loader TOKENIZER [MILLION_TOKENS] [THREADS]\n";
    return 2;
  }
  return run_main([&] {
    const int64_t tokens = (argc > 2 ? std::atoll(argv[2]) : 20) * 1000000, threads = argc > 3 ? std::atoll(argv[3]) : 0;
    const fs::path folder = fs::temp_directory_path() / ("smooth-bench-loader-" + std::to_string(::getpid()));
    TrainDataConfig config;
    config.tokenizer = argv[1];
    config.chat_template = "plain";
    config.files = {write_transcripts(folder, tokens)};
    const double text = static_cast<double>(fs::file_size(config.files[0]));
    const Layout layout(load_tokenizer(config.tokenizer), config.chat_template);
    std::shared_ptr<const TokenCache> cache;
    nlohmann::ordered_json json = {{"text_mb", text / 1e6}, {"threads", threads}, {"peak_mib_before", peak_mib()}};
    const double building = seconds_of([&] { cache = tokenise_once(config, layout, folder / "tokens", threads); });
    const auto all = static_cast<double>(cache->num_tokens());
    json.update({{"samples", cache->num_samples()}, {"tokens", cache->num_tokens()}, {"build_seconds", building},
                 {"build_tokens_per_second", all / building}, {"build_mb_per_second", text / 1e6 / building}, {"build_peak_mib", peak_mib()}});
    json["open_seconds"] = seconds_of([&] { tokenise_once(config, layout, folder / "tokens", threads); });
    json["plan_seconds"] = seconds_of([&] { Loader(cache, config, 8, "packs", 1); });
    for (const int64_t ahead : {0, 2}) json["loader_tokens_per_second"]["read_ahead " + std::to_string(ahead)] = rate_of(cache, config, ahead);
    json["copied_tokens_per_second"] = copied(cache);
    json["peak_mib"] = peak_mib();
    fs::remove_all(folder);
    std::cout << json.dump(2) << "\n";
    return 0;
  });
}
