#include "data/scores/longbench_folder.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <stdexcept>
#include <utility>

#include "data/scores/average.h"
#include "data/scores/longbench.h"
#include "data/scores/predictions.h"

namespace smooth {
namespace fs = std::filesystem;
namespace {

// DATASET -> its file. The dataset is what stands before the first dot, as for the official script.
std::map<std::string, fs::path> find_files(const std::string& folder, const std::function<void(const std::string&)>& warn) {
  if (!fs::is_directory(folder)) throw std::runtime_error(folder + ": no such folder; expected one with a DATASET.jsonl for each task");
  std::set<fs::path> all;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().ends_with("jsonl")) all.insert(entry.path());
  }
  std::map<std::string, fs::path> files;
  for (const fs::path& file : all) {
    const std::string name = file.filename().string(), dataset = name.substr(0, name.find('.'));
    if (!find_longbench_task(dataset)) {
      warn(file.string() + ": '" + dataset + "' is no English task of LongBench" +
           (dataset.ends_with("_e") ? "; LongBench-E's predictions are named without _e" : "") + "; not scored");
      continue;
    }
    auto [kept, is_new] = files.try_emplace(dataset, file);
    if (is_new) continue;
    const fs::path other = name == dataset + ".jsonl" ? std::exchange(kept->second, file) : file;
    warn(other.string() + ": a second file of " + dataset + "; not scored, " + kept->second.filename().string() + " is");
  }
  if (files.empty()) throw std::runtime_error(folder + ": holds no DATASET.jsonl of a task of LongBench; expected narrativeqa.jsonl, qasper.jsonl, ...");
  return files;
}

// How many samples there are against how many there should be; empty if they agree.
std::string miscount(int64_t found, int64_t expected, const std::string& benchmark) {
  if (found == expected) return "";
  return std::to_string(found) + (found == 1 ? " prediction" : " predictions") + ", " + benchmark + " has " + std::to_string(expected) + ": " +
         (found < expected ? std::to_string(expected - found) + " missing" : std::to_string(found - expected) + " too many (a second run adds to a file)");
}

std::string repeated(const std::vector<Prediction>& predictions) {
  std::set<std::string> seen;
  int64_t repeats = 0;
  for (const Prediction& prediction : predictions) repeats += !prediction.id.empty() && !seen.insert(prediction.id).second;
  return repeats > 0 ? "samples whose _id came before: " + std::to_string(repeats) : "";
}

std::vector<std::string> odd_counts(const LongBenchTask& task, const std::vector<Prediction>& predictions, bool e) {
  std::vector<std::string> odd = {repeated(predictions)};
  const auto found = static_cast<int64_t>(predictions.size());
  if (!e) {
    odd.push_back(miscount(found, task.samples, "LongBench"));
    if (found != task.samples && found == task.total_e()) odd.back() += "; LongBench-E has as many, which --e scores";
  } else if (task.total_e() == 0) {
    odd.push_back("is no task of LongBench-E");
  } else {
    std::array<int64_t, 3> counts{};
    for (const Prediction& prediction : predictions) ++counts[bucket(*prediction.length)];
    for (size_t i = 0; i < 3; ++i) {
      const std::string wrong = miscount(counts[i], task.samples_e[i], "LongBench-E");
      odd.push_back(wrong.empty() ? "" : kBuckets[i] + ": " + wrong);
    }
  }
  std::erase(odd, "");
  return odd;
}

void check(const LongBenchTask& task, const std::vector<Prediction>& predictions, bool e, const std::string& file) {
  if (predictions.empty()) throw std::runtime_error(file + ": holds no prediction; there is nothing to average");
  if (std::string(task.metric) == "classification" && !predictions.back().classes) {
    throw std::runtime_error(file + ":" + std::to_string(predictions.size()) + ": 'all_classes' has to be a list of strings, not null, in a task of classification");
  }
  for (size_t i = 0; e && i < predictions.size(); ++i) {
    if (!predictions[i].length) throw std::runtime_error(file + ":" + std::to_string(i + 1) + ": lacks 'length', which LongBench-E's buckets go by");
  }
}

// How many readings failed, and why the first did; empty if none did.
std::string failures(const std::vector<Prediction>& predictions) {
  const auto failed = [](const Prediction& prediction) { return !prediction.error.empty(); };
  const auto first = std::find_if(predictions.begin(), predictions.end(), failed);
  if (first == predictions.end()) return "";
  return std::to_string(std::count_if(first, predictions.end(), failed)) + " of " + std::to_string(predictions.size()) +
         " readings failed and are left out of the score; the first, on line " + std::to_string(first - predictions.begin() + 1) + ": " + first->error;
}

// Of a file's samples in their order, without those whose reading failed.
struct Scored {
  std::vector<double> scores, lengths;
};

Scored score_samples(const LongBenchTask& task, const std::vector<Prediction>& predictions, const std::string& code_backend, const std::string& file) {
  const std::vector<std::string> classes = predictions.back().classes.value_or(std::vector<std::string>());  // the last line's, as there
  Scored scored;
  for (size_t i = 0; i < predictions.size(); ++i) {
    if (!predictions[i].error.empty()) continue;
    try {
      scored.scores.push_back(longbench_score(task, predictions[i].pred, predictions[i].answers, classes, code_backend));
    } catch (const std::exception& error) {
      throw std::runtime_error(file + ":" + std::to_string(i + 1) + ": " + error.what());
    }
    scored.lengths.push_back(predictions[i].length.value_or(0));
  }
  if (scored.scores.empty()) throw std::runtime_error(file + ": " + failures(predictions) + "; there is nothing to average");
  return scored;
}

std::vector<double> averages_of(const Scored& scored, bool e) {
  if (!e) return {plain_average(scored.scores)};
  const std::array<double, 3> buckets = bucket_averages(scored.scores, scored.lengths);
  return {buckets.begin(), buckets.end()};
}

}  // namespace

LongBenchResult score_longbench(const std::string& folder, bool e, const std::string& code_backend, const std::function<void(const std::string&)>& warn) {
  LongBenchResult result{.e = e};
  for (const auto& [dataset, file] : find_files(folder, warn)) {
    const LongBenchTask& task = *find_longbench_task(dataset);
    const std::vector<Prediction> predictions = read_predictions(file.string());
    check(task, predictions, e, file.string());
    for (const std::string& odd : odd_counts(task, predictions, e)) warn(dataset + ": " + odd);
    const Scored scored = score_samples(task, predictions, code_backend, file.string());
    if (const std::string failed = failures(predictions); !failed.empty()) warn(dataset + ": " + failed);
    result.tasks[dataset] = averages_of(scored, e);
  }
  return result;
}

}  // namespace smooth
