// What the trainer's tests share: a folder with a tokenizer and a few transcripts, and a small run of it.
#pragma once

#include <ATen/ATen.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "configs/run.h"
#include "data/layout.h"
#include "data/tokenizer.h"
#include "trainer/trainer.h"

namespace smooth {
namespace fs = std::filesystem;

// A folder with a tokenizer and a few transcripts, gone at the end.
struct Workplace {
  Workplace() : folder(fs::temp_directory_path() / ("smooth-training-" + std::to_string(getpid()))) {
    fs::remove_all(folder);
    std::vector<std::string> lines;
    for (int i = 0; i < 300; ++i) lines.push_back("One two three four " + std::to_string(i * 37) + " five six seven and eight.");
    train_sentencepiece(folder / "tokenizer", lines, "bpe", 320, special_texts());
    std::string text;
    for (int i = 0; i < 12; ++i) {
      Transcript transcript{.id = "t" + std::to_string(i), .row = "test", .mode = "sr", .chunk = 8, .early_stop = true, .exchanges = {}, .answer = "", .answers = {}, .length = 0};
      for (int turn = 0; turn <= i % 3; ++turn) {
        Exchange exchange;
        exchange.forget = turn == 0;
        exchange.given = "one two " + std::to_string(i) + " three";
        exchange.written = "four " + std::to_string(i) + " five " + kContinue;
        transcript.exchanges.push_back(exchange);
      }
      text += to_json(transcript) + "\n";
    }
    write_file(folder / "set.jsonl", text);
  }
  ~Workplace() { fs::remove_all(folder); }

  TrainConfig config(const std::string& run) const {
    TrainConfig config;
    config.run = folder / run;
    config.threads = 1;
    config.model = ModelConfig{};
    config.model->hidden_size = 32;
    config.model->num_attention_heads = 4;
    config.model->num_key_value_heads = 2;
    config.model->intermediate_size = 48;
    config.sliding_window = 16;
    config.data.files = {folder / "set.jsonl"};
    config.data.tokenizer = folder / "tokenizer";
    config.data.context = 256;
    config.optim.lr = 3e-3;
    config.optim.warmup_steps = 2;
    config.batch = 4;
    config.steps = 9;
    return config;
  }

  fs::path folder;
};

inline std::string last_checkpoint(const TrainConfig& config, int64_t step) {
  return fs::path(config.run) / "checkpoints" / ("step-" + std::to_string(step));
}

// One process and no other.
inline Ended train(const TrainConfig& config) {
  Ranks ranks({}, config.ranks, at::kCPU);
  return Trainer(config, ranks).train();
}

// Trains `config` in another folder too, takes its last checkpoint away and trains on: the files of both last checkpoints have the same bytes.
inline void check_resumed(const TrainConfig& config, const std::string& other, int64_t last, const std::vector<std::string>& files) {
  TrainConfig stopped = config;
  stopped.run = other;
  train(stopped);
  fs::remove_all(last_checkpoint(stopped, last));
  train(stopped);
  for (const std::string& file : files) {
    INFO(file);
    CHECK(read_file(last_checkpoint(config, last) + file) == read_file(last_checkpoint(stopped, last) + file));
  }
}

// A number of every line of metrics.jsonl.
inline std::vector<double> metric(const std::string& run, const std::string& name) {
  std::ifstream lines(fs::path(run) / "metrics.jsonl");
  std::vector<double> values;
  for (std::string line; std::getline(lines, line);) values.push_back(nlohmann::json::parse(line).at(name).get<double>());
  return values;
}

}  // namespace smooth
