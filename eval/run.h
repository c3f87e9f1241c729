// An evaluation: every model of the config on every dataset of the benchmark, cell by cell and wave by wave (eval/cell_run.h).
//
//   OUT/config.yaml, environment.json, results.json
//   OUT/shards/i-of-n/      the same of a part, where several jobs share the work
#pragma once

#include <vector>

#include "configs/config.h"
#include "eval/cell.h"
#include "eval/cell_run.h"

namespace smooth {

// Runs what is missing and writes results.json. With `replace`, cells of another config or other weights are done again;
// without it they are an error.
std::vector<Cell> evaluate(const EvalConfig& config, bool replace, const Shard& shard = {});

// Puts all shards together, which then are as one run that did everything. Throws when one is lacking or unfinished, or when they are of
// different numbers of shards.
std::vector<Cell> merge_shards(const EvalConfig& config);

}  // namespace smooth
