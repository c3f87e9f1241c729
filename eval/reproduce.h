// One of the paper's tables or figures, from data to report.
#pragma once

#include <string>

namespace smooth {

// The programs that a reproduction runs, in order, a line each: the program, the file that its standard output goes to (`-`: none) and its
// arguments, separated by tabs. Reads every YAML first, and throws where one of them is not what it should be. What is timed already is
// left out; what else is done finds that out itself. `time` is told how long it takes, and how much of it is done.
struct ReproductionPlan {
  std::string commands, time;
};
ReproductionPlan plan_reproduction(const std::string& file);

}  // namespace smooth
