// The options of an evaluation, and of what `bench` times.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "configs/data_config.h"
#include "configs/train_config.h"

namespace smooth {

struct SamplingConfig {
  double temperature = 0, top_p = 1;
  int64_t top_k = 0;

  template <class V>
  void visit(V& v) {
    v("temperature", temperature, "0 is greedy", at_least(0));
    v("top_p", top_p, "smallest set of tokens with this probability", Allowed{.low = 0, .high = 1, .above = true});
    v("top_k", top_k, "most probable tokens kept, 0 for all", at_least(0));
  }
};

// One line of the table: a model in a mode.
struct EvalModelConfig {
  std::string name, checkpoint;
  std::optional<int64_t> sliding_window;
  std::string window_edge = "hf", dtype = "float32";
  ReadingConfig reading;
  std::vector<int64_t> lengths;

  // What its files are called: the name in small letters and digits.
  std::string file() const {
    std::string text;
    for (const char c : name) text += std::isalnum(static_cast<unsigned char>(c)) ? static_cast<char>(std::tolower(static_cast<unsigned char>(c))) : '-';
    return text;
  }

  template <class V>
  void visit(V& v) {
    v("name", name, "its name in the table", required());
    v("checkpoint", checkpoint, "model folder, or a run folder: its newest finished checkpoint; with --watch it is not read", existing());
    v("sliding_window", sliding_window, "another window than the checkpoint's", at_least(1));
    v("window_edge", window_edge, "hf: a window of W keys, the token included; flash: W + 1, as flash-attention with left = W", one_of({"hf", "flash"}));
    v("dtype", dtype, "weights and activations", one_of({"float32", "bfloat16"}));
    v("reading", reading, "how it reads");
    v("lengths", lengths, "context lengths of this model instead of the benchmark's", at_least(8));
  }
};

// LongBench, for `benchmark: longbench`.
struct LongBenchConfig {
  std::string path;
  std::vector<std::string> tasks;
  bool e = false;
  std::optional<int64_t> samples;
  std::string code_backend = "difflib";
  std::string prompts = "project", config;
  std::optional<int64_t> max_length;

  template <class V>
  void visit(V& v) {
    v("path", path, "data.zip as it is published, or a folder with its files", existing());
    v("tasks", tasks, "hotpotqa, gov_report, ...; empty: all sixteen, of LongBench-E thirteen");
    v("e", e, "LongBench-E, whose contexts are spread evenly over lengths");
    v("samples", samples, "of each task, the first of its file; null: all", at_least(1));
    v("code_backend", code_backend, "how code is compared: as the official script without python-Levenshtein, or with it", one_of({"difflib", "levenshtein"}));
    v("prompts", prompts, "project: told as the training set's rows are; official: templates, truncation and lengths of the benchmark's own pred.py, in one-step reading", one_of({"project", "official"}));
    v("config", config, "official: the benchmark's folder config, with dataset2prompt.json and dataset2maxlen.json", existing_if_given());
    v("max_length", max_length, "official: tokens of a prompt before it is wrapped in the chat template; the middle of a longer one is cut out", at_least(2));
  }
  std::optional<Problem> problem() const {
    if (prompts == "project" && !config.empty()) return Problem{"config", "belongs to prompts: official; leave it out"};
    if (prompts == "project" && max_length) return Problem{"max_length", "belongs to prompts: official; leave it out"};
    if (prompts == "official" && config.empty()) return Problem{"config", "is missing; prompts: official takes templates and lengths from LongBench's folder config"};
    if (prompts == "official" && !max_length) return Problem{"max_length", "is missing; pred.py's are the model's window less 500: 3500, 7500, 15500, 31500"};
    return {};
  }
};

struct EvalConfig {
  std::string out;
  int64_t seed = 42, threads = 0;
  std::string device = "cpu", chat_template = "chatml", benchmark = "niah";
  NiahConfig niah;
  std::optional<LongBenchConfig> longbench;
  std::vector<int64_t> lengths;
  int64_t samples = 500, rows = 64, training_length = 0;
  SamplingConfig sampling;
  std::vector<EvalModelConfig> models;

