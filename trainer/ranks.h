// The processes that share a run: who they are, and what they say to one another. Collectives are c10d's, over NCCL on GPUs and over Gloo
// on CPUs; a store of small texts, which the first rank holds, carries the rest.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "configs/config.h"

namespace smooth {

// Which of how many processes this one is. torchrun gives RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT; else a step of
// Slurm's (srun) gives SLURM_PROCID, SLURM_STEP_NUM_TASKS and SLURM_LOCALID, the first host of SLURM_STEP_NODELIST and a port by the job's
// number; else it is the only one.
struct Place {
  int64_t rank = 0, size = 1, local = 0;  // `local`: among those of its machine
  std::string host;
  int64_t port = 0;

  static Place from_environment();  // throws, naming the variable that is missing or wrong
};

// What a collective has begun.
class Pending {
 public:
  Pending() = default;
  explicit Pending(std::function<void()> finish) : finish_(std::move(finish)) {}
  void wait();  // until it is done; throws what went wrong

 private:
  std::function<void()> finish_;
};

class Ranks {
 public:
  // Meets the others; throws when they do not come within the timeout. A rank that fails or dies ends the others within half a minute.
  Ranks(const Place& place, const RanksConfig& config, const at::Device& device);
  ~Ranks();
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  int64_t rank() const { return place_.rank; }
  int64_t size() const { return place_.size; }
  bool first() const { return place_.rank == 0; }

  // The tensor becomes the sum over all ranks.
  Pending sum(const at::Tensor& x);
  // `own` [n / N] becomes this rank's part of the sum of `all` [n].
  Pending scatter_sum(const at::Tensor& own, const at::Tensor& all);
  // `all` [n] becomes the parts `own` [n / N] of all ranks end to end.
  Pending gather(const at::Tensor& all, const at::Tensor& own);
  void barrier();
  // One tensor to or from one other rank; a pair's messages come in the order in which they were sent.
  Pending send(const at::Tensor& x, int64_t to);
  Pending take(const at::Tensor& into, int64_t from);

  // A text that other ranks wait for.
  void tell(const std::string& key, const std::string& text);
  std::string ask(const std::string& key);  // waits, up to the timeout

  // Tells the others why this rank ends, so that they do too and say it.
  void fail(const std::string& reason);

  // Bytes that this rank has sent: tensors to one other, and by the formulas of a ring 2 (N - 1) / N of a sum, (N - 1) / N of what is
  // scattered or gathered.
  int64_t bytes_sent() const { return bytes_sent_; }

 private:
  struct Group;
  Place place_;
  std::unique_ptr<Group> group_;  // null: alone
  int64_t bytes_sent_ = 0;
  std::vector<int64_t> sent_, taken_;  // [N] messages so far to and from each other rank
};

}  // namespace smooth
