// What Slurm is asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "configs/field.h"

namespace smooth {

// Seconds of Slurm's [D-]HH:MM:SS; none for anything else.
inline std::optional<int64_t> seconds_of(const std::string& time) {
  std::string form = time;  // 0 for every digit
  for (char& c : form) c = std::isdigit(static_cast<unsigned char>(c)) ? '0' : c;
  const size_t clock = time.size() < 8 ? 0 : time.size() - 8;
  const std::string days = form.substr(0, clock);
  if (form.substr(clock) != "00:00:00" || (!days.empty() && days != "0-" && days != "00-" && days != "000-")) return {};
  const auto number = [&](size_t at) { return std::stoll(time.substr(at, 2)); };
  const int64_t hours = number(clock) + (days.empty() ? 0 : 24 * std::stoll(time)), minutes = number(clock + 3), seconds = number(clock + 6);
  if (minutes > 59 || seconds > 59) return {};
  return (hours * 60 + minutes) * 60 + seconds;
}

// Is it a number, with a unit or without one (Slurm's is MiB)?
inline bool is_memory(const std::string& text) {
  const size_t unit = text.find_first_not_of("0123456789");
  if (unit == std::string::npos) return !text.empty();
  return unit > 0 && unit + 1 == text.size() && std::string("KMGT").find(text[unit]) != std::string::npos;
}

// Where `submit` runs things: what Slurm is asked for.
struct ClusterConfig {
  std::string partition, account, qos, time, memory;
  int64_t nodes = 1, tasks_per_node = 1, gpus_per_node = 0, cpus_per_task = 1;
  bool requeue = true;
  int64_t signal_seconds = 120;
  std::vector<std::string> extra, setup;

  template <class V>
  void visit(V& v) {
    v("partition", partition, "queue; empty: the cluster's default");
    v("account", account, "who is charged; empty: the user's default");
    v("qos", qos, "quality of service; empty: the default");
    v("time", time, "limit of one job, [D-]HH:MM:SS; empty: the partition's default");
    v("nodes", nodes, "machines", between(1, 100000));
    v("tasks_per_node", tasks_per_node, "ranks on each; with device: cuda one a GPU", between(1, 1024));
    v("gpus_per_node", gpus_per_node, "GPUs of each; 0 for device: cpu", between(0, 1024));
    v("cpus_per_task", cpus_per_task, "cores of each rank, and its OMP_NUM_THREADS", between(1, 4096));
    v("memory", memory, "of each node, as 64G; empty: the cluster's default");
    v("requeue", requeue, "a run that was interrupted, or stopped and saved before its time limit, goes back into the queue by itself");
    v("signal_seconds", signal_seconds, "before the time limit, when the run is asked to save; Slurm may ask up to a minute earlier", between(1, 65535));
    v("extra", extra, "further options for sbatch, as --constraint=h100");
    v("setup", setup, "lines of shell before the run, as module load cuda");
  }
  std::optional<Problem> problem() const {
    const std::optional<int64_t> limit = seconds_of(time);
    if (!time.empty() && !limit) return Problem{"time", "expected HH:MM:SS or D-HH:MM:SS"};
    if (limit && *limit <= signal_seconds) return Problem{"signal_seconds", "is not less than time, so that the run would be stopped at once"};
    if (!memory.empty() && !is_memory(memory)) return Problem{"memory", "expected a number with K, M, G or T, as 64G"};
    for (size_t i = 0; i < extra.size(); ++i) {
      if (!extra[i].starts_with("-") || extra[i].find_first_of("\r\n") != std::string::npos) {
        return Problem{"extra." + std::to_string(i), "expected one option of sbatch's on one line, as --constraint=h100"};
      }
    }
    return {};
  }
};

}  // namespace smooth
