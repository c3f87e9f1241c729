// What one table or figure of the paper needs, from data to report.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "configs/field.h"

namespace smooth {

// One command of a reproduction. Its YAML is named relative to the folder of the reproduction's own.
struct ReproductionStep {
  std::string data, train, eval, bench, out;
  std::vector<std::string> set;
  std::optional<double> minutes;

  const std::string& yaml() const { return !data.empty() ? data : !train.empty() ? train : !eval.empty() ? eval : bench; }

  template <class V>
  void visit(V& v) {
    v("data", data, "YAML of a training set; of data, train, eval and bench one is given");
    v("train", train, "YAML of a training run");
    v("eval", eval, "YAML of an evaluation");
    v("bench", bench, "YAML of a timed training step");
    v("out", out, "bench: the file that its JSON object goes to");
    v("set", set, "key=value over the YAML's, as with --set");
    v("minutes", minutes, "that it takes from nothing where `on` says; null: not known", at_least(0));
  }
  std::optional<Problem> problem() const {
    const int given = !data.empty() + !train.empty() + !eval.empty() + !bench.empty();
    if (given != 1) return Problem{"data", "expected one of data, train, eval and bench, got " + std::to_string(given)};
    if (bench.empty() != out.empty()) return Problem{"out", bench.empty() ? "is of bench alone" : "is missing; say which file the numbers go to"};
    return {};
  }
};

// configs/reproduce/SCALE/NAME.yaml.
struct ReproductionConfig {
  std::string shows, out, needs, on = "two cores";
  std::vector<std::string> folders;
  std::vector<ReproductionStep> steps;

  template <class V>
  void visit(V& v) {
    v("shows", shows, "what its report begins with", one_of({"table2", "table3", "table4", "table5", "table6", "table7", "fig4", "fig5", "fig6"}));
    v("out", out, "folder of the report", required());
    v("folders", folders, "what the steps leave and the report is of", required());
    v("needs", needs, "what must be there before the first step, and where to get it");
    v("on", on, "machine that the steps' minutes are of");
    v("steps", steps, "the commands, in order", required());
  }
};

}  // namespace smooth
