// Tokenised once: the cache is what tokenising gives, whoever makes it, however often it is disturbed.
#include "data/training/tokenise.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <map>
#include <new>
#include <thread>

#include "configs/run.h"
#include "data/build.h"
#include "data/random.h"
#include "tests/data/cached.h"
#include "tests/data/training_files.h"

using namespace smooth;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
namespace fs = std::filesystem;

namespace {

// What a run trains on without a cache, with its places.
std::vector<Sample> directly(const TrainDataConfig& config, const Layout& layout) {
  std::vector<Sample> samples;
  for (size_t file = 0; file < config.files.size(); ++file) {
    std::ifstream lines(config.files[file]);
    int64_t number = 0;
    for (std::string line; std::getline(lines, line);) {
      const Transcript transcript = transcript_from_json(line);
      samples.push_back({transcript.id, layout.examples(transcript, config.loss == "all"), static_cast<int64_t>(file), ++number});
    }
  }
  return samples;
}

void require_same(const TokenCache& cache, const std::vector<Sample>& expected, const TrainDataConfig& config) {
  const std::vector<Sample> held = samples_of(cache);
  REQUIRE(held.size() == expected.size());
  for (size_t i = 0; i < held.size(); ++i) {
    REQUIRE(held[i].id == expected[i].id);
    REQUIRE(cache.place(static_cast<int64_t>(i)) == config.files[expected[i].file] + ":" + std::to_string(expected[i].line));
    REQUIRE(held[i].documents.size() == expected[i].documents.size());
    for (size_t d = 0; d < held[i].documents.size(); ++d) {
      REQUIRE(held[i].documents[d].ids == expected[i].documents[d].ids);
      REQUIRE(held[i].documents[d].target == expected[i].documents[d].target);
    }
  }
}

// Every file below a folder but locks.
std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.path().filename() == ".lock") continue;
    files[entry.path().lexically_relative(folder).string()] = read_file(entry.path());
  }
  return files;
}

// Counts what is tokenised in all processes, and takes its time.
class SlowTokenizer : public ByteTokenizer {
 public:
  explicit SlowTokenizer(std::chrono::microseconds wait)
      : ByteTokenizer(special_texts()), wait_(wait),
        shared_(::mmap(nullptr, sizeof(std::atomic<int64_t>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)),
        texts_(new (shared_) std::atomic<int64_t>(0)) {}
  ~SlowTokenizer() override { ::munmap(shared_, sizeof(std::atomic<int64_t>)); }
  std::vector<int64_t> encode(const std::string& text) const override {
    ++*texts_;
    std::this_thread::sleep_for(wait_);
    return ByteTokenizer::encode(text);
  }
  int64_t texts() const { return *texts_; }

 private:
  std::chrono::microseconds wait_;
  void* shared_;
  std::atomic<int64_t>* texts_;
};

std::string many_lines(int64_t count) {
  std::string lines;
  for (int64_t i = 0; i < count; ++i) lines += line_of("s" + std::to_string(i), std::string(1 + i % 50, 'x'), i % 3 == 0);
  return lines;
}

template <class Body>
pid_t child_of(const Body& body) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  try {
    body();
  } catch (const std::exception&) {
    ::_exit(1);
  }
  ::_exit(0);
}

int status_of(pid_t child) {
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

}  // namespace

TEST_CASE("samples are read from every file, tokenised, with the loss that was asked for", "[cpu]") {
  const TestFolder folder;
  const Layout layout = bytes_layout();
  TrainDataConfig config = bytes_config(folder, {folder.file("a.jsonl", line_of("one", "x") + line_of("two", "yy", true)),
                                                 folder.file("b.jsonl", to_json(transcript_of("three", "zzz")))});  // no newline at the end
  const auto cache = tokenise_once(config, layout, folder.path / "tokens");
  const std::vector<Sample> samples = samples_of(*cache);
  REQUIRE(samples.size() == 3);
  REQUIRE(samples[0].id == "one");
  REQUIRE(samples[2].id == "three");
  REQUIRE(folder.short_form(cache->place(2)) == "b.jsonl:1");
  REQUIRE(samples[0].documents.size() == 1);
  REQUIRE(samples[1].documents.size() == 2);  // memory was emptied
  const Example& document = samples[0].documents[0];
  REQUIRE(layout.tokenizer()->decode(document.ids) == "x\nTarget: a\n<CONTINUE>\nnext\nAnswer: b\n<STOP>");
  REQUIRE(std::count(document.target.begin(), document.target.end(), 1) == 11 + 11);
  config.loss = "all";
  const Example all = samples_of(*tokenise_once(config, layout, folder.path / "tokens"))[0].documents[0];
  REQUIRE(all.ids == document.ids);
  REQUIRE(std::count(all.target.begin(), all.target.end(), 1) == static_cast<int64_t>(all.ids.size()));
}

