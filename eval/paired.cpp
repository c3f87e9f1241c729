#include "eval/paired.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "configs/run.h"
#include "data/random.h"

namespace smooth {
namespace {

using Json = nlohmann::ordered_json;

TaskScore parse(const std::string& line, const std::string& where) {
  const auto fail = [&](const std::string& reason) { throw std::runtime_error(where + ": " + reason); };
  const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) fail("expected a JSON object with _id, answers and score");
  for (const char* key : {"_id", "answers", "score"}) {
    if (!json.contains(key)) fail(fmt::format("{}: is missing", key));
  }
  if (!json["_id"].is_string()) fail("_id: expected a text, got " + json["_id"].dump());
  if (json["score"].is_null() && json.contains("error")) return {json["_id"].get<std::string>(), json["answers"].dump(), {}};
  if (!json["score"].is_number()) fail("score: expected a number, got " + json["score"].dump());
  return {json["_id"].get<std::string>(), json["answers"].dump(), json["score"].get<double>()};
}

}  // namespace

std::vector<TaskScore> read_scores(const std::filesystem::path& predictions) {
  const std::string text = read_file(predictions);
  std::istringstream stream(text);
  std::vector<TaskScore> scores;
  for (std::string line; std::getline(stream, line) && !stream.eof();) {
    scores.push_back(parse(line, fmt::format("{}:{}", predictions.string(), scores.size() + 1)));
  }
  std::ranges::sort(scores, {}, &TaskScore::id);
  const auto twice = std::ranges::adjacent_find(scores, {}, &TaskScore::id);
  if (twice != scores.end()) throw std::runtime_error(fmt::format("{}: _id: {} stands there twice", predictions.string(), twice->id));
  return scores;
}

std::string first_other_task(const std::vector<TaskScore>& one, const std::vector<TaskScore>& other) {
  for (size_t i = 0; i < std::max(one.size(), other.size()); ++i) {
    if (i == other.size() || (i < one.size() && one[i].id < other[i].id)) return one[i].id + " is lacking in the second";
    if (i == one.size() || other[i].id < one[i].id) return other[i].id + " is lacking in the first";
    if (one[i].answers != other[i].answers) return one[i].id + " is to be answered by " + one[i].answers + " in the first, by " + other[i].answers + " in the second";
  }
  return "";
}

int64_t drop_failed(std::vector<std::vector<TaskScore>>& lists) {
  if (lists.empty()) return 0;
  std::vector<bool> failed(lists[0].size());
  for (const std::vector<TaskScore>& list : lists) {
    for (size_t task = 0; task < list.size(); ++task) failed[task] = failed[task] || !list[task].score;
  }
  for (std::vector<TaskScore>& list : lists) {
    size_t kept = 0;
    for (size_t task = 0; task < list.size(); ++task) {
      if (!failed[task]) std::swap(list[kept++], list[task]);
    }
    list.resize(kept);
  }
  return std::ranges::count(failed, true);
}

std::vector<DrawnMean> draw_means(const std::vector<std::vector<TaskScore>>& lists, const std::string& stream) {
  std::vector<DrawnMean> means;
  if (lists.empty()) return means;
  const size_t tasks = lists[0].size();
  std::vector<double> scores(tasks * lists.size());  // [task, list]
  if (tasks == 0) throw std::invalid_argument("draw_means: no tasks to draw from");
  for (const std::vector<TaskScore>& list : lists) {
    if (const std::string other = first_other_task(lists[0], list); !other.empty()) throw std::invalid_argument("draw_means: " + other);
    double sum = 0;
    for (size_t task = 0; task < tasks; ++task) sum += scores[task * lists.size() + means.size()] = list[task].score.value();
    means.push_back({100 * sum / static_cast<double>(tasks), {}});
  }
  Random random(1, "paired " + stream);
  std::vector<double> sums(lists.size());
  for (int64_t draw = 0; draw < kPairedDraws; ++draw) {
    std::ranges::fill(sums, 0.0);
    for (size_t i = 0; i < tasks; ++i) {
      const double* of_task = &scores[random.below(tasks) * lists.size()];
      for (size_t list = 0; list < sums.size(); ++list) sums[list] += of_task[list];
    }
    for (size_t list = 0; list < sums.size(); ++list) means[list].draws.push_back(100 * sums[list] / static_cast<double>(tasks));
  }
  return means;
}

DrawnMean mean_of(const std::vector<const DrawnMean*>& parts) {
  if (parts.empty()) throw std::invalid_argument("mean_of: no parts");
  const auto count = static_cast<double>(parts.size());
  DrawnMean mean{0, std::vector<double>(kPairedDraws, 0.0)};
  for (const DrawnMean* part : parts) {
    mean.mean += part->mean / count;
    for (size_t i = 0; i < mean.draws.size(); ++i) mean.draws[i] += part->draws[i] / count;
  }
  return mean;
}

Difference difference(const DrawnMean& a, const DrawnMean& b) {
  constexpr double kZero = 1e-9;  // means of equal scores differ by rounding alone
  std::vector<double> draws(a.draws.size());
  int64_t not_above = 0, not_below = 0;
  for (size_t i = 0; i < draws.size(); ++i) {
    draws[i] = a.draws[i] - b.draws[i];
    not_above += draws[i] <= kZero;
    not_below += draws[i] >= -kZero;
  }
  std::ranges::sort(draws);
  const double p = 2 * static_cast<double>(1 + std::min(not_above, not_below)) / static_cast<double>(1 + kPairedDraws);
  return {a.mean - b.mean, draws[kPairedDraws / 40], draws[kPairedDraws - 1 - kPairedDraws / 40], std::min(1.0, p)};
}

}  // namespace smooth
