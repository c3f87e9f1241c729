// The tasks of Table 5's rows that are made of raw sets. Contexts and questions are laid out as LongBench lays them out; instructions
// are our own. Lengths are estimated tokens, Int(1.5 x words): contexts that are put together have a length drawn evenly from half to one
// and a half times the row's mean, whole texts are chosen so that they have it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "configs/config.h"
#include "data/random.h"
#include "data/sources/raw_set.h"
#include "data/task.h"

namespace smooth {

// What holds of all tasks of a row.
struct TaskRow {
  std::string row, metric;  // metrics as LongBench names them: qa_f1, rouge-l, classification, count, retrieval, code_sim
  bool early_stop;
  int64_t mean_tokens;      // of whole contexts. Table 5 counts what was read, about half of it where reading stops early
  std::string instruction;
};
const std::vector<TaskRow>& task_rows();

// What became of a raw set.
struct SourceCounts {
  int64_t rows = 0, bad = 0;  // good and bad ones
  int64_t left_out = 0;       // questions or texts that no task can be made of: too long, or left out so that the mean length is the row's
  std::string first_bad;      // why
};

class Tasks {
 public:
  Tasks(TaskRow row, const SourceConfig& config);
  virtual ~Tasks() = default;
  Tasks(const Tasks&) = delete;
  Tasks& operator=(const Tasks&) = delete;

  // The index-th task of this seed, a function of the raw files, the configuration, seed and index alone. No two indices of one seed ask
  // the same question. Throws behind the last of size(). May be called by several threads at once.
  Task task(uint64_t seed, int64_t index) const;
  virtual int64_t size() const = 0;
  const SourceCounts& counts() const { return counts_; }

 protected:
  // Fills in context, question, answers, and what else is not the row's; `item` is one of size().
  virtual void lay_out(int64_t item, Random& random, Task& task) const = 0;
  int64_t draw_length(Random& random) const;
  const TaskRow& row() const { return row_; }
  const SourceConfig& config() const { return config_; }
  void count(const RawSet& set);

  SourceCounts counts_;

 private:
  TaskRow row_;
  SourceConfig config_;
};

// Reads a row's raw set. Throws for rows that it does not know, naming those that it does.
std::unique_ptr<const Tasks> load_tasks(const std::string& row, const SourceConfig& config);

// Each for its rows of task_rows().
std::unique_ptr<const Tasks> load_passages(const TaskRow& row, const SourceConfig& config);    // hotpotqa
std::unique_ptr<const Tasks> load_documents(const TaskRow& row, const SourceConfig& config);   // narrativeqa, govreport, qmsum, lcc
std::unique_ptr<const Tasks> load_shots(const TaskRow& row, const SourceConfig& config);       // trec, triviaqa, samsum
std::unique_ptr<const Tasks> load_paragraphs(const TaskRow& row, const SourceConfig& config);  // passage-count, passage-retrieval

// Puts pieces together until their length is as near to `wish` as whole pieces allow: may a further one come?
bool has_room(int64_t length, int64_t next, int64_t wish);

}  // namespace smooth