TEST_CASE("what cannot be tokenised is named by file, line and id, whatever the number of threads", "[cpu]") {
  const TestFolder folder;
  const Layout layout = bytes_layout();
  const std::string good = line_of("good", "x");
  TrainDataConfig config = bytes_config(folder, {});
  for (const int64_t threads : {1, 3}) {
    const auto tokenise = [&] { tokenise_once(config, layout, folder.path / "tokens", threads); };
    const auto message = [&] { return folder.short_form(message_of<std::runtime_error>(tokenise)); };
    for (const std::string bad : {"{\"id\": \"x\"", "{}", "", "[]"}) {
      config.files = {folder.file("good.jsonl", good), folder.file("bad.jsonl", good + good + bad + "\n" + good + bad + "\n" + good)};
      INFO(bad);
      CHECK_THAT(message(), Contains("bad.jsonl:3: ") && Contains("transcript"));
    }
    Transcript hollow = transcript_of("hollow", "x");
    hollow.exchanges.clear();
    config.files = {folder.file("hollow.jsonl", good + to_json(hollow) + "\n")};
    CHECK(message() == "hollow.jsonl:2: sample hollow has no exchange");
    config.files = {folder.file("none.jsonl", "")};
    CHECK(message() == "data.files hold no sample");
    config.files = {(folder.path / "missing.jsonl").string()};
    CHECK(message() == "missing.jsonl: cannot be opened");
  }
  REQUIRE(fs::exists(folder.path / "tokens"));
  REQUIRE(contents(folder.path / "tokens").empty());
}

TEST_CASE("a cache is what tokenising gives, to the byte, for every row, form, loss and number of threads", "[cpu]") {
  const TestFolder folder;
  DataConfig set;
  set.out = (folder.path / "set").string();
  set.tokenizer = {.vocab_size = 400, .training_documents = 10};
  RowConfig row{.row = "niah-b", .samples = 25, .min_tokens = 250, .max_tokens = 350, .min_chunk = 12, .max_chunk = 30};
  row.niah.digits = 3;
  row.niah.adjectives = row.niah.nouns = 10;
  set.rows = {row, row};
  set.rows[1].row = "niah-a";
  build_set(set, false);
  TrainDataConfig config;
  config.tokenizer = (folder.path / "set/tokenizer").string();
  const Layout layout(load_tokenizer(config.tokenizer), config.chat_template);
  int64_t unsmooth = 0;
  for (const std::string form : {"sr", "os", "ur"}) {
    config.files = {(folder.path / ("set/niah-b." + form + ".jsonl")).string(), (folder.path / ("set/niah-a." + form + ".jsonl")).string()};
    for (const std::string loss : {"written", "all"}) {
      config.loss = loss;
      const fs::path place = folder.path / (form + loss);
      const auto cache = tokenise_once(config, layout, place / "1", 1);
      require_same(*cache, directly(config, layout), config);
      REQUIRE(cache->num_samples() == 50);
      if (form == "ur") unsmooth += cache->num_documents();
      for (const int64_t threads : {0, 3}) {
        tokenise_once(config, layout, place / "n", threads);
        REQUIRE(contents(place / "n") == contents(place / "1"));
        fs::remove_all(place / "n");
      }
    }
  }
  REQUIRE(unsmooth > 400);
}

