// smooth-train CONFIG.yaml: one training run, as one process or as a rank of several. --bench times a step, --plan only says what it would take.
#include <CLI/CLI.hpp>
#include <c10/util/Exception.h>
#include <cstdlib>
#include <iostream>

#include "configs/load.h"
#include "configs/run.h"
#include "trainer/bench.h"
#include "trainer/plan/plan.h"
#include "trainer/submit.h"
#include "trainer/trainer.h"

namespace {

// The first rank looks, and tells the others.
bool has_nothing_to_do(const smooth::TrainConfig& config, smooth::Ranks& ranks, bool replace) {
  const std::string key = "nothing-to-do";
  if (!ranks.first()) return ranks.ask(key) == "yes";
  if (replace) smooth::remove_other_run(config);
  const bool complete = smooth::is_complete(config);
  ranks.tell(key, complete ? "yes" : "no");
  return complete;
}

int train(const smooth::TrainConfig& config, bool replace) {
  const smooth::Place place = smooth::Place::from_environment();
  smooth::Ranks ranks(place, config.ranks, smooth::open_device(config.device, place.local));
  if (!ranks.first()) smooth::be_silent();
  try {
    smooth::stop_on_signals();
    if (has_nothing_to_do(config, ranks, replace)) {
      smooth::note(config.run + ": trained already");
      ranks.barrier();  // the first rank, which holds the store, goes last
      return 0;
    }
    if (smooth::Trainer(config, ranks, place).train() == smooth::Ended::complete) return 0;
    smooth::note(config.run + ": asked to stop, and saved; the same command goes on");
    return smooth::kAskedToStop;
  } catch (const c10::Error& error) {
    ranks.fail(error.what_without_backtrace());
    throw std::runtime_error(error.what_without_backtrace());
  } catch (const std::exception& error) {
    ranks.fail(error.what());
    throw;
  }
}

// smooth-train --submit CONFIG.yaml: the run by Slurm, later.
int submit(int argc, char** argv) {
  CLI::App app("Submits a training run or an evaluation to Slurm: writes RUN/submit/*.sbatch and hands it to sbatch. A run that meets the time\n"
               "limit saves, goes back into the queue and goes on. The job's number goes to standard output.", "./smooth submit");
  std::string file, cluster;
  std::vector<std::string> overrides;
  bool dry_run = false;
  int64_t shards = 1;
  app.add_option("CONFIG", file, "YAML of a training run or of an evaluation")->required();
  app.add_option("--cluster", cluster, "YAML of what Slurm is asked for, as in configs/cluster; unless given one rank without a GPU");
  app.add_option("--set", overrides, "key=value over CONFIG's, e.g. optim.lr=1e-4")->allow_extra_args(false);
  app.add_option("--shards", shards, "an evaluation as an array of so many jobs, which share its work; then ./smooth eval CONFIG --merge")->check(CLI::Range(1, 100000));
  app.add_flag("--dry-run", dry_run, "print the batch file; write and submit nothing");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return smooth::run_main([&] {
    const auto asked = cluster.empty() ? smooth::ClusterConfig() : smooth::load_config<smooth::ClusterConfig>(cluster);
    const smooth::Submission what = smooth::read_submission(file, overrides, shards);
    std::cout << (dry_run ? smooth::batch_file(what, asked) : smooth::submit(what, asked) + "\n") << std::flush;
    return 0;
  });
}

}  // namespace

int main(int argc, char** argv) {
  setenv("TORCH_CPP_LOG_LEVEL", "ERROR", /*overwrite=*/0);  // what ends a run is said by the run
  if (argc > 1 && std::string(argv[1]) == "--submit") return submit(argc - 1, argv + 1);
  CLI::App app("Trains a model as CONFIG.yaml says; run again, it resumes. configs/reference.md lists every key. Several processes that torchrun\n"
               "or srun has started share one run. SIGTERM and SIGUSR1 make it save and end with status 75.", "./smooth train");
  std::string file;
  std::vector<std::string> overrides;
  bool replace = false, timed = false, planned = false;
  smooth::PlanOptions plan;
  app.add_option("CONFIG", file, "the run's YAML")->required();
  app.add_option("--set", overrides, "key=value over the file's, e.g. optim.lr=1e-4")->allow_extra_args(false);
  app.add_flag("--bench", timed, "time a step of a benchmark's YAML instead: what ./smooth bench train calls");
  app.add_flag("--replace", replace, "begin anew where the run folder holds a run of another config or of other data");
  CLI::Option* planning = app.add_flag("--plan", planned, "train nothing: print parameters, memory of a rank, operations and time, and whether it fits");
  app.add_option("--gpu", plan.gpu, "plan for this GPU, e.g. A100-80GB, H100, H800, H200, RTX-4090; without it an H100, for device: cpu this machine")->needs(planning);
  app.add_option("--ranks", plan.ranks, "plan for so many processes, a GPU each")->needs(planning)->check(CLI::Range(1, 65536));
  app.add_option("--share", plan.share, "plan for this share of the GPU's peak, 0.4 unless given")->needs(planning)->check(CLI::Range(0.01, 1.0));
  app.add_option("--shape", plan.shape, "plan for a built-in shape instead of the config's model, e.g. qwen2.5-3b, qwen2.5-7b, rwkv7-2.9b")->needs(planning);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return smooth::run_main([&] {
    if (timed) {
      std::cout << smooth::bench_train(smooth::load_config<smooth::BenchConfig>(file, overrides)) << std::endl;
      return 0;
    }
    if (planned) {
      const auto config = smooth::load_config<smooth::TrainConfig>(file, overrides, smooth::Paths::as_given);
      std::cout << smooth::plan_text(smooth::make_plan(config, plan), config, plan);
      return 0;
    }
    return train(smooth::load_config<smooth::TrainConfig>(file, overrides), replace);
  });
}
