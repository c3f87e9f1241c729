// A tree with one field of every kind, so that these tests do not depend on what the real trees
// hold today.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "configs/config.h"

namespace smooth {

struct SampleOptim {
  double lr = 0.5, min_lr = 0;
  int64_t warmup_steps = 0;

  template <class V>
  void visit(V& v) {
    v("lr", lr, "peak rate", more_than(0));
    v("min_lr", min_lr, "last rate", between(0, 10));
    v("warmup_steps", warmup_steps, "steps of warm-up", at_least(0));
  }
  std::optional<Problem> problem() const {
    if (min_lr > lr) return Problem{"min_lr", "is larger than lr"};
    return {};
  }
};

struct SampleRow {
  std::string name;
  int64_t count = 1;
  SampleOptim optim;

  template <class V>
  void visit(V& v) {
    v("name", name, "name of the row", required());
    v("count", count, "how many", between(1, 100));
    v("optim", optim, "its own rates");
  }
};

struct Sample {
  std::string run, mode = "sr", tokenizer;
  bool stop = true;
  std::optional<double> depth;
  std::optional<std::string> note;
  std::vector<std::string> files, tags;
  std::vector<double> weights;
  std::vector<int64_t> lengths;
  SampleOptim optim;
  std::optional<SampleRow> extra;
  std::vector<SampleRow> rows;

  template <class V>
  void visit(V& v) {
    v("run", run, "run folder", required());
    v("mode", mode, "how to read", one_of({"os", "ur", "sr"}));
    v("tokenizer", tokenizer, "folder of the tokenizer", existing_if_given());
    v("stop", stop, "may stop");
    v("depth", depth, "fixed depth", Allowed{.low = 0, .high = 100, .above = true});
    v("note", note, "a remark");
    v("files", files, "transcripts to read", existing_if_given());
    v("tags", tags, "modes in a list", one_of({"os", "ur", "sr"}));
    v("weights", weights, "weights");
    v("lengths", lengths, "lengths", at_least(8));
    v("optim", optim, "rates");
    v("extra", extra, "one more row");
    v("rows", rows, "rows");
  }
  std::optional<Problem> problem() const {
    if (note == "late" && optim.warmup_steps == 0)
      return Problem{"optim.warmup_steps", "a late run has to warm up"};
    return {};
  }
};

}  // namespace smooth