TEST_CASE("a cache is made once, and anew when anything that it follows from is another", "[cpu]") {
  const TestFolder folder;
  const auto tokenizer = std::make_shared<SlowTokenizer>(std::chrono::microseconds(0));
  const Layout layout(tokenizer, "plain");
  TrainDataConfig config = bytes_config(folder, {folder.file("a.jsonl", many_lines(5)), folder.file("b.jsonl", line_of("last", "y"))});
  config.cache = (folder.path / "shared").string();
  const auto made = [&](const Layout& by) {
    const int64_t before = tokenizer->texts();
    const auto cache = tokenise_once(config, by, folder.path / "not used");
    require_same(*cache, directly(config, layout), config);
    return tokenizer->texts() - before > 30;  // more than the specimen, and this test's own
  };
  const auto caches = [&] { return std::distance(fs::directory_iterator(config.cache), {}); };
  REQUIRE(made(layout));
  REQUIRE_FALSE(made(layout));
  fs::copy_file(folder.path / "a.jsonl", folder.path / "same.jsonl");
  config.files[0] = (folder.path / "same.jsonl").string();  // named otherwise, and so are its samples' places
  REQUIRE_FALSE(made(layout));
  REQUIRE(caches() == 1);
  config.context = 77;
  config.too_long = "drop";
  REQUIRE_FALSE(made(layout));
  std::swap(config.files[0], config.files[1]);
  REQUIRE(made(layout));
  config.loss = "all";
  REQUIRE(made(layout));
  folder.file("same.jsonl", many_lines(5) + line_of("more", "z"));
  REQUIRE(made(layout));
  folder.file("bytes/added_tokens.json", "{}");
  REQUIRE(made(layout));
  REQUIRE(caches() == 5);
  config.chat_template = "chatml";
  tokenise_once(config, Layout(tokenizer, "chatml"), "");
  REQUIRE(caches() == 6);
  tokenise_once(config, Layout(tokenizer, "qwen2.5"), "");  // as if chatml were laid out otherwise by another version
  REQUIRE(caches() == 7);
  REQUIRE_FALSE(fs::exists(folder.path / "not used"));
}

TEST_CASE("a damaged cache is made again, and said to be", "[cpu]") {
  const TestFolder folder;
  const Layout layout = bytes_layout();
  const TrainDataConfig config = bytes_config(folder, {folder.file("a.jsonl", many_lines(7))});
  const fs::path place = folder.path / "tokens";
  const fs::path cache = tokenise_once(config, layout, place)->folder();
  const auto whole = contents(place);
  const auto again = [&] {
    const std::string said = said_by([&] { require_same(*tokenise_once(config, layout, place), directly(config, layout), config); });
    REQUIRE(contents(place) == whole);
    return folder.short_form(said);
  };
  REQUIRE(again() == "");
  const std::string end = "; the token cache is made again\n";
  for (const std::string name : {"ids.bin", "documents.bin", "samples.bin", "names.bin", "manifest.json"}) {
    INFO(name);
    const std::string bytes = read_file(cache / name);
    for (const size_t length : {size_t{0}, bytes.size() / 2, bytes.size() - 1}) {
      fs::resize_file(cache / name, length);
      CHECK_THAT(again(), Contains(name + ": ") && EndsWith(end));
    }
    fs::remove(cache / name);
    CHECK((name == "manifest.json" ? again() == "" : again().ends_with(end)));
    write_file(cache / name, bytes + bytes);
    CHECK_THAT(again(), Contains(name + ": ") && EndsWith(end));
    if (name == "ids.bin") continue;  // they are looked at when they are read
    for (size_t at = 0; at < bytes.size(); at += 1 + bytes.size() / 40) {
      std::string flipped = bytes;
      flipped[at] = static_cast<char>(flipped[at] ^ 1);
      write_file(cache / name, flipped);
      CHECK_THAT(again(), Contains(name + ": ") && EndsWith(end));
    }
  }
  CHECK_THAT((fs::resize_file(cache / "ids.bin", 4), again()), Contains("ids.bin: has 4 bytes, the manifest says "));
}

