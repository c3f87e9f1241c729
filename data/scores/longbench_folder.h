// A folder of predictions scored as LongBench's eval.py does it.
#pragma once

#include <functional>
#include <string>

#include "data/scores/longbench_result.h"

namespace smooth {

// Scores each DATASET.jsonl of `folder`, a prediction a line. A line with an `error` is of a reading that failed: it is left out. `warn` is told
// of these, of files that are no task's and of samples that are missing or too many; the official script scores such a file without a word.
// Throws with file and line where a line cannot be scored, and where a file has failed readings alone.
LongBenchResult score_longbench(const std::string& folder, bool e, const std::string& code_backend, const std::function<void(const std::string&)>& warn);

}  // namespace smooth
