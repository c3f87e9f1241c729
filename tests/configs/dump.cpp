// Whatever a config holds comes back from its dump, bit for bit.
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include <catch2/catch.hpp>

#include "configs/dump.h"
#include "configs/load.h"
#include "tests/configs/folder.h"
#include "tests/configs/sample.h"

using namespace smooth;

namespace {

using Dice = std::mt19937_64;

int64_t below(Dice& dice, int64_t n) {
  return std::uniform_int_distribution<int64_t>(0, n - 1)(dice);
}
bool coin(Dice& dice) { return below(dice, 2) == 0; }

// A visitor that changes fields at random within what is allowed.
class Filler {
 public:
  Filler(Dice& dice, const std::string& path) : dice_(dice), path_(path) {}

  template <class T>
  void operator()(const char* key, T& value, const char*, const Allowed& allowed = {}) {
    if constexpr (std::is_same_v<T, std::string>) {
      if (std::string_view(key) == "base_url") {  // no random text is an address
        value = "http://localhost:8000/v1";
        return;
      }
    }
    // Half of the fields keep their defaults: `problem()` has to be satisfied by luck.
    if (Visitable<T> || allowed.required || coin(dice_)) fill(value, allowed);
  }

 private:
  void fill(bool& value, const Allowed&) { value = coin(dice_); }
  void fill(int64_t& value, const Allowed& allowed) {
    constexpr double kWide = 9.2e18;
    const auto low = static_cast<int64_t>(allowed.low.value_or(-kWide)) + allowed.above;
    const auto high = static_cast<int64_t>(
        std::min(allowed.high.value_or(kWide), coin(dice_) ? kWide : static_cast<double>(low) + 9));
    value = std::uniform_int_distribution<int64_t>(low, std::max(low, high))(dice_);
  }
  void fill(double& value, const Allowed& allowed) {
    do {  // all bit patterns are tried, then those near the range
      const uint64_t bits = dice_();
      std::memcpy(&value, &bits, sizeof value);
      if (coin(dice_))
        value = allowed.low.value_or(0) +
                std::uniform_real_distribution<double>(0, allowed.high.value_or(1e3))(dice_);
    } while (!std::isfinite(value) || value < allowed.low.value_or(value) ||
             value > allowed.high.value_or(value) || (allowed.above && value == allowed.low));
  }
  void fill(std::string& value, const Allowed& allowed) {
    if (!allowed.choices.empty()) {
      value = allowed.choices[static_cast<size_t>(below(dice_, std::ssize(allowed.choices)))];
    } else if (allowed.must_exist) {
      value = allowed.required || coin(dice_) ? path_ : "";
    } else {
      value = random_text() + (allowed.required ? "x" : "");
    }
  }
  template <class T>
  void fill(std::optional<T>& value, const Allowed& allowed) {
    value.reset();
    if (coin(dice_)) fill(value.emplace(), allowed);
  }
  template <class T>
  void fill(std::vector<T>& values, const Allowed& allowed) {
    values.clear();
    for (int64_t left = below(dice_, 4) + allowed.required; left > 0; --left)
      fill(values.emplace_back(), allowed);
  }
  template <Visitable T>
  void fill(T& value, const Allowed&) {
    constexpr int kTries = 10000;
    for (int i = 0; i < kTries; ++i) {
      value = T();
      value.visit(*this);
      if constexpr (requires { value.problem(); }) {
        if (value.problem()) continue;
      }
      return;
    }
    FAIL("no random values satisfy problem()");
  }

  std::string random_text() {
    static const std::vector<std::string> kPieces = {"a",
                                                     "Z",
                                                     "7",
                                                     "_",
                                                     "/",
                                                     ".",
                                                     "-",
                                                     " ",
                                                     "  ",
                                                     ":",
                                                     ": ",
                                                     " #",
                                                     "#",
                                                     ",",
                                                     "[",
                                                     "]",
                                                     "{",
                                                     "}",
                                                     "&",
                                                     "*",
                                                     "!",
                                                     "|",
                                                     ">",
                                                     "%",
                                                     "@",
                                                     "`",
                                                     "?",
                                                     "~",
                                                     "<",
                                                     "=",
                                                     "'",
                                                     "\"",
                                                     "\\",
                                                     "\n",
                                                     "\r",
                                                     "\t",
                                                     "\x01",
                                                     "\x04",
                                                     "\x1b",
                                                     "\x7f",
                                                     std::string(1, '\0'),
                                                     "null",
                                                     "true",
                                                     "off",
                                                     "1e5",
                                                     "0x1F",
                                                     "é",
                                                     "読",
                                                     "🙂",
                                                     "\u0085",
                                                     "\u2028",
                                                     "\u00a0",
                                                     "---",
                                                     "...",
                                                     "<<",
                                                     "$",
                                                     "a=b"};
    std::string text;
    for (int64_t left = below(dice_, 6); left > 0; --left)
      text += kPieces[static_cast<size_t>(below(dice_, std::ssize(kPieces)))];
    return text;
  }

