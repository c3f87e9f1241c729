// Readers of the same tasks, compared task by task: the paired bootstrap (B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap
// (1993); of two systems on one test set: P. Koehn, EMNLP 2004). What makes a task easy or hard for both falls out of the difference.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace smooth {

// A line of pred/CELL.jsonl.
struct TaskScore {
  std::string id, answers;  // `answers`: the references as they stand there, so that an id that means another task is seen
  std::optional<double> score = 0;  // 0 to 1; nothing where the reading failed
};

// Sorted by id, so that two files of the same tasks have the same order; an unfinished last line is left out. Throws naming file, line and
// field, and an id that stands twice.
std::vector<TaskScore> read_scores(const std::filesystem::path& predictions);

// The id at which two lists part ways, in the words of an error ("niah-42/512/7 is lacking in the second"); empty: they have the same tasks.
std::string first_other_task(const std::vector<TaskScore>& one, const std::vector<TaskScore>& other);

// Takes the tasks that one of the lists has no score of out of all of them, which are of the same tasks; how many these are.
int64_t drop_failed(std::vector<std::vector<TaskScore>>& lists);

inline constexpr int64_t kPairedDraws = 10000;

// A mean score in per cent, and kPairedDraws means of as many tasks drawn from the same ones with replacement.
struct DrawnMean {
  double mean = 0;
  std::vector<double> draws;
};

// Of each list, all of them of the same tasks and without a failed one (std::invalid_argument otherwise). `stream` names the draws, which follow from it and the
// number of tasks alone: lists that are given in two calls have drawn the same tasks, those of another stream others.
std::vector<DrawnMean> draw_means(const std::vector<std::vector<TaskScore>>& lists, const std::string& stream);

// The mean of means that weigh the same, as categories of a benchmark. At least one.
DrawnMean mean_of(const std::vector<const DrawnMean*>& parts);

// a - b in points of per cent: the mean, between the 2.5 and 97.5 per cent of its draws, and how probable a difference as large were if there
// was none: twice the share of draws on zero's other side, p = min(1, 2 (1 + min(#{d <= 0}, #{d >= 0})) / (1 + draws)).
struct Difference {
  double mean = 0, low = 0, high = 0, p = 1;
};
Difference difference(const DrawnMean& a, const DrawnMean& b);

}  // namespace smooth
