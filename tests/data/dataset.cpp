// Packing, and the order of what is trained on.
#include "data/dataset.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "data/random.h"
#include "tests/configs/folder.h"
#include "tests/data/bytes.h"

using namespace smooth;
using Catch::Matchers::Contains;

namespace {

int64_t size_of(const Example* document) { return static_cast<int64_t>(document->ids.size()); }

std::vector<const Example*> pointers(const std::vector<Example>& documents) {
  std::vector<const Example*> all;
  for (const Example& document : documents) all.push_back(&document);
  return all;
}

// The classic: longest first, each into the first pack that has room.
size_t first_fit_decreasing(std::vector<const Example*> documents, int64_t context) {
  std::sort(documents.begin(), documents.end(), [](const Example* a, const Example* b) { return size_of(a) > size_of(b); });
  std::vector<int64_t> room;
  for (const Example* document : documents) {
    size_t i = 0;
    while (i < room.size() && room[i] < size_of(document)) ++i;
    if (i == room.size()) room.push_back(context);
    room[i] -= size_of(document);
  }
  return room.size();
}

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

Layout bytes_layout() { return Layout(std::make_shared<ByteTokenizer>(special_texts()), "plain"); }

Transcript transcript_of(const std::string& id, const std::string& given, bool forget_twice = false) {
  Transcript transcript;
  transcript.id = id;
  transcript.mode = "sr";
  transcript.exchanges = {{.forget = true, .given = given, .written = "Target: a\n<CONTINUE>"}, {.forget = forget_twice, .given = "next", .written = "Answer: b\n<STOP>"}};
  return transcript;
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
}

TEST_CASE("best fit: packs are full but not over, each document stands once, as good as first fit decreasing", "[cpu]") {
  Random random(3);
  size_t packs_made = 0, packs_first_fit = 0;
  for (int i = 0; i < 400; ++i) {
    const int64_t context = random.randint(1, 300);
    std::vector<Example> documents(random.below(120));
    const int64_t longest = random.below(3) ? std::max<int64_t>(1, context / random.randint(1, 4)) : context;
    int64_t total = 0;
    for (Example& document : documents) {
      document.ids.resize(random.randint(1, longest));
      total += static_cast<int64_t>(document.ids.size());
    }
    const auto packs = best_fit(pointers(documents), context);
    std::multiset<const Example*> packed;
    std::vector<int64_t> used;
    for (const auto& pack : packs) {
      REQUIRE_FALSE(pack.empty());
      used.push_back(0);
      for (const Example* document : pack) used.back() += size_of(document);
      REQUIRE(used.back() <= context);
      packed.insert(pack.begin(), pack.end());
    }
    const auto all = pointers(documents);
    REQUIRE(packed == std::multiset<const Example*>(all.begin(), all.end()));
    REQUIRE(static_cast<int64_t>(packs.size()) * context >= total);
    std::sort(used.begin(), used.end());
    if (used.size() > 1) REQUIRE(used[0] + used[1] > context);  // no two packs could have been one
    const size_t first_fit = first_fit_decreasing(all, context);
    REQUIRE(packs.size() <= first_fit + 1);
    packs_made += packs.size();
    packs_first_fit += first_fit;
  }
  REQUIRE(packs_made > 4000);
  REQUIRE(packs_made <= packs_first_fit);
}

TEST_CASE("best fit takes the fullest pack that has room", "[cpu]") {
  std::vector<Example> documents;
  for (const size_t length : {60, 50, 40, 30}) documents.push_back({std::vector<int64_t>(length), {}});
  const auto packs = best_fit(pointers(documents), 100);
  REQUIRE(packs.size() == 2);
  REQUIRE(packs[0] == std::vector<const Example*>{&documents[0], &documents[2]});  // 60 + 40: full
  REQUIRE(packs[1] == std::vector<const Example*>{&documents[1], &documents[3]});
}

TEST_CASE("a step of samples holds as many samples, and an epoch each sample once", "[cpu]") {
  const int64_t context = 90, batch = 5;
  const std::vector<Sample> samples = numbered(1, 60, 4, 80, 3);
  for (const std::string order : {"shuffled", "growing", "as-is"}) {
    INFO(order);
    Loader loader(samples, config_of(context, order), batch, "samples", 7);
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
  Loader loader(samples, config_of(64), 5, "samples", 7);
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
      Loader loader(samples, config_of(context, order), batch, "packs", 7);
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
    Loader single(samples, config_of(context), 1, "packs", seed);
    const int64_t batch = single.steps_per_epoch();  // all packs of the first epoch
    Loader loader(samples, config_of(context), batch, "packs", seed);
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
      Loader sequential(samples, config_of(70, order), 3, batch_of, 11), jumping(samples, config_of(70, order), 3, batch_of, 11),
          other(samples, config_of(70, order), 3, batch_of, 12);
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
    Loader loader(samples, config_of(1000, order), 1, "samples", 3);
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
    for (const Example& document : samples[sample].documents) length = std::max(length, size_of(&document));
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
  REQUIRE_THROWS_WITH(Loader(samples, config_of(100), 5, "samples", 1), Contains("less than one batch of 5 samples"));
  REQUIRE_THROWS_WITH(Loader(samples, config_of(100), 2, "packs", 1), Contains("less than one batch of 2 packs"));
  REQUIRE(Loader(samples, config_of(100), 1, "packs", 1).steps_per_epoch() == 1);
}

TEST_CASE("samples are read from every file, tokenised, with the loss that was asked for", "[cpu]") {
  const TestFolder folder;
  const Layout layout = bytes_layout();
  TrainDataConfig config = config_of(200);
  config.files = {folder.file("a.jsonl", to_json(transcript_of("one", "x")) + "\n" + to_json(transcript_of("two", "yy", true)) + "\n"),
                  folder.file("b.jsonl", to_json(transcript_of("three", "zzz")))};  // no newline at the end
  const std::vector<Sample> samples = load_samples(config, layout);
  REQUIRE(samples.size() == 3);
  REQUIRE(samples[0].id == "one");
  REQUIRE(samples[2].id == "three");
  REQUIRE(samples[0].documents.size() == 1);
  REQUIRE(samples[1].documents.size() == 2);  // memory was emptied
  const Example& document = samples[0].documents[0];
  REQUIRE(layout.tokenizer()->decode(document.ids) == "x\nTarget: a\n<CONTINUE>\nnext\nAnswer: b\n<STOP>");
  REQUIRE(std::count(document.target.begin(), document.target.end(), 1) == 11 + 11);
  config.loss = "all";
  const Example all = load_samples(config, layout)[0].documents[0];
  REQUIRE(all.ids == document.ids);
  REQUIRE(std::count(all.target.begin(), all.target.end(), 1) == static_cast<int64_t>(all.ids.size()));
}

TEST_CASE("what cannot be trained on is named by file, line and id", "[cpu]") {
  const TestFolder folder;
  const Layout layout = bytes_layout();
  const std::string good = to_json(transcript_of("good", "x")) + "\n";
  TrainDataConfig config = config_of(45);
  const auto message = [&] { return folder.short_form(message_of<std::runtime_error>([&] { load_samples(config, layout); })); };

  // "x" and "next" with their newlines, 11 bytes of each reply, a newline between: 2 + 11 + 1 + 5 + 11.
  config.files = {folder.file("long.jsonl", good + to_json(transcript_of("just", std::string(16, 'x'))) + "\n" + to_json(transcript_of("over", std::string(17, 'x'))) + "\n")};
  REQUIRE_THAT(message(), Contains("long.jsonl:3: ") && Contains("sample over") && Contains("46 tokens") && Contains("45"));
  config.context = 46;
  REQUIRE(load_samples(config, layout).size() == 3);

  for (const std::string bad : {"{\"id\": \"x\"", "{}", "", "[]"}) {
    config.files = {folder.file("good.jsonl", good), folder.file("bad.jsonl", good + good + bad + "\n" + good)};
    INFO(bad);
    CHECK_THAT(message(), Contains("bad.jsonl:3: ") && Contains("transcript"));
  }
  Transcript hollow = transcript_of("hollow", "x");
  hollow.exchanges.clear();
  config.files = {folder.file("hollow.jsonl", good + to_json(hollow) + "\n")};
  CHECK_THAT(message(), Contains("hollow.jsonl:2: ") && Contains("hollow"));

  config.files = {folder.file("none.jsonl", "")};
  CHECK_THAT(message(), Contains("no sample"));
  config.files = {(folder.path / "missing.jsonl").string()};
  CHECK_THAT(message(), Contains("missing.jsonl: cannot be opened"));
}
