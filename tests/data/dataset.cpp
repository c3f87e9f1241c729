// Packing, and the order of what is trained on.
#include "data/training/dataset.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <map>
#include <numeric>
#include <set>

#include "data/random.h"
#include "tests/data/cached.h"
#include "tests/data/naive_loader.h"

using namespace smooth;
using Catch::Matchers::Contains;

namespace {

int64_t size_of(const Example& document) { return static_cast<int64_t>(document.ids.size()); }

// Documents whose ids say whose they are: sample, document, then places; every third token is a target.
std::vector<Sample> numbered(uint64_t seed, int64_t count, int64_t shortest, int64_t longest, int64_t most_documents) {
  Random random(seed);
  std::vector<Sample> samples(count);
  for (int64_t s = 0; s < count; ++s) {
    samples[s].id = "s" + std::to_string(s);
    for (int64_t d = random.randint(1, most_documents); d > 0; --d) {
      Example& document = samples[s].documents.emplace_back();
      document.ids = {s, d};
      for (int64_t n = random.randint(shortest, longest); n > 2; --n) document.ids.push_back(1000 + n);
      for (size_t t = 0; t < document.ids.size(); ++t) document.target.push_back(t % 3 == 1);
    }
  }
  return samples;
}

TrainDataConfig config_of(int64_t context, const std::string& order = "shuffled") {
  TrainDataConfig config;
  config.context = context;
  config.order = order;
  return config;
}

using Document = std::pair<int64_t, int64_t>;  // sample, document

// Documents of a step in order, after checking every pack against the samples.
std::vector<Document> documents_of(const std::vector<Batch>& step, const std::vector<Sample>& samples, int64_t context) {
  std::vector<Document> documents;
  for (const Batch& batch : step) {
    REQUIRE(batch.num_tokens() <= context);
    REQUIRE(batch.targets.size() == batch.ids.size());
    REQUIRE(batch.cu_seqlens.front() == 0);
    REQUIRE(batch.cu_seqlens.back() == batch.num_tokens());
    int64_t targets = 0;
    for (int64_t n = 0; n < batch.num_documents(); ++n) {
      const auto begin = batch.ids.begin() + batch.cu_seqlens[n], end = batch.ids.begin() + batch.cu_seqlens[n + 1];
      documents.emplace_back(begin[0], begin[1]);
      const auto& all = samples.at(begin[0]).documents;
      const Example& document = all.at(all.size() - begin[1]);
      REQUIRE(std::vector<int64_t>(begin, end) == document.ids);  // whole
      for (int32_t t = batch.cu_seqlens[n]; t < batch.cu_seqlens[n + 1]; ++t) {
        const size_t next = t + 1 - batch.cu_seqlens[n];
        const bool predicted = next < document.ids.size() && document.target[next];
        REQUIRE(batch.targets[t] == (predicted ? document.ids[next] : -1));
        targets += predicted;
      }
    }
    REQUIRE(batch.num_targets == targets);
  }
  return documents;
}

bool same(const std::vector<Batch>& a, const std::vector<Batch>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Batch& x, const Batch& y) {
    return x.ids == y.ids && x.targets == y.targets && x.cu_seqlens == y.cu_seqlens && x.num_targets == y.num_targets;
  });
}

std::set<Document> all_documents(const std::vector<Sample>& samples) {
  std::set<Document> all;
  for (size_t s = 0; s < samples.size(); ++s) {
    for (size_t d = 1; d <= samples[s].documents.size(); ++d) all.emplace(static_cast<int64_t>(s), static_cast<int64_t>(d));
  }
  return all;
}

}  // namespace

TEST_CASE("a batch: the next id where it was written, nothing across documents", "[cpu]") {
  Batch batch;
  REQUIRE(batch.num_documents() == 0);
  batch.add({{5, 6, 7, 8}, {0, 0, 1, 1}});
  batch.add({{9, 4}, {1, 1}});  // the first id of a document has nothing to be predicted from
  batch.add({{3}, {1}});
  REQUIRE(batch.ids == std::vector<int64_t>{5, 6, 7, 8, 9, 4, 3});
  REQUIRE(batch.targets == std::vector<int64_t>{-1, 7, 8, -1, 4, -1, -1});
  REQUIRE(batch.cu_seqlens == std::vector<int32_t>{0, 4, 6, 7});
  REQUIRE(batch.num_targets == 3);
  REQUIRE(batch.num_tokens() == 7);
  REQUIRE(batch.num_documents() == 3);
  Batch same_words;
  same_words.add(std::vector<uint32_t>{5, 6, 7 | kTargetBit, 8 | kTargetBit});
  same_words.add(std::vector<uint32_t>{9 | kTargetBit, 4 | kTargetBit});
  same_words.add(std::vector<uint32_t>{3 | kTargetBit});
  REQUIRE(same({batch}, {same_words}));
}

