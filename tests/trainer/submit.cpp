// The batch file: its text, that the shell takes it whatever a path holds, and what is refused.
#include "trainer/submit.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "configs/load.h"
#include "configs/run.h"

using namespace smooth;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

struct Folder {
  Folder() : path(fs::temp_directory_path() / ("smooth-submit-" + std::to_string(getpid()))) { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
  const fs::path path;
};

Submission run_of(const std::string& device) {
  return {.name = "swa", .folder = "runs/swa", .command = {"/programs/smooth-train"}, .config = "run: runs/swa\n", .device = device,
          .from = "/home/a", .saves_when_asked = true, .variables = {{"SMOOTH_ROOT", "/smooth"}}};
}

ClusterConfig cluster_of(const std::string& text) {
  const Folder folder;
  write_file(folder.path / "cluster.yaml", text);
  return load_config<ClusterConfig>(folder.path / "cluster.yaml");
}

// What is said to a text that cannot stand.
std::string mistake(const std::string& text) {
  try {
    cluster_of(text);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

int shell(const std::string& command) {
  const int status = std::system(command.c_str());  // NOLINT(cert-env33-c)
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

// Runs a batch file with programs in the place of Slurm's, which write what they are told to srun.txt and scontrol.txt.
int run_batch(const fs::path& folder, const std::string& text, int status) {
  const std::string tell = "pwd >srun.txt\nprintf '<%s>' \"$@\" >>srun.txt\necho \"$ODD\" >>srun.txt\n";
  write_file(folder / "bin/srun", "#!/bin/bash\n" + tell + "exit " + std::to_string(status) + "\n");
  write_file(folder / "bin/scontrol", "#!/bin/bash\necho \"$@\" >scontrol.txt\n");
  for (const char* name : {"bin/srun", "bin/scontrol"}) fs::permissions(folder / name, fs::perms::owner_all);
  write_file(folder / "job.sbatch", text);
  return shell("cd '" + folder.string() + "' && PATH=$PWD/bin:$PATH SLURM_JOB_ID=12 bash job.sbatch 2>said.txt");
}

}  // namespace

TEST_CASE("submit: a batch file for ranks on CPUs", "[submit]") {
  const ClusterConfig cluster = cluster_of("time: 04:00:00\ntasks_per_node: 2\ncpus_per_task: 3\nmemory: 16G\nsetup: [module load x]\n");
  const std::string text = batch_file(run_of("cpu"), cluster);
  const std::string named = "/home/a/runs/swa/submit/" + checksum("run: runs/swa\n");
  CHECK(text == R"(#!/bin/bash
# Written by ./smooth submit; sbatch takes it as it is.
#SBATCH --job-name=swa
#SBATCH --time=04:00:00
#SBATCH --nodes=1
#SBATCH --ntasks=2
#SBATCH --ntasks-per-node=2
#SBATCH --cpus-per-task=3
#SBATCH --mem=16G
#SBATCH --signal=USR1@120
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=/home/a/runs/swa/submit/%j.log

cd -- '/home/a' || exit 1
unset RANK WORLD_SIZE LOCAL_RANK MASTER_ADDR MASTER_PORT  # torchrun's would come before Slurm's
export OMP_NUM_THREADS=3
export SMOOTH_ROOT='/smooth'
module load x

trap : USR1  # to the whole job, as by scancel --full: the ranks save, and this shell waits for them
status=0
srun --ntasks=2 --ntasks-per-node=2 --cpus-per-task=3 --kill-on-bad-exit=0 --export=ALL '/programs/smooth-train' ')" + named + R"(.yaml' || status=$?
if [ "$status" = 75 ]; then
  echo "smooth: job $SLURM_JOB_ID was asked to stop, has saved, and goes back into the queue" >&2
  scontrol requeue "$SLURM_JOB_ID" && exit
  echo "smooth: job $SLURM_JOB_ID was not requeued; submit it again, and it goes on" >&2
fi
exit "$status"
)");
}

TEST_CASE("submit: nodes of GPUs, and an evaluation as one process", "[submit]") {
  ClusterConfig cluster = load_config<ClusterConfig>("configs/cluster/slurm-8xh100.yaml", {"nodes=4", "requeue=false"});
  const std::string text = batch_file(run_of("cuda"), cluster);
  for (const char* line : {"--partition=gpu", "--nodes=4", "--ntasks=32", "--ntasks-per-node=8", "--gpus-per-node=8",
                           "--signal=USR1@300", "--no-requeue", "--constraint=h100"}) {
    CHECK_THAT(text, Contains(std::string("\n#SBATCH ") + line));
  }
  CHECK_THAT(text, Contains("\nsrun --ntasks=32 --ntasks-per-node=8 ") && !Contains("scontrol requeue"));

  Submission evaluation = run_of("cuda");
  evaluation.command = {"/programs/smooth-eval", "eval"};
  evaluation.saves_when_asked = false;
  const std::string one = batch_file(evaluation, cluster);
  CHECK_THAT(one, Contains("--nodes=1\n") && Contains("--ntasks=1\n") && Contains("--gpus-per-node=1\n") && Contains("'/programs/smooth-eval' 'eval' '"));
  CHECK_THAT(one, !Contains("--signal") && !Contains("scontrol"));
}

TEST_CASE("submit: the cluster files that come with the project can be read", "[submit]") {
  CHECK(load_config<ClusterConfig>("configs/cluster/slurm-cpu.yaml").tasks_per_node == 2);
  CHECK(load_config<ClusterConfig>("configs/cluster/slurm-8xh100.yaml").time == "1-00:00:00");
}

TEST_CASE("submit: nothing in a path or a variable is shell to the batch file", "[submit]") {
  const Folder folder;
  const std::string odd = "a 'b' \"c\" $(touch broken) `touch broken`; touch broken #%j";
  Submission what = run_of("cpu");
  what.from = folder.path;
  what.name = odd;
  what.folder = odd;
  what.command = {odd + "/smooth-train"};
  what.variables = {{"ODD", odd}};
  const std::string text = batch_file(what, {});
  CHECK_THAT(text, Contains("#SBATCH --job-name=\"a 'b' \\\"c\\\" $(touch broken) `touch broken`; touch broken \\#%j\"\n"));
  CHECK_THAT(text, Contains("touch broken \\#%%j/submit/%j.log\"\n"));
  CHECK(run_batch(folder.path, text, 75) == 0);
  CHECK(read_file(folder.path / "scontrol.txt") == "requeue 12\n");
  CHECK(read_file(folder.path / "srun.txt") ==
        folder.path.string() + "\n<--ntasks=1><--ntasks-per-node=1><--cpus-per-task=1><--kill-on-bad-exit=0><--export=ALL><" + odd + "/smooth-train><" +
            what.file("yaml") + ">" + odd + "\n");
  CHECK_FALSE(fs::exists(folder.path / "broken"));

  fs::remove(folder.path / "scontrol.txt");
  for (const int status : {0, 1, 138}) CHECK(run_batch(folder.path, text, status) == status);
  CHECK_FALSE(fs::exists(folder.path / "scontrol.txt"));
}

TEST_CASE("submit: what Slurm cannot be asked for is refused", "[submit]") {
  for (const char* time : {"4h", "04:60:00", "4:00:00", "1-4:00:00", "-04:00:00", "00:00:61", "1000-00:00:00", "04:00:00x", "UNLIMITED"}) {
    INFO(time);
    CHECK_THAT(mistake("time: " + std::string(time) + "\n"), Contains("cluster.yaml:1:1: time: expected HH:MM:SS or D-HH:MM:SS (got"));
  }
  CHECK(seconds_of("2-03:04:05") == ((2 * 24 + 3) * 60 + 4) * 60 + 5);
  CHECK(mistake("time: 00:02:01\n").empty());
  CHECK_THAT(mistake("time: 00:02:00\n"), Contains("signal_seconds: is not less than time"));
  for (const char* memory : {"G", "64 G", "64GB", "-1", "1.5G", "64; rm"})
    CHECK_THAT(mistake("memory: " + std::string(memory) + "\n"), Contains("memory: expected a number"));
  for (const char* memory : {"64", "64G", "0"}) CHECK(mistake("memory: " + std::string(memory) + "\n").empty());
  CHECK_THAT(mistake("extra: [\"--exclusive\\nrm -r x\"]\n"), Contains("extra.0: expected one option of sbatch's on one line"));
  CHECK_THAT(mistake("extra: [exclusive]\n"), Contains("extra.0: expected one option of sbatch's"));

  const auto refused = [](const Submission& what, const ClusterConfig& cluster, const char* reason) {
    CHECK_THROWS_AS(batch_file(what, cluster), ConfigError);
    CHECK_THROWS_WITH(batch_file(what, cluster), Contains(reason));
  };
  refused(run_of("cpu"), {.gpus_per_node = 1}, "gpus_per_node: expected 0 for `device: cpu`");
  refused(run_of("cuda"), {}, "gpus_per_node: expected as many as tasks_per_node, 1, for `device: cuda` of the run, got 0");
  refused(run_of("cpu"), {.partition = "main\nrm -r x"}, "partition: expected a text of one line");
  Submission what = run_of("cpu");
  what.folder = "a\\b";
  refused(what, {}, "sbatch cannot name a log");
}

TEST_CASE("submit: a training run and an evaluation are told apart, and anything else is refused", "[submit]") {
  const Folder folder;
  const std::string data = folder.path / "data.yaml";
  write_file(data, "out: set\nrows: []\n");
  CHECK_THROWS_AS(read_submission(data, {}), ConfigError);
  CHECK_THROWS_WITH(read_submission(data, {}), Contains("expected the YAML of a training run, which has `run`, or of an evaluation"));
  const std::string train = folder.path / "train.yaml", run = folder.path / "a run/";
  write_file(train, "run: \"" + run + "\"\nmodel: {}\ndata: {files: [" + data + "], tokenizer: " + folder.path.string() + "}\n");
  const Submission what = read_submission(train, {"steps=7"});
  CHECK(what.name == "a run");
  CHECK(what.saves_when_asked);
  CHECK_THAT(what.config, Contains("steps: 7"));
  CHECK(what.file("yaml") == run + "submit/" + checksum(what.config) + ".yaml");
  write_file(fs::path(run) / "config.yaml", "another");
  CHECK_NOTHROW(read_submission(train, {}));  // it has not begun
  write_file(fs::path(run) / "metrics.jsonl", "");
  CHECK_THROWS_WITH(read_submission(train, {}), Contains("holds another run"));
}

TEST_CASE("submit: an evaluation as an array, whose jobs share its work", "[submit]") {
  Submission what = run_of("cpu");
  what.saves_when_asked = false;
  what.command = {"/programs/smooth-eval", "eval"};
  what.shards = 8;
  const std::string text = batch_file(what, {});
  CHECK_THAT(text, Contains("#SBATCH --array=0-7\n") && Contains("/%A_%a.log\n"));
  CHECK_THAT(text, Contains(".yaml' --shard \"$SLURM_ARRAY_TASK_ID/8\" || status=$?\n"));
  what.shards = 1;
  CHECK_THAT(batch_file(what, {}), !Contains("--array") && !Contains("--shard"));
  const Folder folder;
  write_file(folder.path / "run.yaml", "run: x\n");
  CHECK_THROWS_WITH(read_submission(folder.path / "run.yaml", {}, 2), Contains("--shards is of evaluations"));
}
