// One cell of a table: a model in a mode on a benchmark at a length, with its score and what it cost.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace smooth {

struct Cell {
  std::string model, architecture, mode, benchmark, dataset;
  std::optional<int64_t> length, window, chunk;
  std::optional<bool> early_stop;
  int64_t n = 0;                              // readings that are scored
  double score = 0, ci_low = 0, ci_high = 0;  // per cent, 95 % interval
  std::array<std::optional<double>, 3> by_length = {};  // of LongBench-E, its buckets (data/scores/longbench.h); nothing where one is empty
  std::optional<std::string> code_backend = {};         // how code was compared, where it was
  int64_t failed = 0;                                   // readings that failed and are not scored
  double seconds = 0;                         // wall clock of the whole cell
  double prefill_seconds = 0, decode_seconds = 0;
  int64_t prefill_tokens = 0, decode_tokens = 0;
  int64_t context_tokens = 0;                 // tokens of the contexts that were read
  int64_t peak_bytes = 0;                     // peak resident memory during the cell
  int64_t state_bytes = 0;                    // hidden memory of one reading at its largest
};

// Wilson's score interval of `hits` in `n`, in per cent; [0, 100] for n = 0. E. B. Wilson, JASA 22 (1927).
struct Interval {
  double low, high;
};
Interval wilson(double hits, int64_t n);

// Of the mean of samples' scores, from 0 to 1: Wilson's where all are hits or misses, else between the 2.5 and 97.5 per cent of 10,000 means
// of as many draws from them (the bootstrap of B. Efron, Ann. Statist. 7 (1979)), which follow from the scores alone.
Interval interval_of(const std::vector<double>& scores);

// What is to be said of readings that failed, a line for each cell that has some; empty where none has.
std::string tell_failed(const std::vector<Cell>& cells);

// How code was compared, which moves its scores by points: "difflib"; empty where no code was.
std::string code_backends(const std::vector<Cell>& cells);

bool is_of_longbench_e(const Cell& cell);  // it is scored by length

std::string cells_to_json(const std::vector<Cell>& cells);  // results.json: a list, null where a field does not apply
std::vector<Cell> cells_from_json(const std::string& text);

}  // namespace smooth
