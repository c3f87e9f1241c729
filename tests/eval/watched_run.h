// A training run as the trainer leaves it, of random weights, with checkpoints that come and go as a test says; and an evaluation of it.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "configs/run.h"
#include "data/layout.h"
#include "data/random.h"
#include "data/tokenizer.h"
#include "data/words.h"
#include "model/checkpoint.h"
#include "tests/configs/folder.h"

namespace smooth {

class WatchedRun {
 public:
  explicit WatchedRun(int64_t steps) : run(folder.path / "run"), steps_(steps) {
    Random random(5);
    std::vector<std::string> lines = {"One of the special magic numbers for old-cat is: 482."};
    for (int i = 0; i < 200; ++i) lines.push_back(sentence(random));
    train_sentencepiece(folder.path / "tokenizer", lines, "bpe", 600, special_texts());
    tokenizer_ = load_tokenizer(folder.path / "tokenizer");
  }

  void begin(const std::string& config = "seed: 1\n") const {
    write_file(run / "inputs.json", "{}\n");
    write_file(run / "config.yaml", config);
  }
  std::filesystem::path checkpoint(int64_t step) const { return run / "checkpoints" / ("step-" + std::to_string(step)); }

  // All but DONE; `seed` makes the weights.
  void write(int64_t step, uint64_t seed) const {
    ModelConfig shape;
    shape.hidden_size = 32;
    shape.num_attention_heads = 2;
    shape.num_key_value_heads = 1;
    shape.intermediate_size = 48;
    std::filesystem::create_directories(checkpoint(step));
    save_model(*make_model(shape, tokenizer_->vocab_size(), 64, seed, at::kCPU), checkpoint(step));
    tokenizer_->save(checkpoint(step));
    write_file(checkpoint(step) / "optimizer-0.safetensors", "moments");
    write_file(checkpoint(step) / "trainer.json", nlohmann::json{{"step", step}, {"steps", steps_}}.dump());
    write_file(checkpoint(step) / "checksums.json", nlohmann::json{{"model.safetensors", checksum_file(checkpoint(step) / "model.safetensors")}}.dump());
  }
  void finish(int64_t step) const { write_file(checkpoint(step) / "DONE", ""); }
  void save(int64_t step, uint64_t seed = 0) const {
    write(step, seed == 0 ? static_cast<uint64_t>(step) : seed);
    finish(step);
  }
  void prune(int64_t step) const {
    std::filesystem::remove(checkpoint(step) / "DONE");
    std::filesystem::remove_all(checkpoint(step));
  }

  // Four cells of two waves.
  EvalConfig evaluation(const std::string& name) const {
    EvalConfig config;
    config.out = folder.path / name;
    config.threads = 1;
    config.lengths = {256, 300};
    config.samples = 3;
    config.rows = 2;
    config.niah.keys = 2;
    config.niah.digits = 3;
    config.sampling.temperature = 1;
    config.models.resize(2);
    config.models[0].name = "One";
    config.models[0].reading.mode = "os";
    config.models[0].reading.max_answer_tokens = 8;
    config.models[1].name = "Two";
    config.models[1].reading.mode = "sr";
    config.models[1].reading.chunk = 96;
    config.models[1].reading.max_summary_tokens = 12;
    return config;
  }

  std::vector<std::string> accuracies() const { return lines_of(run / "accuracies.jsonl"); }
  static std::vector<std::string> lines_of(const std::filesystem::path& file) {
    std::ifstream stream(file);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }

  // What a folder holds, as text to compare: without clock readings, the lock and the folder's own name.
  static std::vector<std::pair<std::string, std::string>> contents(const std::filesystem::path& of) {
    static const std::regex clock(R"re("(seconds|prefill_seconds|decode_seconds|peak_bytes)":[-+.0-9e]+)re");
    std::vector<std::pair<std::string, std::string>> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(of)) {
      if (!entry.is_regular_file() || entry.path().filename() == ".lock") continue;
      std::string text = std::regex_replace(read_file(entry.path()), clock, "");
      for (size_t at; (at = text.find(of.string())) != std::string::npos;) text.replace(at, of.string().size(), "OUT");
      files.emplace_back(entry.path().lexically_relative(of).string(), text);
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  TestFolder folder;
  std::filesystem::path run;

 private:
  int64_t steps_;
  std::shared_ptr<const Tokenizer> tokenizer_;
};

}  // namespace smooth
