#include "data/taught.h"

#include <algorithm>
#include <optional>

#include "data/scores/longbench.h"
#include "data/teachers/chat_estimate.h"

namespace smooth {
namespace {

// The LongBench task that evaluates what the row trains.
const LongBenchTask& benchmark_of(const std::string& row) {
  const std::string name = row == "govreport" ? "gov_report" : row == "passage-retrieval" ? "passage_retrieval_en" : row;
  return *find_longbench_task(name);
}

// Why a reading is of no use; empty if it is of use.
std::string drop_reason(const Taught& taught, double min_score) {
  if (!taught.dropped.empty()) return taught.dropped;
  const Task& task = taught.task;
  return longbench_score(benchmark_of(task.row), taught.transcript.answer, task.answers, task.classes, "difflib") < min_score ? "score" : "";
}

}  // namespace

TaughtCounts teach_row(const Row& row, ChatTeacher& teacher, Filters& filters, RowFiles& files) {
  const RowConfig& config = row.config();
  const std::vector<Mode> forms = forms_of(config);
  TaughtCounts counts;
  Progress progress("data " + config.file(), config.samples, "samples", files.samples());
  const bool in_one_step = std::count(forms.begin(), forms.end(), Mode::kOneStep) > 0;  // then a text that is too long need not be read
  const auto drop = [&](const std::string& reason) {
    ++counts.dropped[reason];
    progress.advance(0, teacher.note());
  };
  const auto use = [&](const Taught& taught) {
    if (const std::string reason = drop_reason(taught, config.min_score); !reason.empty()) return drop(reason);
    std::vector<Transcript> sample;
    for (const Mode form : forms) sample.push_back(in_form(taught.task, taught.transcript, form));
    if (!filters.limit.allows(sample)) return drop("too_long");
    if (++counts.kept <= files.samples()) return;
    files.append(sample);
    progress.advance(1, teacher.note());
  };
  // Round after round as many as are still missing, so that nothing is asked for that could not be kept.
  while (counts.kept < config.samples && counts.tried < row.size()) {
    const int64_t end = std::min(row.size(), counts.tried + config.samples - counts.kept);
    teacher.read([&]() -> std::optional<Task> {
      while (counts.tried < end) {
        Task task = row.task(counts.tried++);
        if (in_one_step && !filters.limit.allows(task)) {
          ++counts.dropped["too_long"];
        } else if (filters.decontamination.passes(task)) {
          return task;
        }
      }
      return {};
    }, use);
  }
  progress.finish(teacher.note());
  return counts;
}

std::string price_row(const Row& row, const TeacherConfig& teacher) {
  const int64_t end = std::min(row.size(), row.config().samples);
  int64_t next = 0;
  return estimate(teacher, [&]() -> std::optional<Task> {
    if (next == end) return {};
    return row.task(next++);
  }).words();
}

}  // namespace smooth