TEST_CASE("a step of samples holds as many samples, and an epoch each sample once", "[cpu]") {
  const int64_t context = 90, batch = 5;
  const std::vector<Sample> samples = numbered(1, 60, 4, 80, 3);
  for (const std::string order : {"shuffled", "growing", "as-is"}) {
    INFO(order);
    Loader loader(cache_of(samples), config_of(context, order), batch, "samples", 7);
    REQUIRE(loader.steps_per_epoch() == 12);
    REQUIRE(loader.num_samples() == 60);
    std::vector<std::vector<Document>> epochs;
    for (int64_t epoch = 0; epoch < 3; ++epoch) {
      std::set<Document> seen;
      std::vector<Document> sequence;
      for (int64_t i = 0; i < 12; ++i) {
        const auto documents = documents_of(loader.step(epoch * 12 + i), samples, context);
        std::set<int64_t> of_step;
        for (const Document& document : documents) {
          REQUIRE(seen.insert(document).second);
          of_step.insert(document.first);
        }
        REQUIRE(static_cast<int64_t>(of_step.size()) == batch);
        sequence.insert(sequence.end(), documents.begin(), documents.end());
      }
      REQUIRE(seen == all_documents(samples));
      epochs.push_back(sequence);
    }
    REQUIRE((epochs[0] == epochs[1]) == (order == "as-is"));
    REQUIRE((epochs[1] == epochs[2]) == (order == "as-is"));
  }
}

TEST_CASE("samples that fill no batch are fewer than one", "[cpu]") {
  const std::vector<Sample> samples = numbered(2, 23, 4, 30, 2);
  Loader loader(cache_of(samples), config_of(64), 5, "samples", 7);
  REQUIRE(loader.steps_per_epoch() == 4);
  std::set<int64_t> ever;
  for (int64_t epoch = 0; epoch < 8; ++epoch) {
    std::set<int64_t> seen;
    for (int64_t i = 0; i < 4; ++i) {
      for (const Document& document : documents_of(loader.step(4 * epoch + i), samples, 64)) seen.insert(document.first);
    }
    REQUIRE(seen.size() == 20);
    ever.insert(seen.begin(), seen.end());
  }
  REQUIRE(ever.size() == 23);  // another epoch leaves others over
}

TEST_CASE("a step of packs holds as many packs, and no document twice in an epoch", "[cpu]") {
  const int64_t context = 128;
  const std::vector<Sample> samples = numbered(3, 700, 4, 100, 2);  // more than are packed together at a time
  for (const std::string order : {"shuffled", "growing", "as-is"}) {
    for (const int64_t batch : {1, 7}) {
      INFO(order << ", batch " << batch);
      Loader loader(cache_of(samples), config_of(context, order), batch, "packs", 7);
      size_t tokens = 0, packs = 0;
      for (int64_t epoch = 0; epoch < 2; ++epoch) {
        std::set<Document> seen;
        for (int64_t i = 0; i < loader.steps_per_epoch(); ++i) {
          const std::vector<Batch> step = loader.step(epoch * loader.steps_per_epoch() + i);
          REQUIRE((static_cast<int64_t>(step.size()) == batch || epoch > 0));
          for (const Document& document : documents_of(step, samples, context)) REQUIRE(seen.insert(document).second);
          for (const Batch& pack : step) tokens += pack.ids.size();
          packs += step.size();
        }
        if (batch == 1 && epoch == 0) REQUIRE(seen == all_documents(samples));
        REQUIRE(seen.size() + 80 > all_documents(samples).size());  // less than a step, or a pack, is left over
      }
      REQUIRE(static_cast<double>(tokens) > 0.85 * static_cast<double>(packs) * context);
    }
  }
}

// Another epoch may pack tighter: then its last step has fewer packs, and none is given twice.
TEST_CASE("an epoch with fewer packs than the first", "[cpu]") {
  const int64_t context = 64;
  const std::vector<Sample> samples = numbered(4, 900, 10, 50, 1);
  int tighter = 0;
  for (uint64_t seed = 0; seed < 6; ++seed) {
    Loader single(cache_of(samples), config_of(context), 1, "packs", seed);
    const int64_t batch = single.steps_per_epoch();  // all packs of the first epoch
    Loader loader(cache_of(samples), config_of(context), batch, "packs", seed);
    REQUIRE(loader.steps_per_epoch() == 1);
    for (int64_t epoch = 0; epoch < 6; ++epoch) {
      const std::vector<Batch> step = loader.step(epoch);
      const auto documents = documents_of(step, samples, context);
      REQUIRE(std::set<Document>(documents.begin(), documents.end()).size() == documents.size());
      REQUIRE((static_cast<int64_t>(step.size()) == batch || documents.size() == 900));
      REQUIRE(static_cast<int64_t>(step.size()) > batch - 20);
      tighter += static_cast<int64_t>(step.size()) < batch;
    }
  }
  REQUIRE(tighter > 3);
}

