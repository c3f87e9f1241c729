// Wilson's interval, and results.json: a list with one cell a line, every key present in every
// cell, null where a field does not apply. What is missing, of another type or unknown is refused
// by cell and field.
#include "eval/cell.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "data/random.h"
#include "data/scores/longbench.h"
#include "eval/json_fields.h"

namespace smooth {
namespace {

using Json = nlohmann::ordered_json;

// Names each field of a cell once, for both directions; the order is that of the file.
template <class C, class V>
void fields(C& cell, V& v) {
  v("model", cell.model);
  v("architecture", cell.architecture);
  v("mode", cell.mode);
  v("benchmark", cell.benchmark);
  v("dataset", cell.dataset);
  v("length", cell.length);
  v("window", cell.window);
  v("chunk", cell.chunk);
  v("early_stop", cell.early_stop);
  v("n", cell.n);
  v("score", cell.score);
  v("ci_low", cell.ci_low);
  v("ci_high", cell.ci_high);
  for (size_t i = 0; i < kBuckets.size(); ++i) v(kBuckets[i].c_str(), cell.by_length[i]);
  v("code_backend", cell.code_backend);
  v("failed", cell.failed);
  v("seconds", cell.seconds);
  v("prefill_seconds", cell.prefill_seconds);
  v("decode_seconds", cell.decode_seconds);
  v("prefill_tokens", cell.prefill_tokens);
  v("decode_tokens", cell.decode_tokens);
  v("context_tokens", cell.context_tokens);
  v("peak_bytes", cell.peak_bytes);
  v("state_bytes", cell.state_bytes);
}

}  // namespace

Interval wilson(double hits, int64_t n) {
  if (n < 0 || !(hits >= 0 && hits <= static_cast<double>(n)))
    throw std::invalid_argument(fmt::format("wilson: {} hits in {}", hits, n));
  if (n == 0) return {0, 100};
  // E. B. Wilson, JASA 22 (1927), with p = hits / n:
  //   (p + z^2/2n +- z sqrt(p (1 - p) / n + z^2/4n^2)) / (1 + z^2/n)
  constexpr double z = 1.959963984540054;  // 97.5 % of a normal distribution lie below
  const double N = static_cast<double>(n), p = hits / N, zz = z * z;
  const double centre = p + zz / (2 * N);
  const double half = z * std::sqrt(p * (1 - p) / N + zz / (4 * N * N));
  const double scale = 100 / (1 + zz / N);
  // At 0 and n hits one end is exactly 0 or 1; rounding must not put it outside.
  return {p == 0 ? 0 : std::max(0.0, scale * (centre - half)),
          p == 1 ? 100 : std::min(100.0, scale * (centre + half))};
}

Interval interval_of(const std::vector<double>& scores) {
  double sum = 0;
  bool graded = false;
  for (const double score : scores) {
    sum += score;
    graded |= score != 0 && score != 1;
  }
  if (!graded) return wilson(sum, std::ssize(scores));
  constexpr int64_t kResamples = 10000;
  Random random(1, "bootstrap");
  std::vector<double> means;
  for (int64_t i = 0; i < kResamples; ++i) {
    double drawn = 0;
    for (size_t j = 0; j < scores.size(); ++j) drawn += scores[random.below(scores.size())];
    means.push_back(drawn);
  }
  std::sort(means.begin(), means.end());
  const double scale = 100 / static_cast<double>(scores.size());
  return {scale * means[kResamples / 40], scale * means[kResamples - 1 - kResamples / 40]};
}

std::string tell_failed(const std::vector<Cell>& cells) {
  std::string text;
  for (const Cell& cell : cells) {
    if (cell.failed == 0) continue;
    text += fmt::format("{} on {}{}: {} of {} readings failed and {} not scored\n", cell.model, cell.dataset, cell.length ? fmt::format(" at {} tokens", *cell.length) : "",
                        cell.failed, cell.n + cell.failed, cell.failed == 1 ? "is" : "are");
  }
  return text;
}

std::string code_backends(const std::vector<Cell>& cells) {
  std::set<std::string> names;
  for (const Cell& cell : cells) {
    if (cell.code_backend) names.insert(*cell.code_backend);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

bool is_of_longbench_e(const Cell& cell) {
  return std::any_of(cell.by_length.begin(), cell.by_length.end(), [](const std::optional<double>& score) { return score.has_value(); });
}

std::string cells_to_json(const std::vector<Cell>& cells) {
  std::string text = "[";
  for (const Cell& cell : cells) {
    FieldWriter writer;
    fields(cell, writer);
    text += (text.size() == 1 ? "\n" : ",\n") + writer.json.dump();
  }
  return text + "\n]\n";
}

std::vector<Cell> cells_from_json(const std::string& text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_array()) throw std::runtime_error("results: expected a list of cells in JSON");
  std::vector<Cell> cells;
  for (const Json& item : json) {
    FieldReader reader(item, fmt::format("cell {}", cells.size() + 1));
    fields(cells.emplace_back(), reader);
    reader.refuse_unknown();
  }
  return cells;
}

}  // namespace smooth
