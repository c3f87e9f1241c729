// What training runs, evaluations and data sets leave in their folders, read back for a report.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "eval/accuracies.h"
#include "eval/cell.h"
#include "eval/report/bench_files.h"
#include "eval/report/unfinished.h"

namespace smooth {

using Environment = std::vector<std::pair<std::string, std::string>>;  // in the file's order

// A line of metrics.jsonl.
struct StepMetrics {
  int64_t step = 0;
  double loss = 0, norm = 0, lr = 0;
  int64_t tokens = 0, targets = 0;
  double seconds = 0;
  std::optional<double> heldout_loss = {};
};

// What a run was made from, by the checksums that it left: "weights of SWA SR", "hotpotqa", a file's path.
struct Checksum {
  std::string of, sum;  // FNV-1a, 64 bit
  bool operator==(const Checksum&) const = default;
};

struct TrainingFolder {
  std::string folder, name;  // `name`: what tells it from the report's other folders
  std::string config;        // config.yaml as it stands
  int64_t seed = 0;
  std::vector<StepMetrics> steps;
  Environment environment;
  std::vector<Accuracy> accuracies;  // of its checkpoints, where they were watched
  std::vector<Checksum> checksums = {};  // of data, tokenizer and first weights
};

struct EvaluationFolder {
  std::string folder, name, config;
  int64_t seed = 0, training_length = 0;
  std::vector<Cell> cells;
  Environment environment;
  std::vector<std::string> traces;  // paths of traces/*.jsonl, sorted
  Unfinished unfinished = {};
  std::vector<Checksum> checksums = {};  // of weights and data
};

struct DataFolder {
  std::string folder, name, config, manifest;
  std::vector<Checksum> checksums = {};  // of its files
};

struct Runs {
  std::vector<TrainingFolder> trainings;
  std::vector<EvaluationFolder> evaluations;
  std::vector<DataFolder> data;
  std::vector<TrainBench> benches;
};

// Reads the folders and those inside them, three levels down, in sorted order; each once.
// metrics.jsonl makes a training run, results.json an evaluation, manifest.json a data set; a folder with predictions or shards and
// no results.json is an evaluation without cells, and files bench*.json are what was timed. An unfinished last line of a run that still goes on is
// left out. Of a watch's evaluations, a folder a step, the newest counts, and each that is named itself. Throws naming file, line and field, and for
// a folder in which nothing of the kind is found.
Runs find_runs(const std::vector<std::string>& folders);

}  // namespace smooth
