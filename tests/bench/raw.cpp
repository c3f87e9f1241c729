// How fast a row's raw set is read and made into tasks, and what that takes: bench_raw ROW PATH TASKS, one JSON object out.
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

#include "data/tasks/tasks.h"

int main(int argc, char** argv) {
  using namespace smooth;
  if (argc != 4) {
    std::cerr << "usage: bench_raw ROW PATH TASKS\n";
    return 2;
  }
  const auto now = [] { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); };
  SourceConfig config;
  config.path = argv[2];
  config.bad_rows = "skip";
  const double begun = now();
  const auto tasks = load_tasks(argv[1], config);
  const double loaded = now();
  const int64_t count = std::min<int64_t>(std::atoll(argv[3]), tasks->size());
  double tokens = 0;
  for (int64_t i = 0; i < count; ++i) tokens += static_cast<double>(tasks->task(1, i).length);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const nlohmann::ordered_json json = {{"rows", tasks->counts().rows}, {"bad", tasks->counts().bad}, {"left_out", tasks->counts().left_out},
                                       {"size", tasks->size()}, {"load_seconds", loaded - begun}, {"tasks", count}, {"task_seconds", now() - loaded},
                                       {"mean_tokens", tokens / static_cast<double>(count)}, {"peak_mib", usage.ru_maxrss / 1024}};
  std::cout << json.dump() << "\n";
}