TEST_CASE("a step follows from the seed and its number, whatever was asked before", "[cpu]") {
  const std::vector<Sample> samples = numbered(5, 40, 4, 60, 2);
  for (const std::string order : {"shuffled", "growing", "as-is"}) {
    for (const std::string batch_of : {"samples", "packs"}) {
      INFO(order << ", " << batch_of);
      const auto tokens = cache_of(samples);
      Loader sequential(tokens, config_of(70, order), 3, batch_of, 11), jumping(tokens, config_of(70, order), 3, batch_of, 11),
          other(tokens, config_of(70, order), 3, batch_of, 12);
      std::vector<std::vector<Batch>> steps;
      for (int64_t i = 0; i < 4 * sequential.steps_per_epoch(); ++i) steps.push_back(sequential.step(i));
      Random random(1);
      for (int i = 0; i < 60; ++i) {
        const auto index = static_cast<int64_t>(random.below(steps.size()));
        REQUIRE(same(jumping.step(index), steps[index]));
      }
      int differing = 0;
      for (int64_t i = 0; i < other.steps_per_epoch(); ++i) differing += !same(other.step(i), steps[i]);
      REQUIRE((differing > 0) == (order != "as-is"));
    }
  }
}

TEST_CASE("orders: as the files have it, mixed, or from short to long, about", "[cpu]") {
  const std::vector<Sample> samples = numbered(6, 300, 4, 900, 2);
  const auto sequence = [&](const std::string& order) {
    Loader loader(cache_of(samples), config_of(1000, order), 1, "samples", 3);
    std::vector<int64_t> ids;
    for (int64_t i = 0; i < loader.steps_per_epoch(); ++i) ids.push_back(documents_of(loader.step(i), samples, 1000).at(0).first);
    return ids;
  };
  std::vector<int64_t> in_order(300);
  std::iota(in_order.begin(), in_order.end(), 0);
  REQUIRE(sequence("as-is") == in_order);

  const std::vector<int64_t> shuffled = sequence("shuffled");
  int64_t moved = 0;
  for (int64_t i = 0; i < 300; ++i) moved += std::abs(shuffled[i] - i);
  REQUIRE(moved > 300 * 60);  // 100 each are expected

  const auto longest = [&](int64_t sample) {
    int64_t length = 0;
    for (const Example& document : samples[sample].documents) length = std::max(length, size_of(document));
    return length;
  };
  const std::vector<int64_t> growing = sequence("growing");
  int64_t most_before = 0, inversions = 0;
  for (size_t i = 0; i < growing.size(); ++i) {
    REQUIRE(2 * longest(growing[i]) >= most_before);  // (1 + 1/3) / (1 - 1/3)
    most_before = std::max(most_before, longest(growing[i]));
    inversions += i > 0 && longest(growing[i]) < longest(growing[i - 1]);
  }
  REQUIRE(inversions > 60);  // kinds of samples stay mixed
}

TEST_CASE("data that make no batch are refused", "[cpu]") {
  const std::vector<Sample> samples = numbered(7, 4, 4, 10, 1);
  REQUIRE_THROWS_WITH(Loader(cache_of(samples), config_of(100), 5, "samples", 1), Contains("less than one batch of 5 samples"));
  REQUIRE_THROWS_WITH(Loader(cache_of(samples), config_of(100), 2, "packs", 1), Contains("less than one batch of 2 packs"));
  REQUIRE(Loader(cache_of(samples), config_of(100), 1, "packs", 1).steps_per_epoch() == 1);
}

// What the loader was before it had a cache, a plan of lengths and a thread.
TEST_CASE("the loader gives the batches of its readable twin", "[cpu]") {
  int64_t steps = 0;
  for (uint64_t seed = 0; seed < 4; ++seed) {
    const std::vector<Sample> samples = numbered(20 + seed, 330, 4, 90, 3);
    const auto tokens = cache_of(samples);
    for (const std::string order : {"shuffled", "growing", "as-is"}) {
      for (const std::string batch_of : {"samples", "packs"}) {
        const int64_t batch = 1 + static_cast<int64_t>(seed) * 9;
        const NaiveLoader naive{samples, 100, batch, batch_of, order, seed};
        Loader loader(tokens, config_of(100, order), batch, batch_of, seed);
        REQUIRE(loader.steps_per_epoch() == naive.steps_per_epoch());
        for (int64_t i = 0; i < 3 * loader.steps_per_epoch(); i += 1 + loader.steps_per_epoch() / 3) {
          INFO("seed " << seed << ", " << order << ", " << batch_of << ", step " << i);
          REQUIRE(same(loader.step(i), naive.step(i)));
          ++steps;
        }
      }
    }
  }
  REQUIRE(steps > 150);
}

