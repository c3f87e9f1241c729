// `./smooth submit`: a training run or an evaluation as a batch file of Slurm's, and that file handed to sbatch.
//
//   RUN/submit/CHECKSUM.yaml     the resolved config, which the job reads: a YAML that is edited while the job waits changes nothing
//   RUN/submit/CHECKSUM.sbatch   the batch file
//   RUN/submit/JOB.log           what the job's ranks say, each time that it is started
//
// Slurm sends a run SIGUSR1 before its time limit; it saves and ends with status 75, and the batch file puts the job back into the queue. A
// job whose machine fails or is taken by another one is put there by Slurm. An evaluation is one process, or an array of them, which Slurm
// alone requeues.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "configs/config.h"

namespace smooth {

// What a job runs, and where.
struct Submission {
  std::string name, folder;          // the run's
  std::vector<std::string> command;  // the program with its arguments, but for the config
  std::string config;                // resolved, as YAML
  std::string device;
  std::string from;                  // the folder that paths are relative to
  bool saves_when_asked = false;     // SIGUSR1 makes it save and end with status 75
  int64_t shards = 1;                // of an evaluation: tasks of an array, which share its work
  std::vector<std::pair<std::string, std::string>> variables = {};

  std::string file(const std::string& extension) const;  // FOLDER/submit/CHECKSUM.EXTENSION, absolute
};

// What CONFIG.yaml says is to be run: a train YAML has `run`, an evaluation's has `models`. Throws ConfigError for any other.
Submission read_submission(const std::string& file, const std::vector<std::string>& overrides, int64_t shards = 1);

// The text of the batch file. Throws ConfigError where the cluster is not what the run needs, or a text cannot be said to sbatch.
std::string batch_file(const Submission& what, const ClusterConfig& cluster);

// Writes the files and runs sbatch, whose job number it returns.
std::string submit(const Submission& what, const ClusterConfig& cluster);

}  // namespace smooth
