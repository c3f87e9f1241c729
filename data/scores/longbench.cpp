#include "data/scores/longbench.h"

#include <algorithm>

#include "data/scores/average.h"
#include "data/scores/metrics.h"
#include "data/scores/python_text.h"

namespace smooth {
namespace {

//                name                    category         metric         first line  samples  LongBench-E
constexpr std::array<LongBenchTask, 16> kTasks = {{
    {"narrativeqa",          "single-doc QA", "qa_f1",          false, 200, {0, 0, 0}},
    {"qasper",               "single-doc QA", "qa_f1",          false, 200, {100, 100, 24}},
    {"multifieldqa_en",      "single-doc QA", "qa_f1",          false, 150, {67, 70, 13}},
    {"hotpotqa",             "multi-doc QA",  "qa_f1",          false, 200, {100, 100, 100}},
    {"2wikimqa",             "multi-doc QA",  "qa_f1",          false, 200, {100, 100, 100}},
    {"musique",              "multi-doc QA",  "qa_f1",          false, 200, {0, 0, 0}},
    {"gov_report",           "summarization", "rouge-l",        false, 200, {100, 100, 100}},
    {"qmsum",                "summarization", "rouge-l",        false, 200, {0, 0, 0}},
    {"multi_news",           "summarization", "rouge-l",        false, 200, {100, 100, 94}},
    {"trec",                 "few-shot",      "classification", true,  200, {100, 100, 100}},
    {"triviaqa",             "few-shot",      "qa_f1",          true,  200, {100, 100, 100}},
    {"samsum",               "few-shot",      "rouge-l",        true,  200, {100, 100, 100}},
    {"passage_count",        "synthetic",     "count",          false, 200, {100, 100, 100}},
    {"passage_retrieval_en", "synthetic",     "retrieval",      false, 200, {100, 100, 100}},
    {"lcc",                  "code",          "code_sim",       false, 500, {100, 100, 100}},
    {"repobench-p",          "code",          "code_sim",       false, 500, {100, 100, 100}},
}};

}  // namespace

const std::array<LongBenchTask, 16>& longbench_tasks() { return kTasks; }

const LongBenchTask* find_longbench_task(const std::string& name) {
  const auto* found = std::find_if(kTasks.begin(), kTasks.end(), [&](const LongBenchTask& task) { return task.name == name; });
  return found == kTasks.end() ? nullptr : found;
}

size_t bucket(double length) { return length < 4000 ? 0 : length < 8000 ? 1 : 2; }

std::array<double, 3> bucket_averages(const std::vector<double>& scores, const std::vector<double>& lengths) {
  std::array<std::vector<double>, 3> buckets;
  for (size_t i = 0; i < scores.size(); ++i) buckets[bucket(lengths[i])].push_back(scores[i]);
  return {bucket_average(buckets[0]), bucket_average(buckets[1]), bucket_average(buckets[2])};
}

double longbench_score(const LongBenchTask& task, const std::string& prediction, const std::vector<std::string>& answers,
                       const std::vector<std::string>& classes, const std::string& code_backend) {
  return score(task.metric, task.first_line ? std::string(first_line(prediction)) : prediction, answers, classes, code_backend);
}

}  // namespace smooth
