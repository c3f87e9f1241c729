#include "trainer/submit.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "configs/document.h"
#include "configs/load.h"
#include "configs/run.h"
#include "trainer/trainer.h"

namespace smooth {
namespace fs = std::filesystem;

namespace {

// One word of the shell's.
std::string shell_word(const std::string& text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

std::string shell_words(const std::vector<std::string>& texts) {
  std::string words;
  for (const std::string& text : texts) words += (words.empty() ? "" : " ") + shell_word(text);
  return words;
}

// An option's value as sbatch reads its lines: within double quotes, where `\` makes the next character an ordinary one.
std::string sbatch_value(const std::string& option, const std::string& text) {
  std::string value;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) throw ConfigError(option + ": expected a text of one line for sbatch, got '" + text + "'");
    if (c == '"' || c == '#' || c == '\\') value += '\\';
    value += c;
  }
  const bool plain = text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.,:/%@+=") == std::string::npos;
  return plain ? value : "\"" + value + "\"";
}

// A path in which sbatch replaces nothing.
std::string log_folder(const fs::path& folder) {
  std::string path;
  for (const char c : folder.string()) {
    if (c == '\\') throw ConfigError(folder.string() + ": sbatch cannot name a log in a folder with a \\ in its path; choose another `run`");
    path += c == '%' ? "%%" : std::string(1, c);
  }
  return path;
}

// Ranks are processes of a machine; with GPUs each has one of its own.
void check_devices(const Submission& what, const ClusterConfig& cluster) {
  if (what.device == "cpu" && cluster.gpus_per_node > 0) {
    throw ConfigError(fmt::format("gpus_per_node: expected 0 for `device: cpu` of the run, got {}; set device: cuda, or ask for no GPU",
                                  cluster.gpus_per_node));
  }
  if (what.device == "cuda" && cluster.gpus_per_node != cluster.tasks_per_node) {
    throw ConfigError(fmt::format("gpus_per_node: expected as many as tasks_per_node, {}, for `device: cuda` of the run, got {}; "
                                  "each rank computes on one GPU", cluster.tasks_per_node,
                                  cluster.gpus_per_node));
  }
}

std::string options(const Submission& what, const ClusterConfig& cluster) {
  std::string lines;
  const auto option = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) lines += "#SBATCH --" + name + "=" + sbatch_value(name, value) + "\n";
  };
  option("job-name", what.name);
  option("partition", cluster.partition);
  option("account", cluster.account);
  option("qos", cluster.qos);
  option("time", cluster.time);
  option("nodes", std::to_string(cluster.nodes));
  option("ntasks", std::to_string(cluster.nodes * cluster.tasks_per_node));
  option("ntasks-per-node", std::to_string(cluster.tasks_per_node));
  option("cpus-per-task", std::to_string(cluster.cpus_per_task));
  if (cluster.gpus_per_node > 0) option("gpus-per-node", std::to_string(cluster.gpus_per_node));
  option("mem", cluster.memory);
  // Without B: Slurm signals the ranks, not this file's shell.
  if (what.saves_when_asked) option("signal", "USR1@" + std::to_string(cluster.signal_seconds));
  lines += cluster.requeue ? "#SBATCH --requeue\n" : "#SBATCH --no-requeue\n";
  option("open-mode", "append");
  if (what.shards > 1) option("array", "0-" + std::to_string(what.shards - 1));
  option("output", log_folder(fs::path(what.file("yaml")).parent_path()) + (what.shards > 1 ? "/%A_%a.log" : "/%j.log"));
  for (const std::string& text : cluster.extra) lines += "#SBATCH " + text + "\n";
  return lines;
}

// What the ranks find on a machine: the folder, the libraries, and no other launcher's variables.
std::string surroundings(const Submission& what, const ClusterConfig& cluster) {
  std::string lines = "cd -- " + shell_word(what.from) + " || exit 1\n";
  lines += "unset RANK WORLD_SIZE LOCAL_RANK MASTER_ADDR MASTER_PORT  # torchrun's would come before Slurm's\n";
  lines += fmt::format("export OMP_NUM_THREADS={}\n", cluster.cpus_per_task);
  for (const auto& [name, value] : what.variables) lines += "export " + name + "=" + shell_word(value) + "\n";
  for (const std::string& line : cluster.setup) lines += line + "\n";
  return lines;
}

// Ranks end one another, and with status 75 not all at one moment: srun must not kill the last to save.
std::string step(const Submission& what, const ClusterConfig& cluster) {
  return fmt::format(
      "trap : USR1  # to the whole job, as by scancel --full: the ranks save, and this shell waits for them\n"
      "status=0\n"
      "srun --ntasks={} --ntasks-per-node={} --cpus-per-task={} --kill-on-bad-exit=0 --export=ALL {} {}{} || status=$?\n",
      cluster.nodes * cluster.tasks_per_node, cluster.tasks_per_node, cluster.cpus_per_task, shell_words(what.command),
      shell_word(what.file("yaml")), what.shards > 1 ? fmt::format(" --shard \"$SLURM_ARRAY_TASK_ID/{}\"", what.shards) : "");
}