TEST_CASE("reading ahead changes nothing, wherever the next step lies", "[cpu]") {
  const std::vector<Sample> samples = numbered(30, 80, 4, 60, 2);
  const auto tokens = cache_of(samples);
  TrainDataConfig config = config_of(70);
  for (const std::string batch_of : {"samples", "packs"}) {
    config.read_ahead = 0;
    Loader plain(tokens, config, 3, batch_of, 5);
    std::vector<std::vector<Batch>> expected;
    for (int64_t i = 0; i < 5 * plain.steps_per_epoch(); ++i) expected.push_back(plain.step(i));
    for (const int64_t steps : {1, 2, 7, 300}) {
      config.read_ahead = steps;
      Loader ahead(tokens, config, 3, batch_of, 5);
      Random random(static_cast<uint64_t>(steps));
      int64_t index = 0;
      for (int i = 0; i < 400; ++i) {
        REQUIRE(same(ahead.step(index), expected[index]));
        const bool jump = random.below(4) == 0 || index + 1 == static_cast<int64_t>(expected.size());
        index = jump ? static_cast<int64_t>(random.below(expected.size())) : index + 1;
      }
    }
  }
}

TEST_CASE("a step says which samples are in it, and gives its packs one by one", "[cpu]") {
  const std::vector<Sample> samples = numbered(31, 60, 4, 60, 3);
  Loader loader(cache_of(samples), config_of(70), 4, "samples", 5);
  for (int64_t i = 0; i < 2 * loader.steps_per_epoch(); ++i) {
    std::vector<Batch> read;
    for (const Pack& pack : loader.packs(i)) read.push_back(loader.read(pack));
    REQUIRE(same(read, loader.step(i)));
    std::set<std::string> expected;
    for (const Document& document : documents_of(read, samples, 70)) expected.insert("s" + std::to_string(document.first));
    const std::vector<std::string> ids = loader.samples_of(i);
    REQUIRE(std::set<std::string>(ids.begin(), ids.end()) == expected);
    REQUIRE(ids.size() == 4);
  }
}

TEST_CASE("damaged ids are named when they are read, not before, and not twice", "[cpu]") {
  const TestFolder folder;
  std::vector<Sample> samples = numbered(32, 40, 4, 60, 1);
  for (Sample& sample : samples) sample.line = 1 + (&sample - samples.data());
  write_samples(folder.path, samples);
  std::fstream file(folder.path / "ids.bin", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(40);
  const char byte = static_cast<char>(file.get() ^ 4);
  file.seekp(40);
  file.put(byte);
  file.close();
  TrainDataConfig config = config_of(70, "as-is");
  for (const int64_t ahead : {0, 3}) {
    config.read_ahead = ahead;
    Loader loader(std::make_shared<TokenCache>(folder.path, kMadeFrom, std::vector<std::string>{"a.jsonl"}), config, 4, "samples", 1);
    REQUIRE(loader.step(9).size() > 0);
    const std::string message = folder.short_form(message_of<std::runtime_error>([&] { loader.step(0); }));
    REQUIRE_THAT(message, Contains("ids.bin: is damaged in sample s0 (a.jsonl:1): its checksum is another; delete "));
    REQUIRE(loader.step(1).size() > 0);
    REQUIRE_THROWS_WITH(loader.step(0), Contains("is damaged in sample s0"));
  }
}

TEST_CASE("a set of 50,000 documents is planned in well under a second", "[cpu]") {
  const std::vector<Sample> samples = numbered(33, 25000, 4, 12, 3);
  for (const std::string batch_of : {"samples", "packs"}) {
    const auto tokens = cache_of(samples);
    REQUIRE(tokens->num_documents() > 45000);
    const std::clock_t begun = std::clock();
    Loader loader(tokens, config_of(16), batch_of == "samples" ? 25000 : 8, batch_of, 1);  // all samples at once, at the worst
    REQUIRE(loader.packs(0).size() >= 8);
    REQUIRE(static_cast<double>(std::clock() - begun) / CLOCKS_PER_SEC < 0.5);
  }
}
