// Fig. 4: time against context length, in training and in inference: a line for smooth reading with a window, a parabola for dense attention.
#pragma once

#include <string>
#include <vector>

#include "eval/report/bench_files.h"
#include "eval/report/fit.h"
#include "eval/report/lines.h"
#include "eval/report/page.h"

namespace smooth {

// Seconds of one text against its tokens.
struct TimeCurve {
  enum class Kind { kWindow, kDense, kOther };
  std::string label;
  Kind kind = Kind::kOther;
  bool early_stop = false;
  std::vector<Measured> points;  // by length, each once

  const Measured* at(double length) const;
};

// Wall clock of the cells over their tasks; lines of one length are left out, a line says nothing about growth then.
std::vector<TimeCurve> inference_curves(const std::vector<Line>& lines);

// Optimizer steps over their documents, by architecture, dtype and device. Throws for two files that stand for the same point, naming both.
std::vector<TimeCurve> training_curves(const std::vector<TrainBench>& benches);

// A row for each curve with its exponents, and for each with a window how many times as fast it is as each dense one.
// `what`: "training" or "inference"; `paper_length`: where the paper's factors stand, its 64k; 0: nowhere.
Table time_table(const std::vector<TimeCurve>& curves, const std::string& what, double paper_length);

// How the windowed and the dense grow, and by how much the windowed beat the dense at the longest common length; empty where there are no two.
std::string growth_sentence(const std::vector<TimeCurve>& curves, const std::string& what);
std::string factor_sentence(const std::vector<TimeCurve>& curves, const std::string& what);

// Both halves, and which is lacking. Throws where both are.
std::vector<Block> fig4_blocks(const std::vector<Line>& lines, const std::vector<TrainBench>& benches);

}  // namespace smooth