  Dice& dice_;
  std::string path_;
};

// Every value with its key, doubles bit by bit: equal lists are equal configs. Owes nothing to the
// dumper.
class Values {
 public:
  template <class T>
  void operator()(const char* key, T& value, const char*, const Allowed& = {}) {
    texts.push_back(key);
    add(value);
  }
  std::vector<std::string> texts;

 private:
  void add(bool value) { texts.push_back(value ? "T" : "F"); }
  void add(int64_t value) { texts.push_back(std::to_string(value)); }
  void add(double value) {
    uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    texts.push_back(std::to_string(bits));
  }
  void add(const std::string& value) { texts.push_back("\"" + value); }
  template <class T>
  void add(std::optional<T>& value) {
    texts.push_back(value ? "some" : "none");
    if (value) add(*value);
  }
  template <class T>
  void add(std::vector<T>& values) {
    texts.push_back(std::to_string(values.size()));
    for (T& value : values) add(value);
  }
  template <Visitable T>
  void add(T& value) {
    value.visit(*this);
  }
};

template <class T>
std::vector<std::string> values_of(T config) {
  Values values;
  config.visit(values);
  return values.texts;
}

template <class T>
std::string dump(T config, bool comments = false) {
  Dumper dumper(comments);
  config.visit(dumper);
  return dumper.text;
}

template <class T>
T load(const std::string& file) {
  return read_config<T>(read_document(file));
}

// A random value of any struct.
template <class T>
T random_config(Dice& dice, const std::string& path) {
  struct Root {
    T inside;
    void visit(Filler& filler) { filler("", inside, ""); }
  } root;
  Filler filler(dice, path);
  root.visit(filler);
  return root.inside;
}

}  // namespace

TEMPLATE_TEST_CASE("dump: random configs come back from their dumps", "", Sample, DataConfig,
                   TrainConfig, EvalConfig, BenchConfig) {
  const TestFolder folder;
  const std::string path = folder.file("there", "");
  Dice dice(20250719);
  std::vector<std::vector<std::string>> seen;
  for (int i = 0; i < 200; ++i) {
    const auto config = random_config<TestType>(dice, path);
    const std::string text = dump(config, coin(dice));
    INFO(text);
    const auto values = values_of(load<TestType>(folder.file("a.yaml", text)));
    REQUIRE(values == values_of(config));
    seen.push_back(values);
  }
  std::sort(seen.begin(), seen.end());
  CHECK(std::unique(seen.begin(), seen.end()) - seen.begin() > 150);  // the dice did roll
}

TEST_CASE("dump: doubles are shortest, and come back") {
  CHECK(yaml_text(4e-5) == "4e-5");
  CHECK(yaml_text(0.1) == "0.1");
  CHECK(yaml_text(1.0) == "1");
  CHECK(yaml_text(3e-4) == "3e-4");
  CHECK(yaml_text(-0.0) == "-0");
  CHECK(yaml_text(1e20) == "1e20");
  CHECK(yaml_text(1e-10) == "1e-10");
  CHECK(yaml_text(std::numeric_limits<double>::max()) == "1.7976931348623157e308");
  CHECK(yaml_text(std::numeric_limits<double>::denorm_min()) == "5e-324");
}

TEST_CASE("dump: texts are quoted where YAML would read them otherwise") {
  for (const std::string plain :
       {"runs/a", "../b.yaml", "./c", "/d/e-f_g.h", "train", "a1", "nullable"}) {
    CHECK(yaml_text(plain) == plain);
  }
  for (const std::string other : {"", "null", "True", "NO", "off", "y", "1", "1e5", "-a", "~", ".5",
                                  ".inf", "...", "a: b", "a b", "a#b", "2024-01-01"}) {
    CHECK(yaml_text(other) == "\"" + other + "\"");
  }
  CHECK(yaml_text(std::string("a\"b\\c\nd\te\x7f")) == R"("a\"b\\c\nd\x09e\x7f")");
}

TEST_CASE("dump: the layout that people read") {
  Sample s;
  s.run = "runs/x";
  s.weights = {1, 0.5};
  s.extra = SampleRow{.name = "x", .count = 2, .optim = {}};
  s.rows = {SampleRow{.name = "y", .count = 3, .optim = {}}};
  CHECK(dump(s) == R"(run: runs/x
mode: sr
tokenizer: ""
stop: true
depth: null
note: null
files: []
tags: []
weights: [1, 0.5]
lengths: []
optim:
  lr: 0.5
  min_lr: 0
  warmup_steps: 0
extra:
  name: x
  count: 2
  optim:
    lr: 0.5
    min_lr: 0
    warmup_steps: 0
rows:
  - name: "y"
    count: 3
    optim:
      lr: 0.5
      min_lr: 0
      warmup_steps: 0
)");
  CHECK(dump(SampleOptim(), true) ==
        "lr: 0.5  # peak rate\nmin_lr: 0  # last rate\nwarmup_steps: 0  # steps of warm-up\n");
  CHECK(dump_config(DataConfig()).starts_with("out: \"\"\n"));
  CHECK(dump_config(DataConfig(), true).starts_with("out: \"\"  # "));
}