  template <class V>
  void visit(V& v) {
    v("out", out, "folder of predictions, traces and results.json", required());
    v("seed", seed, "tasks (and sampling) follow from it; they are the same for every model and mode", at_least(0));
    v("device", device, "where to compute", one_of({"cpu", "cuda"}));
    v("threads", threads, "threads on the CPU; 0: as OMP_NUM_THREADS says, else all cores", at_least(0));
    v("chat_template", chat_template, "how turns are laid out", one_of({"chatml", "qwen2.5", "mistral", "rwkv-world", "plain"}));
    v("benchmark", benchmark, "what is asked", one_of({"niah", "longbench"}));
    v("niah", niah, "the needles");
    v("longbench", longbench, "its files and tasks");
    v("lengths", lengths, "niah: context lengths, in the model's tokens", at_least(8));
    v("samples", samples, "niah: tasks per cell", between(1, 1000000));
    v("rows", rows, "readings in flight", between(1, 65536));
    v("training_length", training_length, "context length that the models were trained at, for the report; 0: not known", at_least(0));
    v("sampling", sampling, "how tokens are chosen");
    v("models", models, "the lines of the table", required());
  }
  std::optional<Problem> problem() const {
    const bool needles = benchmark == "niah";
    if (!needles && !longbench) return Problem{"longbench", "is missing; say where LongBench's files are"};
    if (!needles && longbench->prompts == "official") {
      if (const auto problem = official_problem()) return problem;
    }
    for (size_t i = 0; i < models.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        if (models[i].file() == models[j].file()) {
          return Problem{"models." + std::to_string(i) + ".name", "the files of `" + models[j].name + "` would be called so too: " + models[i].file()};
        }
      }
      const std::vector<int64_t>& read = models[i].lengths.empty() ? lengths : models[i].lengths;
      if (needles && read.empty()) return Problem{"lengths", "is missing; give the context lengths of niah"};
      if (!needles && !read.empty()) return Problem{models[i].lengths.empty() ? "lengths" : "models." + std::to_string(i) + ".lengths", "longbench's contexts have their own lengths; leave it out"};
      for (const int64_t length : read) {
        if (std::count(read.begin(), read.end(), length) > 1) {
          return Problem{models[i].lengths.empty() ? "lengths" : "models." + std::to_string(i) + ".lengths", std::to_string(length) + " is given twice"};
        }
      }
      if (!needles) continue;
      const int64_t shortest = *std::min_element(read.begin(), read.end());
      if (models[i].reading.mode != "os" && models[i].reading.chunk > shortest) {
        return Problem{"models." + std::to_string(i) + ".reading.chunk",
                       "is larger than the shortest context length of this model, " + std::to_string(shortest)};
      }
    }
    return {};
  }
  // What the benchmark's own pred.py leaves no choice in.
  std::optional<Problem> official_problem() const {
    const std::string official = "longbench.prompts: official ";
    if (sampling.temperature > 0) return Problem{"sampling.temperature", official + "is greedy; leave it at 0"};
    for (size_t i = 0; i < models.size(); ++i) {
      const std::string reading = "models." + std::to_string(i) + ".reading.";
      if (models[i].reading.mode != "os") return Problem{reading + "mode", official + "is one-step reading, mode: os"};
      if (models[i].reading.max_answer_tokens != ReadingConfig().max_answer_tokens) {
        return Problem{reading + "max_answer_tokens", official + "takes lengths from dataset2maxlen.json; leave it out"};
      }
    }
    return {};
  }
};

// What `bench` times: a checkpoint, or random weights of a shape.
struct BenchConfig {
  std::string checkpoint;
  std::optional<ModelConfig> model;
  int64_t vocab_size = 151936;
  std::optional<int64_t> sliding_window;
  std::string window_edge = "hf", dtype = "float32", device = "cpu";
  int64_t seed = 1, threads = 0, rows = 1, prompt = 512, tokens = 64, repeats = 3;
  double target_share = 1;
  int64_t recompute = 0;
  std::string recompute_keeps = "inputs";

  template <class V>
  void visit(V& v) {
    v("checkpoint", checkpoint, "model folder, run folder or file of weights; empty: random weights of `model`", existing_if_given());
    v("model", model, "architecture of random weights; not with checkpoint");
    v("vocab_size", vocab_size, "rows of the embedding, with `model`", between(8, 1 << 24));
    v("sliding_window", sliding_window, "another window than the checkpoint's", at_least(1));
    v("window_edge", window_edge, "hf: a window of W keys, the token included; flash: W + 1, as flash-attention with left = W", one_of({"hf", "flash"}));
    v("dtype", dtype, "weights and activations", one_of({"float32", "bfloat16"}));
    v("device", device, "where to compute", one_of({"cpu", "cuda"}));
    v("seed", seed, "random weights and token ids follow from it", at_least(0));
    v("threads", threads, "threads on the CPU; 0: as OMP_NUM_THREADS says, else all cores", at_least(0));
    v("rows", rows, "texts side by side; train: documents of the pack", between(1, 65536));
    v("prompt", prompt, "tokens of each that are taken in; train: of each document", at_least(1));
    v("tokens", tokens, "tokens of each that are then written (decode)", at_least(1));
    v("target_share", target_share, "train: share of the tokens that are targets, in stretches at the end of every 1,024", between(0, 1));
    v("recompute", recompute, "train: layers computed again in the backward pass", at_least(0));
    v("recompute_keeps", recompute_keeps, "train: of these layers their inputs alone, or also what attention gave", one_of({"inputs", "attention"}));
    v("repeats", repeats, "times it is done; the fastest counts", between(1, 1000));
  }
  std::optional<Problem> problem() const {
    if (checkpoint.empty() && !model) return Problem{"model", "give the architecture of random weights, or checkpoint"};
    if (!checkpoint.empty() && model) return Problem{"model", "the architecture comes from the checkpoint; leave model out"};
    return {};
  }
};

}  // namespace smooth
