// An evaluation: every model of the config, at every length, cell by cell and wave by wave.
//
//   OUT/config.yaml, environment.json, results.json
//   OUT/pred/CELL.jsonl     LongBench's fields (pred, answers, all_classes, length) with _id, mode, trace, tokens, seconds
//   OUT/traces/CELL.jsonl   the transcripts
//   OUT/waves/CELL.jsonl    clock and memory readings, one line per wave
//   OUT/inputs/CELL.json    what the cell depends on
//
// A wave is `rows` readings side by side. Waves are the unit of resuming: a wave always holds the same tasks, so a run
// that was killed and started again computes the same bits as one that was not.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "configs/config.h"
#include "eval/cell.h"

namespace smooth {

// Runs what is missing and writes results.json. With `replace`, cells of another config or other weights are done again;
// without it they are an error.
std::vector<Cell> evaluate(const EvalConfig& config, bool replace);

}  // namespace smooth