// Every other failure is final: what failed would fail again.
constexpr const char* kRequeue = R"(if [ "$status" = 75 ]; then
  echo "smooth: job $SLURM_JOB_ID was asked to stop, has saved, and goes back into the queue" >&2
  scontrol requeue "$SLURM_JOB_ID" && exit
  echo "smooth: job $SLURM_JOB_ID was not requeued; submit it again, and it goes on" >&2
fi
)";

// The first line of what a command prints, and its exit status.
std::pair<std::string, int> ask(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");  // NOLINT(cert-env33-c): every word of it is quoted
  if (pipe == nullptr) throw std::runtime_error(command + ": cannot be run");
  std::string text;
  std::array<char, 256> part{};
  while (std::fgets(part.data(), part.size(), pipe) != nullptr) text += part.data();
  const int status = pclose(pipe);
  return {text.substr(0, text.find('\n')), WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)};
}

// The folder's own name, however the path is written.
std::string name_of(const std::string& folder) {
  const fs::path path = fs::absolute(folder).lexically_normal();
  return path.has_filename() ? path.filename() : path.parent_path().filename();
}

std::vector<std::pair<std::string, std::string>> variables_here() {
  std::vector<std::pair<std::string, std::string>> variables;
  for (const char* name : {"SMOOTH_ROOT", "TORCH_DIR", "LD_LIBRARY_PATH", "GOMP_SPINCOUNT", "SMOOTH_VECTORS"}) {
    if (const char* value = std::getenv(name)) variables.emplace_back(name, value);
  }
  return variables;
}

}  // namespace

std::string Submission::file(const std::string& extension) const {
  return (fs::absolute(fs::path(from) / folder).lexically_normal() / "submit" / (checksum(config) + "." + extension)).string();
}

Submission read_submission(const std::string& file, const std::vector<std::string>& overrides, int64_t shards) {
  Item root = read_document(file);
  for (const std::string& text : overrides) apply_override(root, text);
  const fs::path programs = fs::read_symlink("/proc/self/exe").parent_path();
  Submission what{.from = fs::current_path(), .variables = variables_here()};
  if (root.find("run") != nullptr) {
    if (shards > 1) throw ConfigError(file + ": --shards is of evaluations; ranks share a training run (tasks_per_node of --cluster)");
    const TrainConfig config = load_config<TrainConfig>(file, overrides);
    what.folder = config.run;
    what.command = {programs / "smooth-train"};
    what.config = dump_config(config);
    what.device = config.device;
    what.saves_when_asked = true;
    const fs::path known = fs::path(config.run) / "config.yaml";
    if (has_begun(config.run) && fs::exists(known) && read_file(known) != what.config) {
      throw std::runtime_error(config.run + ": holds another run (its config.yaml differs); choose another `run`, or remove it");
    }
  } else if (root.find("models") != nullptr) {
    const EvalConfig config = load_config<EvalConfig>(file, overrides);
    what.folder = config.out;
    what.command = {programs / "smooth-eval", "eval"};
    what.config = dump_config(config);
    what.device = config.device;
    what.shards = shards;
  } else {
    throw ConfigError(file + ": expected the YAML of a training run, which has `run`, or of an evaluation, which has `models`; this one has neither");
  }
  what.name = name_of(what.folder);
  if (!fs::exists(what.command[0])) throw std::runtime_error(what.command[0] + ": is not there; ./smooth build makes it");
  return what;
}

std::string batch_file(const Submission& what, const ClusterConfig& cluster) {
  ClusterConfig asked = cluster;
  if (!what.saves_when_asked) {  // one process, whatever the cluster file gives to runs
    asked.nodes = asked.tasks_per_node = 1;
    asked.gpus_per_node = std::min<int64_t>(asked.gpus_per_node, what.device == "cuda" ? 1 : 0);
  }
  check_devices(what, asked);
  std::string text = "#!/bin/bash\n# Written by ./smooth submit; sbatch takes it as it is.\n";
  text += options(what, asked) + "\n" + surroundings(what, asked) + "\n" + step(what, asked);
  if (what.saves_when_asked && asked.requeue) text += kRequeue;
  return text + "exit \"$status\"\n";
}

std::string submit(const Submission& what, const ClusterConfig& cluster) {
  const std::string text = batch_file(what, cluster), file = what.file("sbatch");
  if (ask("command -v sbatch").second != 0) {
    throw std::runtime_error("sbatch: is not on the PATH; submit on a machine of the cluster that has Slurm, or see the batch file by --dry-run");
  }
  write_file(what.file("yaml"), what.config);
  write_file(file, text);
  const auto [job, status] = ask("sbatch --parsable " + shell_word(file));  // what it has to say goes to standard error
  if (status != 0) throw std::runtime_error(fmt::format("sbatch refused {} with status {}; its reason is above", file, status));
  return job.substr(0, job.find(';'));  // JOB;CLUSTER
}

}  // namespace smooth