TEST_CASE("a cache that stays open outlives its being made again", "[cpu]") {
  const TestFolder folder;
  const Layout layout = bytes_layout();
  const TrainDataConfig config = bytes_config(folder, {folder.file("a.jsonl", many_lines(7))});
  const auto open = tokenise_once(config, layout, folder.path / "tokens");
  fs::remove(open->folder() / "documents.bin");
  tokenise_once(config, layout, folder.path / "tokens");
  require_same(*open, directly(config, layout), config);
}

TEST_CASE("a killed build leaves nothing that passes for a cache", "[cpu]") {
  const TestFolder folder;
  const Layout layout(std::make_shared<SlowTokenizer>(std::chrono::microseconds(100)), "plain");
  const TrainDataConfig config = bytes_config(folder, {folder.file("a.jsonl", many_lines(60))});
  const fs::path place = folder.path / "tokens";
  const auto begin = std::chrono::steady_clock::now();
  tokenise_once(config, layout, folder.path / "calm", 2);
  const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin).count();
  const auto calm = contents(folder.path / "calm");
  Random random(1);
  int killed = 0;
  for (int i = 0; i < 25; ++i) {
    const pid_t child = child_of([&] { tokenise_once(config, layout, place, 2); });
    std::this_thread::sleep_for(std::chrono::microseconds(random.below(static_cast<uint64_t>(whole))));
    ::kill(child, SIGKILL);
    if (!WIFSIGNALED(status_of(child))) fs::remove_all(place);
    const auto left = fs::exists(place) ? contents(place) : std::map<std::string, std::string>();
    const bool manifest = std::any_of(left.begin(), left.end(), [](const auto& file) { return file.first.ends_with("/manifest.json"); });
    REQUIRE((!manifest || left == calm));
    killed += !left.empty() && !manifest;
    if (random.below(3) > 0) continue;  // the next one begins with what this one left
    REQUIRE(said_by([&] { tokenise_once(config, layout, place, 2); }) == "");
    REQUIRE(contents(place) == calm);
    fs::remove_all(place);
  }
  REQUIRE(killed > 5);
}

TEST_CASE("of processes that start at once one makes the cache, and the others wait", "[cpu]") {
  const TestFolder folder;
  const auto tokenizer = std::make_shared<SlowTokenizer>(std::chrono::microseconds(200));
  const Layout layout(tokenizer, "plain");
  const TrainDataConfig config = bytes_config(folder, {folder.file("a.jsonl", many_lines(60))});
  const std::vector<Sample> expected = directly(config, bytes_layout());
  tokenise_once(config, layout, folder.path / "alone", 2);
  const int64_t before = tokenizer->texts();
  tokenise_once(config, layout, folder.path / "alone", 2);
  const int64_t specimen = tokenizer->texts() - before, alone = before - specimen;  // alone: what Layout looks at, and 60 transcripts
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    children.push_back(child_of([&] {
      const std::vector<Sample> held = samples_of(*tokenise_once(config, layout, folder.path / "tokens", 2));
      for (size_t s = 0; s < expected.size(); ++s) {
        if (held.at(s).documents.at(0).ids != expected[s].documents[0].ids) throw std::runtime_error("another sample");
      }
    }));
  }
  for (const pid_t child : children) REQUIRE(status_of(child) == 0);
  const int64_t texts = tokenizer->texts() - before - specimen;
  REQUIRE(texts <= alone + 4 * specimen);
  REQUIRE(texts > 4 * specimen + 100);
  REQUIRE(contents(folder.path / "tokens") == contents(folder.path / "alone"));
}

TEST_CASE("a full disk stops the build, and leaves no cache", "[cpu]") {
  const TestFolder folder;
  const Layout layout = bytes_layout();
  const TrainDataConfig config = bytes_config(folder, {folder.file("a.jsonl", many_lines(60))});
  const pid_t child = child_of([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{5000, 5000};  // no file may grow beyond it
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const std::string message = message_of<std::runtime_error>([&] { tokenise_once(config, layout, folder.path / "tokens", 2); });
    if (message.find("ids.bin: File too large") == std::string::npos) throw std::runtime_error(message);
  });
  REQUIRE(status_of(child) == 0);
  REQUIRE(contents(folder.path / "tokens").empty());
  require_same(*tokenise_once(config, layout, folder.path / "tokens"), directly(config, layout), config);
}
