// The YAMLs of configs/train: each holds the paper's settings, and each has a miniature that departs from it where it must.
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "configs/document.h"
#include "configs/load.h"
#include "tests/configs/folder.h"

using namespace smooth;
namespace fs = std::filesystem;

namespace {

// arXiv 2507.19353: 3B lr 4e-5, weight decay 0.01; 7B 1e-5 and 0.1; context 32k, batch 2, one epoch. Window 0: dense or recurrent.
struct Expected {
  std::string name, init, form;
  int64_t window;
  double lr, weight_decay;
};

const std::string k3b = "models/Qwen2.5-3B", k7b = "models/Qwen2.5-7B", kRwkv = "models/RWKV7-2.9B";
const std::vector<Expected> kPaper = {
    {"qwen-3b-os", k3b, "os", 0, 4e-5, 0.01},       {"qwen-3b-ur", k3b, "ur", 0, 4e-5, 0.01},       {"swa-3b-4k-os", k3b, "os", 4096, 4e-5, 0.01},
    {"swa-3b-4k-sr", k3b, "sr", 4096, 4e-5, 0.01},  {"swa-3b-512-sr", k3b, "sr", 512, 4e-5, 0.01},  {"swa-3b-1k-sr", k3b, "sr", 1024, 4e-5, 0.01},
    {"swa-3b-2k-sr", k3b, "sr", 2048, 4e-5, 0.01},  {"swa-3b-8k-sr", k3b, "sr", 8192, 4e-5, 0.01},  {"rwkv7-3b-os", kRwkv, "os", 0, 4e-5, 0.01},
    {"rwkv7-3b-sr", kRwkv, "sr", 0, 4e-5, 0.01},    {"qwen-7b-os", k7b, "os", 0, 1e-5, 0.1},        {"qwen-7b-ur", k7b, "ur", 0, 1e-5, 0.1},
    {"swa-7b-4k-os", k7b, "os", 4096, 1e-5, 0.1},   {"swa-7b-4k-sr", k7b, "sr", 4096, 1e-5, 0.1},
};

std::set<std::string> yamls_in(const std::string& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") names.insert(entry.path().stem());
  }
  return names;
}

TrainConfig load(const std::string& file) { return load_config<TrainConfig>(file, {}, Paths::as_given); }

void flatten(const Item& item, const std::string& path, std::map<std::string, std::string>& into) {
  if (item.items.empty()) into[path] = item.text;
  for (size_t i = 0; i < item.items.size(); ++i) {
    flatten(item.items[i], item.kind == Item::Kind::map ? join_key(path, item.items[i].key) : path + "[]" + std::to_string(i), into);
  }
}

// Every key of the resolved config with its value; the items of a list as KEY[]N.
std::map<std::string, std::string> settings(const TrainConfig& config) {
  const TestFolder folder;
  std::map<std::string, std::string> all;
  flatten(read_document(folder.file("resolved.yaml", dump_config(config))), "", all);
  return all;
}

}  // namespace

TEST_CASE("every model that the paper trains has its YAML, with the paper's settings") {
  std::set<std::string> names;
  for (const Expected& expected : kPaper) names.insert(expected.name);
  CHECK(yamls_in("configs/train") == names);
  CHECK(yamls_in("configs/train/tiny") == names);
  for (const Expected& expected : kPaper) {
    INFO(expected.name);
    const TrainConfig config = load("configs/train/" + expected.name + ".yaml");
    CHECK(config.run == "runs/" + expected.name);
    CHECK(config.init == expected.init);
    CHECK(config.sliding_window.value_or(0) == expected.window);
    CHECK(config.window_edge == (expected.window > 0 ? "flash" : "hf"));
    CHECK(config.optim.lr == expected.lr);
    CHECK(config.optim.weight_decay == expected.weight_decay);
    CHECK(config.optim.min_lr == 0);
    CHECK(config.optim.warmup_steps > 0);
    CHECK(config.data.context == 32768);
    CHECK(config.batch == 2);
    CHECK(config.epochs == 1);
    CHECK_FALSE(config.steps.has_value());
    CHECK(config.data.loss == "written");
    CHECK(config.precision.weights == "bfloat16");
    CHECK(config.precision.master == "float32");
    CHECK_FALSE(config.recompute.has_value());  // planned by memory
    CHECK_FALSE(config.lora.has_value());
    CHECK(config.device == "cuda");
    CHECK(config.data.files.size() == 12);  // the rows of Table 5
    for (const std::string& file : config.data.files) CHECK_THAT(file, Catch::EndsWith("." + expected.form + ".jsonl"));
    CHECK(config.data.chat_template == (expected.init == kRwkv ? "rwkv-world" : "qwen2.5"));
  }
}

TEST_CASE("the set that the YAMLs train on is the one that configs/data builds") {
  const DataConfig data = load_config<DataConfig>("configs/data/smooth-reading.yaml", {}, Paths::as_given);
  const TrainConfig config = load("configs/train/swa-3b-4k-sr.yaml");
  std::set<std::string> built, read(config.data.files.begin(), config.data.files.end());
  for (const RowConfig& row : data.rows) built.insert(data.out + "/" + row.file() + ".sr.jsonl");
  CHECK(built == read);
  CHECK(config.data.tokenizer == data.tokenizer.path);
  CHECK(config.data.chat_template == data.chat_template);
  CHECK(config.data.context == data.max_sample_tokens);
}

TEST_CASE("a miniature differs from its original in what is meant, and in nothing else") {
  const std::set<std::string> meant = {"run", "device", "init", "sliding_window", "recompute", "steps", "ranks.context", "checkpoint.every",
                                       "optim.lr", "optim.warmup_steps", "data.tokenizer", "data.chat_template", "data.context"};
  for (const Expected& expected : kPaper) {
    INFO(expected.name);
    const TrainConfig original = load("configs/train/" + expected.name + ".yaml"), tiny = load("configs/train/tiny/" + expected.name + ".yaml");
    const auto before = settings(original), after = settings(tiny);
    for (const auto& [key, value] : after) {
      if (key.starts_with("data.files[]") || meant.contains(key)) continue;
      INFO(key);
      REQUIRE(before.contains(key));
      CHECK(before.at(key) == value);
    }
    for (const auto& [key, value] : before) CHECK((key.starts_with("data.files[]") || after.contains(key)));
    CHECK(tiny.run == "runs/tiny/" + expected.name);
    CHECK(tiny.device == "cpu");
    CHECK(tiny.ranks.context == 1);
    CHECK(tiny.sliding_window.has_value() == original.sliding_window.has_value());
    CHECK(tiny.sliding_window.value_or(0) * 32 == expected.window);
    CHECK(tiny.init == (expected.init == kRwkv ? "runs/quickstart/pretrain-rwkv" : "runs/quickstart/pretrain"));
    for (const std::string& file : tiny.data.files) {
      CHECK_THAT(file, Catch::StartsWith("runs/quickstart/data/") && Catch::EndsWith("." + expected.form + ".jsonl"));
    }
  }
}

TEST_CASE("paths are looked up only where a run needs them") {
  const TestFolder folder;
  const std::string file = folder.file("a.yaml", "run: r\ninit: nowhere\ndata: {files: [none.jsonl], tokenizer: none}\n");
  CHECK(load(file).init == "nowhere");
  CHECK_THROWS_WITH(load_config<TrainConfig>(file), Catch::Contains("no such file or folder"));
  CHECK_THROWS_AS(load(folder.file("b.yaml", "run: r\ninit: nowhere\ndata: {files: [none.jsonl], tokenizer: ''}\n")), ConfigError);
}
